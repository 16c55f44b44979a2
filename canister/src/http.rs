//! The HTTP interface: `GET` and `HEAD` of `/<item>/<asset>`.
//!
//! Answers carry no certificate yet, and none is promised. A body of more than one chunk is answered piece by
//! piece as 206, one chunk each, which HTTP gateways assemble.

use darkroom_api::{HttpRequest, HttpResponse};
use darkroom_core::id::ItemId;
use darkroom_core::media::MediaType;
use ic_stable_structures::Memory;
use serde_bytes::ByteBuf;

use crate::service::Service;
use crate::store::{AssetRecord, Location};

/// Longer paths name nothing here.
const MAX_URL: usize = 2048;

/// Answers a gateway's request.
pub(crate) fn respond<M: Memory + Clone>(service: &Service<M>, request: &HttpRequest) -> HttpResponse {
    let head = request.method.eq_ignore_ascii_case("HEAD");
    let mut response = if head || request.method.eq_ignore_ascii_case("GET") {
        get(service, request)
    } else {
        let mut response = plain(405, "only GET and HEAD are allowed");
        add(&mut response, "allow", "GET, HEAD");
        response
    };
    add(&mut response, "x-content-type-options", "nosniff");
    add(&mut response, "access-control-allow-origin", "*");
    if head {
        response.body = ByteBuf::new();
    }
    response
}

fn get<M: Memory + Clone>(service: &Service<M>, request: &HttpRequest) -> HttpResponse {
    let path = request.url.split(['?', '#']).next().unwrap_or_default();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let asset = match parts.as_slice() {
        [item, asset] if request.url.len() <= MAX_URL => item
            .parse::<ItemId>()
            .ok()
            .and_then(|id| service.public_item(id))
            .and_then(|item| item.asset(asset).cloned().map(|asset| (asset, item.file_name))),
        _ => None,
    };
    let Some((asset, file_name)) = asset else {
        return plain(404, "there is no such asset");
    };
    let etag = format!("\"{}\"", asset.sha256);
    let mut response = match header(request, "if-none-match") {
        Some(tags) if tags.split(',').any(|tag| matches!(tag.trim(), "*") || tag.trim() == etag) => {
            empty(304)
        }
        _ => body(service, request, &asset, &etag),
    };
    add(&mut response, "accept-ranges", "bytes");
    if [200, 206, 304].contains(&response.status_code) {
        add(&mut response, "etag", &etag);
        // An hour: an item can be deleted.
        add(&mut response, "cache-control", "public, max-age=3600");
    }
    if [200, 206].contains(&response.status_code) {
        add(&mut response, "content-type", asset.media.as_str());
        add(&mut response, "content-disposition", &disposition(&asset, &file_name));
        if !is_picture(&asset.media) {
            add(&mut response, "content-security-policy", "default-src 'none'; sandbox");
        }
    }
    response
}

fn body<M: Memory + Clone>(
    service: &Service<M>,
    request: &HttpRequest,
    asset: &AssetRecord,
    etag: &str,
) -> HttpResponse {
    let range = header(request, "range")
        .filter(|_| header(request, "if-range").is_none_or(|tag| tag == etag))
        .map(|range| parse_range(range, asset.size))
        .filter(|range| !matches!(range, Range::Ignored));
    let (start, end) = match range {
        None | Some(Range::Ignored) if request.method.eq_ignore_ascii_case("HEAD") => {
            let mut response = empty(200);
            add(&mut response, "content-length", &asset.size.to_string());
            return response;
        }
        None | Some(Range::Ignored) => (0, asset.size - 1),
        Some(Range::Bytes(start, end)) => (start, end),
        Some(Range::Unsatisfiable) => {
            let mut response = plain(416, "the range lies outside the asset");
            add(&mut response, "content-range", &format!("bytes */{}", asset.size));
            return response;
        }
    };
    let chunk_size = match &asset.location {
        Location::Inline(_) => asset.size,
        Location::Chunks { chunk_size, .. } => u64::from(*chunk_size),
    };
    // One chunk at the most: what is asked for beyond it is asked for again by the gateway.
    let index = start / chunk_size;
    let end = end.min((index + 1) * chunk_size - 1);
    let chunk = u32::try_from(index).ok().and_then(|index| service.chunk(asset, index).ok());
    let within = |position: u64| usize::try_from(position - index * chunk_size).unwrap_or(usize::MAX);
    let Some(bytes) = chunk.as_ref().and_then(|chunk| chunk.get(within(start)..=within(end))) else {
        return plain(500, "the asset cannot be read");
    };
    let whole = start == 0 && end == asset.size - 1;
    let mut response = empty(if whole && range.is_none() { 200 } else { 206 });
    if response.status_code == 206 {
        add(&mut response, "content-range", &format!("bytes {start}-{end}/{}", asset.size));
    }
    add(&mut response, "content-length", &bytes.len().to_string());
    response.body = ByteBuf::from(bytes);
    response
}

#[derive(Clone, Copy)]
enum Range {
    Bytes(u64, u64),
    Unsatisfiable,
    /// More than one range, or no range of bytes: the whole is sent, as RFC 9110 allows.
    Ignored,
}

fn parse_range(text: &str, size: u64) -> Range {
    let Some((first, last)) = text.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return Range::Ignored;
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok());
    match (first.trim(), last.trim()) {
        ("", suffix) => match number(suffix).flatten() {
            Some(0) => Range::Unsatisfiable,
            Some(length) => Range::Bytes(size.saturating_sub(length), size - 1),
            None => Range::Ignored,
        },
        (first, last) => match (number(first).flatten(), number(last)) {
            (Some(start), Some(_)) if start >= size => Range::Unsatisfiable,
            (Some(start), Some(None)) if last.is_empty() => Range::Bytes(start, size - 1),
            (Some(start), Some(Some(end))) if end >= start => Range::Bytes(start, end.min(size - 1)),
            _ => Range::Ignored,
        },
    }
}

/// Formats that a browser may show on this origin: they cannot carry scripts.
fn is_picture(media: &MediaType) -> bool {
    [MediaType::JPEG, MediaType::PNG, MediaType::WEBP, MediaType::GIF, MediaType::BMP].contains(media)
}

/// The file's name, which for derivatives carries the asset's name; `inline` for pictures only.
fn disposition(asset: &AssetRecord, file_name: &str) -> String {
    let name = if asset.name.as_str() == "original" {
        file_name.to_owned()
    } else {
        let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
        format!("{stem}-{}.{}", asset.name, asset.media.extension())
    };
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._- ()".contains(c) { c } else { '_' })
        .collect();
    let encoded: String = name
        .bytes()
        .map(|b| match b {
            b if b.is_ascii_alphanumeric() || b"._-".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    let kind = if is_picture(&asset.media) { "inline" } else { "attachment" };
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request
        .headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn empty(status_code: u16) -> HttpResponse {
    HttpResponse { status_code, headers: Vec::new(), body: ByteBuf::new(), upgrade: None }
}

fn plain(status_code: u16, text: &str) -> HttpResponse {
    let mut response = empty(status_code);
    add(&mut response, "content-type", "text/plain; charset=utf-8");
    response.body = ByteBuf::from(text.as_bytes());
    response
}

fn add(response: &mut HttpResponse, name: &str, value: &str) {
    response.headers.push((name.to_owned(), value.to_owned()));
}
