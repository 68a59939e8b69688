#[cfg(test)]
mod bedrock_frame_tests;
#[cfg(test)]
mod chat_buffer_tests;
#[cfg(test)]
mod sparse_stream_tests;
#[cfg(test)]
mod stream_tests;
