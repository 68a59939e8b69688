//! Answers of a server of the Model Context Protocol.

use super::upstream::Answer;
use serde_json::{json, Value};

/// An event stream with this text.
pub fn events(text: &str) -> Answer {
    let headers = [("content-type", "text/event-stream")];
    Answer::new(200, &headers, text.to_string())
}

/// A JSON-RPC response with this result, as one event.
pub fn result(result: &Value) -> Answer {
    let message = json!({"jsonrpc": "2.0", "id": "1", "result": result});
    events(&format!("event: message\ndata: {message}\n\n"))
}

/// The result of a tool with these messages.
pub fn messages(messages: &Value) -> Answer {
    result(&json!({"structuredContent": {"result": messages}}))
}

/// The answers to the two requests that open a session.
pub fn session(id: &str) -> Vec<Answer> {
    let message = json!({"jsonrpc": "2.0", "id": "1", "result": {}});
    let body = format!("event: message\ndata: {message}\n\n");
    let headers = [
        ("content-type", "text/event-stream"),
        ("mcp-session-id", id),
    ];
    vec![Answer::new(200, &headers, body), Answer::new(202, &[], "")]
}
