//! `/metrics`: what the canister holds and spends, in the text format of Prometheus.

use std::io;

use darkroom_api::HttpRequest;
use ic_metrics_encoder::MetricsEncoder;
use ic_stable_structures::Memory;

use super::{Body, Reply, certificate};
use crate::certify::skip;
use crate::env::Platform;
use crate::operations::Spent;
use crate::service::{Counts, METRICS, Service};

/// What the service does not know.
pub(crate) struct Around {
    /// What the platform says.
    pub(crate) platform: Platform,
    /// Whether a job runs.
    pub(crate) is_running: bool,
    /// What each operation has taken.
    pub(crate) spent: Vec<(&'static str, Spent)>,
}

/// Answers on the path of metrics, whatever is asked.
pub(super) fn respond<M: Memory + Clone>(
    service: &Service<M>,
    request: &HttpRequest,
    certificate: Option<&[u8]>,
    around: &Around,
) -> Reply {
    let answer = |status, kind: &str, text: Vec<u8>| (status, kind.to_owned(), text);
    let is_head = request.method == "HEAD";
    let (status_code, kind, text) = if !is_head && request.method != "GET" {
        answer(405, "text/plain; charset=utf-8", b"only GET and HEAD are allowed".to_vec())
    } else {
        let counts = service.counted().map_err(|error| error.message);
        match counts.and_then(|counts| encode(&counts, around).map_err(|error| error.to_string())) {
            Ok(text) => answer(200, "text/plain; version=0.0.4; charset=utf-8", text),
            Err(message) => answer(500, "text/plain; charset=utf-8", message.into_bytes()),
        }
    };
    let mut headers = vec![
        ("content-type", kind),
        ("cache-control", "no-store".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    if status_code == 405 {
        headers.push(("allow", "GET, HEAD".to_owned()));
    }
    if is_head {
        headers.push(("content-length", text.len().to_string()));
    }
    if let Some(certificate) = certificate {
        let path = ["http_expr", METRICS, "<$>"];
        headers.push(("ic-certificateexpression", skip::EXPRESSION.to_owned()));
        headers.push(("ic-certificate", certificate::header(certificate, &service.prove_metrics(), &path)));
    }
    let body = if is_head { Vec::new() } else { text };
    let mut reply = Reply::new(status_code, Body::Bytes(body.into()));
    headers.into_iter().for_each(|(name, value)| reply.add(name, value));
    reply
}

fn encode(counts: &Counts, around: &Around) -> io::Result<Vec<u8>> {
    let Around { platform, is_running, spent } = around;
    let now = i64::try_from(platform.now / 1_000_000).unwrap_or(i64::MAX);
    let mut encoder = MetricsEncoder::new(Vec::new(), now);

    encoder
        .gauge_vec("darkroom_items", "Items, by whether they are published.")?
        .value(&[("state", "published")], counts.published_items as f64)?
        .value(&[("state", "unpublished")], counts.unpublished_items as f64)?;
    let running = u64::from(*is_running && counts.jobs > 0);
    encoder
        .gauge_vec("darkroom_jobs", "Stages that the canister runs, by whether they wait or run.")?
        .value(&[("state", "queued")], (counts.jobs - running) as f64)?
        .value(&[("state", "running")], running as f64)?;
    for (name, value, help) in [
        ("public_assets", counts.public_assets, "Assets of public items."),
        ("public_contents", counts.public_contents, "Different contents among the assets of public items."),
        ("reserved_bytes", counts.reserved_bytes, "Bytes that assets have and open uploads have declared."),
        ("stored_bytes", counts.stored_bytes, "Bytes of stored chunks."),
        ("free_bytes", counts.free_bytes, "Bytes between stored chunks, for chunks to come."),
        ("chunks", counts.chunks, "Stored chunks."),
        ("open_sessions", counts.open_sessions, "Uploads that are not finished."),
        ("blobs_being_freed", counts.blobs_being_freed, "Deleted assets whose chunks are still to be freed."),
        ("stable_memory_bytes", platform.stable_bytes, "Size of stable memory, which never shrinks."),
        ("heap_memory_bytes", platform.heap_bytes, "Size of the heap, which only an upgrade shrinks."),
    ] {
        encoder.encode_gauge(&format!("darkroom_{name}"), value as f64, help)?;
    }
    for (name, value, help) in [
        ("cycles", platform.cycles, "Cycles that the canister has."),
        ("liquid_cycles", platform.liquid_cycles, "Cycles above the freezing threshold."),
    ] {
        encoder.encode_gauge(&format!("darkroom_{name}"), value as f64, help)?;
    }
    let help = "Messages that executed an operation to its end; from 0 after each upgrade.";
    let mut calls = encoder.counter_vec("darkroom_operation_calls_total", help)?;
    for (name, spent) in spent {
        calls = calls.value(&[("operation", name)], spent.calls as f64)?;
    }
    let help = "Instructions of these messages until the operation's end; from 0 after each upgrade.";
    let mut instructions = encoder.counter_vec("darkroom_operation_instructions_total", help)?;
    for (name, spent) in spent {
        instructions = instructions.value(&[("operation", name)], spent.instructions as f64)?;
    }
    Ok(encoder.into_inner())
}
