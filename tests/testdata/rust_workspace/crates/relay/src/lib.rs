//! Answers requests with their own bodies, folded.

use http::{Request, Response, StatusCode};

/// The answer to a request: its body in pieces of the width that the header `x-width` names.
pub fn answer(request: &Request<String>) -> Response<String> {
    let width = request
        .headers()
        .get("x-width")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    match width {
        Some(width) => reply(StatusCode::OK, fold::fold(request.body(), width).join("\n")),
        None => reply(StatusCode::BAD_REQUEST, "x-width is missing".to_string()),
    }
}

fn reply(status: StatusCode, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}
