//! The paths of the three APIs, and requests to them.

use serde_json::{json, Value};

pub const CHAT: &str = "/v1/chat/completions";
pub const MESSAGES: &str = "/v1/messages";
pub const RESPONSES: &str = "/v1/responses";

pub fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

/// A chat completions request with one message.
pub fn chat_request(model: &str) -> Value {
    json!({"model": model, "messages": [user("What is the weather?")]})
}

/// A request that says "Hello" in each API of the client, with its path.
pub fn request_of_each_api(model: &str) -> [(&'static str, Value); 3] {
    let messages = json!([user("Hello")]);
    [
        (CHAT, json!({"model": model, "messages": messages})),
        (
            MESSAGES,
            json!({"model": model, "max_tokens": 9, "messages": messages}),
        ),
        (RESPONSES, json!({"model": model, "input": "Hello"})),
    ]
}
