//! The HTTP side of agents. Large bodies go over the line a few at a time.
//!
//! What is on the line when a client ends has to be sent again. If all messages of the window shared a slow line, that
//! would be a part of each of them, and none would arrive before all others are nearly there. So a message begins to be
//! sent when one before it has been; how many wait for their answers is another matter, and the window's.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::{Client, Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most large bodies that are being sent at once: one that ends, one that goes on, one that begins.
const SENDING: usize = 3;
/// Bytes from which on a body waits for its turn.
const LARGE: u64 = 256 * 1024;
/// Bytes that are handed over at once.
const PIECE: usize = 64 * 1024;

/// An HTTP client that sends [`SENDING`] large bodies at once.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    client: Client,
    sending: Arc<Semaphore>,
}

impl Line {
    pub(crate) fn new(client: Client) -> Line {
        Line { client, sending: Arc::new(Semaphore::new(SENDING)) }
    }

    async fn send(self, mut request: Request) -> reqwest::Result<Response> {
        let size = request.body().and_then(|body| body.size_hint().exact()).unwrap_or_default();
        if size >= LARGE
            && let Some(body) = request.body_mut().take()
        {
            // The semaphore is never closed.
            let turn = self.sending.acquire_owned().await.ok();
            *request.body_mut() =
                Some(reqwest::Body::wrap(InPieces { body, rest: Bytes::new(), left: size, turn }));
        }
        self.client.execute(request).await
    }
}

impl tower_service::Service<Request> for &Line {
    type Response = Response;
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = reqwest::Result<Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<reqwest::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin((*self).clone().send(request))
    }
}

/// A body that gives its turn back once all of it was handed over.
struct InPieces {
    body: reqwest::Body,
    /// What came of the body and was not handed over.
    rest: Bytes,
    /// Bytes that were not handed over.
    left: u64,
    turn: Option<OwnedSemaphorePermit>,
}

impl Body for InPieces {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let this = self.get_mut();
        while this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                // A request's body has no trailers.
                Some(Ok(frame)) => this.rest = frame.into_data().unwrap_or_default(),
                end => {
                    this.turn = None;
                    return Poll::Ready(end);
                }
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        this.left = this.left.saturating_sub(piece.len() as u64);
        if this.left == 0 {
            this.turn = None;
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tower_service::Service;

    use super::*;

    /// More than the buffers of a connection hold.
    const SIZE: usize = 32 << 20;

    async fn head(stream: &mut TcpStream) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap().to_lowercase()
    }

    async fn answer(mut stream: TcpStream, size: usize) {
        let mut seen = 0;
        let mut bytes = vec![0; 1 << 16];
        while seen < size {
            seen += stream.read(&mut bytes).await.unwrap();
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
    }

    #[tokio::test]
    async fn a_few_large_bodies_are_sent_at_once_and_small_ones_go_ahead() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let client = Client::builder().no_proxy().build().unwrap();
        let line = Line::new(client.clone());
        let bytes = Bytes::from(vec![7; SIZE]);
        let request = |bytes: Bytes| client.post(&url).body(bytes).build().unwrap();
        let large: Vec<_> = (0..8).map(|_| tokio::spawn((&mut &line).call(request(bytes.clone())))).collect();
        let mut begun = Vec::new();
        for _ in 0..SENDING {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = head(&mut stream).await;
            assert!(head.contains(&format!("content-length: {SIZE}")), "{head}");
            begun.push(stream);
        }
        // Nobody reads, so nobody else may begin, but for one that is small.
        let another = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
        assert!(another.is_err(), "more than {SENDING} are being sent");
        let small = tokio::spawn((&mut &line).call(request(Bytes::from_static(b"small"))));
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(head(&mut stream).await.contains("content-length: 5"));
        answer(stream, 5).await;
        assert!(small.await.unwrap().unwrap().status().is_success());
        // One that is read makes room for one.
        let served = tokio::spawn(async move {
            let read: Vec<_> = begun.into_iter().map(|stream| answer(stream, SIZE)).collect();
            let rest = async {
                for _ in SENDING..8 {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    head(&mut stream).await;
                    answer(stream, SIZE).await;
                }
            };
            tokio::join!(join_all(read), rest);
        });
        for sent in large {
            assert!(sent.await.unwrap().unwrap().status().is_success());
        }
        served.await.unwrap();
    }
}
