//! A filter that greets: the configuration is the greeting, put in front of each body.

use log::info;
use proxy_wasm::hostcalls::{define_metric, get_current_time, increment_metric, record_metric};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, MetricType};
use std::time::{Duration, UNIX_EPOCH};

pub struct FilterContext {
    greeting: String,
}

impl FilterContext {
    pub fn new() -> Self {
        FilterContext {
            greeting: String::new(),
        }
    }
}

impl Context for FilterContext {}

impl RootContext for FilterContext {
    fn on_configure(&mut self, _: usize) -> bool {
        let Some(configuration) = self.get_plugin_configuration() else {
            return false;
        };
        self.greeting = String::from_utf8_lossy(&configuration).into_owned();
        self.set_tick_period(Duration::from_secs(1));
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Greeter {
            greeting: self.greeting.clone(),
            greeted: define_metric(MetricType::Counter, "greeted").expect("a counter"),
            started: define_metric(MetricType::Histogram, "started").expect("a histogram"),
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Greeter {
    greeting: String,
    greeted: u32,
    started: u32,
}

impl Context for Greeter {}

impl HttpContext for Greeter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if self.get_http_request_header("X-Name").is_none() {
            self.send_http_response(401, vec![("x-why", "name")], Some(b"who are you?"));
            return Action::Pause;
        }
        self.add_http_request_header("X-Greeting", &self.greeting);
        self.set_http_request_header("x-name", Some("known"));
        self.set_http_request_header("content-length", None);
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !end_of_stream {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        let greeting = serde_json::json!({ "said": format!("{}, {text}", self.greeting) });
        self.set_http_request_body(0, size, greeting.to_string().as_bytes());
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.set_property(vec!["greeting"], Some(self.greeting.as_bytes()));
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, _: bool) -> Action {
        let now = get_current_time().expect("the host has a clock");
        let since = now
            .duration_since(UNIX_EPOCH)
            .expect("it is later than 1970");
        record_metric(self.started, since.as_secs()).expect("the histogram is there");
        increment_metric(self.greeted, 1).expect("the counter is there");
        info!("greeted {size} bytes");
        Action::Continue
    }
}
