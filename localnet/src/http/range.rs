//! Assembling a whole response from a canister that answers in ranges.

use super::ask::{HttpRequest, ask};
use super::gateway::Target;
use crate::net::Instance;
use axum::body::Bytes;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// `Content-Range: bytes START-END/TOTAL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) start: u64,
    /// Last byte, inclusive.
    pub(super) end: u64,
    pub(super) total: u64,
}

/// The range that a response says it is.
pub(super) fn content_range(headers: &[(String, String)]) -> Option<ContentRange> {
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-range"))?;
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let range = ContentRange {
        start: start.trim().parse().ok()?,
        end: end.trim().parse().ok()?,
        total: total.trim().parse().ok()?,
    };
    (range.start <= range.end && range.end < range.total).then_some(range)
}

/// Sends the first part and then every following one, in order. A part that does not fit or does not verify ends the
/// body early, which the client notices by its length.
pub(super) async fn follow(
    instance: Arc<Instance>,
    target: Target,
    request: HttpRequest,
    first: Bytes,
    range: ContentRange,
    send: Sender<Result<Bytes, io::Error>>,
) {
    let mut next = range.end + 1;
    let fits = first.len() as u64 == next;
    if !fits {
        let _ = send.send(Err(io::Error::other("the first part does not have the bytes it says"))).await;
        return;
    }
    if send.send(Ok(first)).await.is_err() {
        return;
    }
    while next < range.total {
        match part(&instance, target, &request, next, range.total).await {
            Ok(bytes) => {
                next += bytes.len() as u64;
                if send.send(Ok(bytes)).await.is_err() {
                    return;
                }
            }
            Err(e) => {
                let _ = send.send(Err(e)).await;
                return;
            }
        }
    }
}

async fn part(
    instance: &Arc<Instance>,
    target: Target,
    request: &HttpRequest,
    start: u64,
    total: u64,
) -> Result<Bytes, io::Error> {
    let mut request = request.clone();
    request.headers.push(("range".into(), format!("bytes={start}-")));
    let response = ask(instance, target, &request)
        .await
        .map_err(|response| io::Error::other(format!("the canister failed: status {}", response.status())))?;
    let range = content_range(&response.headers);
    let length = response.body.len() as u64;
    match range {
        Some(r)
            if response.status_code == 206
                && response.strategy.is_none()
                && r.start == start
                && r.total == total
                && r.end + 1 - start == length =>
        {
            Ok(Bytes::from(response.body.into_vec()))
        }
        _ => Err(io::Error::other(format!(
            "the canister answered {} to a request for bytes={start}-",
            response.status_code
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_content_ranges() {
        let headers = |value: &str| vec![("Content-Range".to_owned(), value.to_owned())];
        let range = |start, end, total| Some(ContentRange { start, end, total });
        assert_eq!(content_range(&headers("bytes 0-9/20")), range(0, 9, 20));
        for bad in ["bytes 9-0/20", "bytes 0-20/20", "bytes */20", "items 0-1/2", "bytes 0-x/3", ""] {
            assert_eq!(content_range(&headers(bad)), None, "{bad}");
        }
    }
}
