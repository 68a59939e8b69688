//! An upstream on a loopback port that sends fixed replies and records what it receives.

use mockito::ServerGuard;
use serde_json::{json, Value};
use std::sync::{Arc, Mutex};

pub struct Reply {
    status: usize,
    content_type: &'static str,
    body: String,
}

impl Reply {
    pub fn new(content_type: &'static str, body: &str) -> Self {
        Self {
            status: 200,
            content_type,
            body: body.to_string(),
        }
    }

    pub fn json(body: &Value) -> Self {
        Self::new("application/json", &body.to_string())
    }

    pub fn status(self, status: usize) -> Self {
        Self { status, ..self }
    }
}

/// A request that the upstream received.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub body: Value,
    pub upstream: Option<String>,
    pub request_id: Option<String>,
}

impl Received {
    fn of(request: &mockito::Request) -> Self {
        let header = |name| Some(request.header(name).first()?.to_str().ok()?.to_string());
        let body = request.body().expect("expected a whole request");
        Self {
            path: request.path_and_query().to_string(),
            body: serde_json::from_slice(body).expect("expected a request in JSON"),
            upstream: header("x-arch-upstream"),
            request_id: header("x-request-id"),
        }
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

    /// Sends a reply to every POST to a path.
    pub async fn on_post(&mut self, path: &str, reply: Reply) {
        let received = self.received.clone();
        let mock = self.server.mock("POST", path).with_status(reply.status);
        mock.with_header("content-type", reply.content_type)
            .with_body_from_request(move |request| {
                let mut log = received.lock().expect("expected the log of requests");
                log.push(Received::of(request));
                reply.body.clone().into_bytes()
            })
            .create_async()
            .await;
    }

    /// What was received so far, in order.
    pub fn received(&self) -> Vec<Received> {
        let log = self.received.lock().expect("expected the log of requests");
        log.clone()
    }

    /// The one request that was received.
    #[track_caller]
    pub fn only_request(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "expected one request, got {received:?}");
        received.remove(0)
    }
}

/// A chat completion with this text.
pub fn chat_completion(text: &str) -> Value {
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
