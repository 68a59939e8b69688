use filter_context::FilterContext;
use proxy_wasm::traits::RootContext;
use proxy_wasm::types::LogLevel;

mod filter_context;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(FilterContext::new()) });
}}

#[cfg(test)]
mod host_tests;
#[cfg(test)]
mod test_host;
