#[cfg(test)]
mod to_anthropic_streaming_tests;
#[cfg(test)]
mod to_openai_streaming_tests;
#[cfg(test)]
mod to_responses_tests;
