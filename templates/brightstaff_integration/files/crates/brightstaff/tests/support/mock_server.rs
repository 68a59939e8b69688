//! An upstream on a loopback port that sends fixed replies and records what it receives.

use mockito::ServerGuard;
use serde_json::Value;
use std::sync::{Arc, Mutex};

pub struct Reply {
    content_type: &'static str,
    body: String,
}

impl Reply {
    pub fn new(content_type: &'static str, body: &str) -> Self {
        Self {
            content_type,
            body: body.to_string(),
        }
    }

    pub fn json(body: &Value) -> Self {
        Self::new("application/json", &body.to_string())
    }
}

/// A request that the upstream received.
#[derive(Clone, Debug)]
pub struct Received {
    /// JSON, else the text of the body.
    pub body: Value,
    pub upstream: Option<String>,
    pub provider: Option<String>,
    pub request_id: Option<String>,
}

impl Received {
    fn of(request: &mockito::Request) -> Self {
        let header = |name| Some(request.header(name).first()?.to_str().ok()?.to_string());
        let body = request.body().expect("expected a whole request");
        let text = || Value::from(String::from_utf8_lossy(body));
        Self {
            body: serde_json::from_slice(body).unwrap_or_else(|_| text()),
            upstream: header("x-arch-upstream"),
            provider: header("x-arch-llm-provider-hint"),
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
        let mock = self.server.mock("POST", path);
        mock.with_header("content-type", reply.content_type)
            .with_body_from_request(move |request| {
                let request = Received::of(request);
                let mut log = received.lock().expect("expected the log of requests");
                log.push(request);
                reply.body.clone().into_bytes()
            })
            .create_async()
            .await;
    }

    /// What was received at the paths of `on_post`, in order.
    pub fn received(&self) -> Vec<Received> {
        let log = self.received.lock().expect("expected the log of requests");
        log.clone()
    }

    /// The one request that was received at the paths of `on_post`.
    #[track_caller]
    pub fn only_request(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "expected one request, got {received:?}");
        received.remove(0)
    }
}
