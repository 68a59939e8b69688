//! An upstream on a loopback port: it gives one answer after the other and keeps the requests.

use super::within_deadline;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, Once};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver};

type Reply = Response<BoxBody<Bytes, io::Error>>;

/// What the upstream does with one request; without a reply it closes the connection.
pub struct Answer(pub(super) Option<Reply>);

impl Answer {
    pub fn new(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Self {
        let body = Full::new(body.into()).map_err(|never| match never {});
        Self::with_body(status, headers, body.boxed())
    }

    pub fn json(body: &Value) -> Self {
        let headers = [("content-type", "application/json")];
        Self::new(200, &headers, body.to_string())
    }

    pub(super) fn with_body(
        status: u16,
        headers: &[(&str, &str)],
        body: BoxBody<Bytes, io::Error>,
    ) -> Self {
        let mut reply = Response::builder().status(status);
        for (name, value) in headers {
            reply = reply.header(*name, *value);
        }
        Self(Some(reply.body(body).expect("expected a valid answer")))
    }
}

/// One request as the upstream read it.
#[derive(Debug)]
pub struct Received(Request<Bytes>);

impl Received {
    pub fn path(&self) -> &str {
        self.0.uri().path()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let values = Vec::from_iter(self.0.headers().get_all(name));
        assert!(values.len() < 2, "expected one {name}, got {values:?}");
        values.first()?.to_str().ok()
    }

    pub fn assert_headers(&self, expected: &[(&str, &str)]) {
        for (name, value) in expected {
            assert_eq!(self.header(name), Some(*value), "header {name}");
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.0.body()).into_owned()
    }

    pub fn json(&self) -> Value {
        let body = self.text();
        serde_json::from_str(&body)
            .unwrap_or_else(|error| panic!("expected JSON, got {error} in {body}"))
    }
}

pub struct Upstream {
    address: SocketAddr,
    requests: UnboundedReceiver<Received>,
}

impl Upstream {
    /// Answers its first requests in this order, and no request after them.
    pub async fn start(answers: Vec<Answer>) -> Self {
        prepare_http_clients();
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("expected a free loopback port");
        let address = listener.local_addr().expect("expected an address");
        let (sender, requests) = unbounded_channel();
        tokio::spawn(async move {
            for Answer(reply) in answers {
                let (stream, _) = listener.accept().await.expect("expected a connection");
                let reply = Mutex::new(reply);
                let service = service_fn(|request| {
                    let reply = reply.lock().expect("expected one request").take();
                    let sender = sender.clone();
                    async move {
                        sender.send(read(request).await?).ok();
                        reply.ok_or_else(|| io::Error::other("no answer"))
                    }
                });
                let mut server = http1::Builder::new();
                let connection = server.keep_alive(false);
                let served = connection.serve_connection(TokioIo::new(stream), service);
                // A client that goes away is for the test to notice.
                served.await.ok();
            }
        });
        Self { address, requests }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request that the upstream has read.
    pub async fn request(&mut self) -> Received {
        within_deadline("a request to the upstream", self.requests.recv())
            .await
            .expect("expected a request to the upstream")
    }

    /// How many requests were read and not yet looked at. Those without an answer are not read, so
    /// a test that expects no further request has an answer to spare.
    pub fn unread_requests(&self) -> usize {
        self.requests.len()
    }
}

async fn read(request: Request<Incoming>) -> io::Result<Received> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?;
    Ok(Received(Request::from_parts(head, body.to_bytes())))
}

/// The handlers make their own HTTP clients, which read the environment. Loopback needs no proxy
/// and no certificates, and reading those takes each client 0.1 s in a debug build.
pub fn prepare_http_clients() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::env::set_var("NO_PROXY", "127.0.0.1");
        std::env::set_var("no_proxy", "127.0.0.1");
        std::env::set_var("SSL_CERT_FILE", "/dev/null");
    });
}
