//! What the host of the row `llm_gateway` must be able to do, whatever version the SDK has.

use crate::test_host::{start, with_host, Stream};
use proxy_wasm::types::Action;
use serde_json::{json, Value};
use std::time::{Duration, UNIX_EPOCH};

fn opened(headers: &[(&str, &str)]) -> Stream {
    let mut stream = Stream::open(&start("Hello"));
    stream.request_headers("/", headers);
    stream
}

fn named() -> Stream {
    opened(&[("x-name", "Ada"), ("content-length", "3")])
}

#[test]
fn headers_are_read_added_replaced_and_removed() {
    let stream = named();

    assert_eq!(stream.header("x-greeting"), ["Hello"]);
    assert_eq!(stream.header("x-name"), ["known"]);
    assert_eq!(stream.header("content-length"), [""; 0]);
}

#[test]
fn local_reply_is_kept_with_its_status_and_body() {
    let stream = opened(&[]);

    let reply = Some((401, "who are you?".to_string()));
    assert_eq!(stream.exchange.reply, reply);
}

#[test]
#[should_panic(expected = "expected no body after a local reply")]
fn body_after_a_local_reply_is_refused() {
    opened(&[]).request_body(b"Ada", true);
}

#[test]
#[should_panic(expected = "unexpected status")]
fn second_local_reply_is_refused() {
    let mut stream = opened(&[]);
    stream.call(|filter| filter.on_http_request_headers(0, false));
}

#[test]
#[should_panic(expected = "unexpected status")]
fn change_of_headers_that_have_left_is_refused() {
    let mut stream = named();
    stream.call(|filter| filter.on_http_request_headers(0, false));
}

#[test]
fn body_piles_up_while_the_filter_pauses_and_is_replaced() {
    let mut stream = named();

    assert_eq!(stream.request_body(b"A", false), Action::Pause);
    assert_eq!(stream.request_body(b"da", true), Action::Continue);

    let sent: Value = serde_json::from_slice(&stream.exchange.request.sent).expect("JSON");
    assert_eq!(sent, json!({"said": "Hello, Ada"}));
}

#[test]
fn metrics_logs_and_the_clock_are_the_hosts() {
    let mut stream = named();
    with_host(|host| host.now = Some(UNIX_EPOCH + Duration::from_secs(7)));
    stream.exchange.response.body = b"Hi".to_vec();

    stream.call(|filter| filter.on_http_response_headers(0, false));
    stream.call(|filter| filter.on_http_response_body(2, true));

    with_host(|host| {
        assert_eq!(host.metrics, ["greeted", "started"]);
        assert_eq!(host.recorded, [(1, 7), (0, 1)]);
        assert_eq!(host.log.last().map(String::as_str), Some("Info greeted 2 bytes"));
    });
}
