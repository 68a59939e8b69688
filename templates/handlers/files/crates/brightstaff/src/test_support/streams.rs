//! Answers of an upstream that come in chunks or not at all.

use super::upstream::Answer;
use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use tokio::net::TcpSocket;
use tokio::sync::mpsc::{unbounded_channel, UnboundedSender};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_stream::StreamExt;

/// The chunks of a stream, sent one by one; the stream ends when this is dropped.
pub struct Chunks(UnboundedSender<io::Result<Bytes>>);

impl Chunks {
    pub fn send(&self, text: &'static str) {
        let sent = self.0.send(Ok(Bytes::from(text)));
        sent.expect("expected an upstream that reads chunks");
    }

    /// Closes the connection in the middle of the body.
    pub fn cut(self) {
        let sent = self.0.send(Err(io::Error::other("cut")));
        sent.expect("expected an upstream that reads chunks");
    }

    /// Returns once the upstream has lost its client.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

impl Answer {
    /// A stream of events, and its chunks.
    pub fn stream() -> (Self, Chunks) {
        Self::in_chunks(&[("content-type", "text/event-stream")])
    }

    /// Half of a body whose length was announced.
    pub fn cut_short() -> Self {
        let half = tokio_stream::once(Ok(Frame::data(Bytes::from("{\"id\""))));
        // The half is sent while the end is not ready.
        let cut = futures::stream::once(async {
            tokio::task::yield_now().await;
            Err(io::Error::other("cut"))
        });
        let body = StreamBody::new(futures::StreamExt::chain(half, cut)).boxed();
        Self::with_body(200, &[("content-length", "99")], body)
    }

    /// Closes the connection without an answer.
    pub fn none() -> Self {
        Self(None)
    }

    /// A body without an announced length, and its chunks.
    pub fn in_chunks(headers: &[(&str, &str)]) -> (Self, Chunks) {
        let (sender, chunks) = unbounded_channel();
        let frames = UnboundedReceiverStream::new(chunks);
        let frames = frames.map(|chunk: io::Result<Bytes>| chunk.map(Frame::data));
        let body = StreamBody::new(frames).boxed();
        (Self::with_body(200, headers, body), Chunks(sender))
    }
}

/// An address without a server. Its port stays taken, so that no other test gets it.
pub fn nobody() -> String {
    static TAKEN: OnceLock<TcpSocket> = OnceLock::new();
    let socket = TAKEN.get_or_init(|| {
        let socket = TcpSocket::new_v4().expect("expected a socket");
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(address).expect("expected a free loopback port");
        socket
    });
    format!(
        "http://{}",
        socket.local_addr().expect("expected an address")
    )
}
