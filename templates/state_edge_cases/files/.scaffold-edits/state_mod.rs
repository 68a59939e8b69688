#[cfg(test)]
mod connection_tests;
#[cfg(test)]
mod memory_tests;
#[cfg(test)]
mod postgresql_tests;
#[cfg(test)]
mod response_chunk_tests;
#[cfg(test)]
mod response_state_tests;
#[cfg(test)]
mod storage_cases;
#[cfg(test)]
mod test_database;
#[cfg(test)]
mod test_responses;
