//! Answers of a server of the Model Context Protocol. Their id is not that of the request, since
//! the gateway does not compare the two.

use super::upstream::Answer;
use serde_json::{json, Value};

/// An event stream with this text.
pub fn events(text: &str) -> Answer {
    let headers = [("content-type", "text/event-stream")];
    Answer::new(200, &headers, text.to_string())
}

/// A JSON-RPC response with this result, as one event.
fn response(result: &Value) -> String {
    let message = json!({"jsonrpc": "2.0", "id": "1", "result": result});
    format!("event: message\ndata: {message}\n\n")
}

pub fn result(result: &Value) -> Answer {
    events(&response(result))
}

/// The result of a tool with these messages.
pub fn messages(messages: &Value) -> Answer {
    result(&json!({"structuredContent": {"result": messages}}))
}

/// The answers to the two requests that open a session.
pub fn session(id: &str) -> Vec<Answer> {
    let headers = [
        ("content-type", "text/event-stream"),
        ("mcp-session-id", id),
    ];
    let opened = Answer::new(200, &headers, response(&json!({})));
    vec![opened, Answer::new(202, &[], "")]
}
