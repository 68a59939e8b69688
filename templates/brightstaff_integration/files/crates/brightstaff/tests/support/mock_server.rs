//! An upstream on a loopback port that answers as a test tells it, and keeps what it was asked.

use mockito::ServerGuard;
use serde_json::{json, Value};
use std::sync::{Arc, Mutex};

/// What an upstream answers.
pub struct Reply {
    status: usize,
    content_type: &'static str,
    body: String,
}

impl Reply {
    pub fn json(body: &Value) -> Self {
        Self {
            content_type: "application/json",
            ..Self::text(&body.to_string())
        }
    }

    /// A whole event stream.
    pub fn events(stream: &str) -> Self {
        Self {
            content_type: "text/event-stream",
            ..Self::text(stream)
        }
    }

    pub fn text(body: &str) -> Self {
        Self {
            status: 200,
            content_type: "text/plain",
            body: body.to_string(),
        }
    }

    pub fn status(self, status: usize) -> Self {
        Self { status, ..self }
    }
}

/// A request as the upstream got it.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub body: String,
    upstream: Option<String>,
    request_id: Option<String>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        match name {
            "x-arch-upstream" => self.upstream.as_deref(),
            "x-request-id" => self.request_id.as_deref(),
            _ => panic!("{name} is not noted"),
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("the request is no JSON: {error}: {}", self.body))
    }
}

pub struct MockUpstream {
    server: ServerGuard,
    received: Arc<Mutex<Vec<Received>>>,
}

impl MockUpstream {
    pub async fn start() -> Self {
        Self {
            server: mockito::Server::new_async().await,
            received: Arc::default(),
        }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Answers every POST to a path.
    pub async fn on_post(&mut self, path: &str, reply: Reply) -> &mut Self {
        let received = self.received.clone();
        self.server
            .mock("POST", path)
            .with_status(reply.status)
            .with_header("content-type", reply.content_type)
            .with_body_from_request(move |request| {
                let mut log = received.lock().expect("nobody panicked in here");
                log.push(noted(request));
                reply.body.clone().into_bytes()
            })
            .create_async()
            .await;
        self
    }

    /// What was answered so far, in order.
    pub fn received(&self) -> Vec<Received> {
        let log = self.received.lock().expect("nobody panicked in here");
        log.clone()
    }

    /// The one request that was answered.
    #[track_caller]
    pub fn only_request(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "one request is expected: {received:?}");
        received.remove(0)
    }
}

fn noted(request: &mockito::Request) -> Received {
    let header = |name| {
        let value = request.header(name).first()?.to_str();
        Some(value.expect("a header is text").to_string())
    };
    let body = request.utf8_lossy_body();
    let body = body.expect("the server reads a request before it answers");
    Received {
        path: request.path_and_query().to_string(),
        body: body.into_owned(),
        upstream: header("x-arch-upstream"),
        request_id: header("x-request-id"),
    }
}

/// An answer of OpenAI's chat completions.
pub fn chat_answer(text: &str) -> Value {
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-4o",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    })
}

/// A whole streamed chat that says these pieces.
pub fn chat_stream(pieces: &[&str]) -> String {
    let mut stream = String::new();
    for piece in pieces {
        let chunk = json!({
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": "gpt-4o",
            "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": null}],
        });
        stream.push_str(&format!("data: {chunk}\n\n"));
    }
    stream + "data: [DONE]\n\n"
}
