#[cfg(test)]
mod test_streams;
