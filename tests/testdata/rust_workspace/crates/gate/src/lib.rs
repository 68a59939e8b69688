//! A filter that lets requests with a key through.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Gate) });
}}

struct Gate;

impl Context for Gate {}

impl HttpContext for Gate {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if is_open(self.get_http_request_header("x-key").as_deref()) {
            return Action::Continue;
        }
        self.send_http_response(401, vec![], Some(b"x-key is missing"));
        Action::Pause
    }
}

fn is_open(key: Option<&str>) -> bool {
    key.is_some_and(|key| !key.is_empty())
}
