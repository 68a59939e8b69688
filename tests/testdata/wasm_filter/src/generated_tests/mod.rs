//! What the host of the row `llm_gateway` must be able to do, whatever version the SDK has.

mod host;

use host::{Filter, Stream};
use proxy_wasm::types::{Action, LogLevel};
use serde_json::json;
use std::time::{Duration, UNIX_EPOCH};

fn greeter() -> Filter {
    let filter = Filter::start();
    assert!(filter.configure(b"Hello"));
    filter
}

fn opened(filter: &Filter) -> Stream {
    let stream = filter.open_stream();
    let action = stream.request_headers(&[("x-name", "Ada"), ("content-length", "3")]);
    assert_eq!(action, Action::Continue);
    stream
}

#[test]
fn headers_are_asked_for_added_replaced_and_removed() {
    let stream = opened(&greeter());

    assert_eq!(stream.request_header("x-greeting"), ["Hello"]);
    assert_eq!(stream.request_header("x-name"), ["known"]);
    assert!(stream.request_header("content-length").is_empty());
    assert_eq!(host::calls_of("proxy_get_header_map_value"), 1);
}

#[test]
fn a_local_response_is_kept_with_its_status_and_body() {
    let stream = greeter().open_stream();

    assert_eq!(stream.request_headers(&[]), Action::Pause);

    let response = stream.local_response().expect("the filter answers");
    assert_eq!(
        (response.status, response.body.as_str()),
        (401, "who are you?")
    );
    assert_eq!(stream.client_status(), Some(401));
}

#[test]
fn a_body_piles_up_while_the_filter_pauses_and_is_replaced() {
    let stream = opened(&greeter());

    assert_eq!(stream.request_body(b"A", false), Action::Pause);
    assert_eq!(stream.request_body(b"da", true), Action::Continue);

    assert_eq!(stream.sent_upstream(), json!({"said": "Hello, Ada"}));
}

#[test]
fn metrics_logs_and_the_clock_are_the_hosts() {
    let stream = opened(&greeter());
    host::set_clock(UNIX_EPOCH + Duration::from_secs(7));

    stream.response_headers(&[(":status", "200")]);
    stream.response_body(b"Hi", true);

    assert_eq!(stream.sent_to_client(), "Hi");
    assert_eq!(host::records("started"), [7]);
    assert_eq!(host::metric_value("greeted"), 1);
    assert_eq!(host::logged(LogLevel::Info, "greeted 2 bytes").len(), 1);
    assert!(stream.close());
}

#[test]
fn a_tick_makes_an_http_call() {
    let filter = greeter();

    filter.tick();

    host::with(|host| {
        assert_eq!(host.tick_period, Some(Duration::from_secs(1)));
        assert_eq!(host.http_calls[0].upstream, "names");
        assert_eq!(host.http_calls[0].timeout, Duration::from_secs(5));
    });
}

#[test]
fn the_filter_runs_as_plain_rust_as_well() {
    let filter = Filter::in_process();
    assert!(filter.configure(b"Hello"));

    let stream = opened(&filter);

    assert_eq!(stream.request_header("x-greeting"), ["Hello"]);
}
