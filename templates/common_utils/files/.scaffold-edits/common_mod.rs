#[cfg(test)]
mod routing_tests;
#[cfg(test)]
mod http_tests;
