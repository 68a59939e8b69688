//! Responses that are errors.

use super::gateway::text;
use serde_json::Value;

pub fn assert_error(response: &reqwest::Response) {
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    assert!(failed, "expected an error, got {status}");
}

/// The message of a response that is an error, whether it comes as an object of the API or alone.
pub async fn message(response: reqwest::Response) -> String {
    assert_error(&response);
    let body = text(response).await;
    let Ok(document) = serde_json::from_str::<Value>(&body) else {
        return body;
    };
    let error = &document["error"];
    let message = error["details"].get("reason").unwrap_or(&error["message"]);
    message.as_str().map_or(body, str::to_string)
}
