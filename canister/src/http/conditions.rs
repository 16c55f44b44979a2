//! Which answer a request for an asset gets: conditions and ranges (RFC 9110, sections 13 and 14).

use darkroom_api::HttpRequest;

use crate::certify::answer::{Answer, Subject, chunk_size, chunks};

/// The answer to a GET or HEAD.
pub(super) fn answer(request: &HttpRequest, subject: &Subject<'_>) -> Answer {
    if is_unchanged(request, subject) {
        return Answer::Unchanged;
    }
    if request.method == "HEAD" {
        return Answer::Head;
    }
    let size = subject.asset.size;
    let range = header(request, "range").filter(|_| is_same(request, subject));
    match range.map(|range| parse_range(range, size)) {
        Some(Range::Unsatisfiable) => Answer::OutOfRange,
        Some(Range::From(start)) => {
            Answer::Part(u32::try_from(start / chunk_size(subject.asset)).unwrap_or(u32::MAX))
        }
        // Gateways fetch what follows the first chunk.
        Some(Range::Ignored) | None if chunks(subject.asset) > 1 => Answer::Part(0),
        Some(Range::Ignored) | None => Answer::Whole,
    }
}

/// Whether the client has it: by its tag, or where it names none by its time.
fn is_unchanged(request: &HttpRequest, subject: &Subject<'_>) -> bool {
    if header(request, "if-none-match").is_some() {
        return has(request, &subject.etag()) == Some(true);
    }
    let Some(since) = header(request, "if-modified-since") else { return false };
    let [since, modified] =
        [since, &subject.last_modified()].map(|date| httpdate::parse_http_date(date).ok());
    since.zip(modified).is_some_and(|(since, modified)| modified <= since)
}

/// Whether the client has what has this tag; nothing where it does not say what it has.
pub(super) fn has(request: &HttpRequest, etag: &str) -> Option<bool> {
    let tags = header(request, "if-none-match")?;
    Some(tags.split(',').map(str::trim).any(|tag| {
        // Weak comparison, as section 13.1.2 has it: a cache may have marked the tag as weak.
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    }))
}

/// Whether a range is of what the client has a part of.
fn is_same(request: &HttpRequest, subject: &Subject<'_>) -> bool {
    header(request, "if-range").is_none_or(|same| same == subject.etag() || same == subject.last_modified())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    From(u64),
    Unsatisfiable,
    /// More than one range, or no range of bytes: the whole is sent, as section 14.2 allows.
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
            Some(length) => Range::From(size.saturating_sub(length)),
            None => Range::Ignored,
        },
        (first, last) => match (number(first).flatten(), number(last)) {
            (Some(start), Some(_)) if start >= size => Range::Unsatisfiable,
            (Some(start), Some(None)) if last.is_empty() => Range::From(start),
            (Some(start), Some(Some(end))) if end >= start => Range::From(start),
            _ => Range::Ignored,
        },
    }
}

/// A header's value.
pub(super) fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let named = |(found, _): &&(String, String)| found.eq_ignore_ascii_case(name);
    request.headers.iter().find(named).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_or_ignored() {
        for (text, expected) in [
            ("bytes=0-", Range::From(0)),
            ("bytes=7-9", Range::From(7)),
            ("bytes= 7 - 99 ", Range::From(7)),
            ("bytes=-3", Range::From(7)),
            ("bytes=-30", Range::From(0)),
            ("bytes=10-", Range::Unsatisfiable),
            ("bytes=-0", Range::Unsatisfiable),
            ("bytes=5-2", Range::Ignored),
            ("bytes=0-1,3-4", Range::Ignored),
            ("bytes=-", Range::Ignored),
            ("bytes=+1-2", Range::Ignored),
            ("bytes=99999999999999999999-", Range::Ignored),
            ("lines=1-2", Range::Ignored),
            ("", Range::Ignored),
        ] {
            assert_eq!(parse_range(text, 10), expected, "{text}");
        }
    }
}
