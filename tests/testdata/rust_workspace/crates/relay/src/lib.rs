//! Answers requests with their own bodies, folded.

use std::convert::Infallible;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::{Request, Response, StatusCode};

/// The answer to a request: its body in pieces of the width that the header `x-width` names.
pub async fn answer<B: Body>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let Some(width) = width_of(&request) else {
        return Ok(reply(StatusCode::BAD_REQUEST, "x-width is missing"));
    };
    let Ok(body) = request.into_body().collect().await else {
        return Ok(reply(StatusCode::BAD_REQUEST, "the body broke off"));
    };
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let pieces = fold::fold(&body, width);
    Ok(reply(StatusCode::OK, &pieces.join("\n")))
}

fn width_of<B>(request: &Request<B>) -> Option<usize> {
    let width = request.headers().get("x-width")?;
    width.to_str().ok()?.parse().ok()
}

fn reply(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response
}
