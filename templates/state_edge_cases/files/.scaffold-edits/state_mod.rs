#[cfg(test)]
mod generated_tests;
