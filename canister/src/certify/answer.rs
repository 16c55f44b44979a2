//! Every answer on a public path: its status and its headers, all of which are certified.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::time::{Duration, UNIX_EPOCH};

use darkroom_core::media::MediaType;

use super::cors::Cors;
use super::disposition::disposition;
use super::hash::{self, Hash};
use super::known::Header;
use crate::hex;
use crate::store::{AssetRecord, Location};

/// Which form answers have: another status, header or text is another form, and all is certified again by the upgrade
/// that brings it.
pub(crate) const FORM: u32 = 2;

/// An answer is to any request, and all its headers are certified.
pub(crate) const TO_ANY: &str = "default_certification(ValidationArgs{certification:Certification{\
    no_request_certification:Empty{},\
    response_certification:ResponseCertification{response_header_exclusions:ResponseHeaderList{headers:[]}}}})";

/// An answer is to requests of one method, and all its headers are certified.
pub(crate) const TO_METHOD: &str = "default_certification(ValidationArgs{certification:Certification{\
    request_certification:RequestCertification{certified_request_headers:[],certified_query_parameters:[]},\
    response_certification:ResponseCertification{response_header_exclusions:ResponseHeaderList{headers:[]}}}})";

const MISSING_TEXT: &str = "there is nothing here";
const NOT_ALLOWED_TEXT: &str = "only GET and HEAD are allowed";
const OUT_OF_RANGE_TEXT: &str = "the range lies outside the asset";

/// An answer on the path of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 304: what the client has is what there is.
    Unchanged,
    /// 416.
    OutOfRange,
    /// 405.
    NotAllowed,
    /// 200, of an asset of one chunk.
    Whole,
    /// 206: a chunk.
    Part(u32),
    /// 200 to a request for the head.
    Head,
    /// 404, below a token's id, where there are other answers too.
    Missing,
}

/// By what an asset is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Item and name.
    Name,
    /// The SHA-256 of its bytes.
    Content,
    /// A token.
    Token {
        /// What its secret is known by.
        check: Hash,
        /// Which of the trees beside the asset's chunks is its.
        tree: u32,
    },
}

/// An asset at one of its addresses.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) address: Address,
    pub(crate) asset: &'a AssetRecord,
    /// The uploaded file's name.
    pub(crate) file_name: &'a str,
    /// Nanoseconds since 1970.
    pub(crate) published_at: u64,
}

/// Status and headers; names are in lower case and stand once each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Header>,
    /// The body, where it is a text of the canister's own.
    pub(crate) text: Option<&'static str>,
}

/// Headers that are the same in many answers, each made when it is first needed.
#[derive(Default)]
pub(super) struct Texts {
    etag: OnceCell<String>,
    last_modified: OnceCell<String>,
    disposition: OnceCell<Cow<'static, str>>,
}

impl Subject<'_> {
    /// Status and headers of an answer.
    pub(crate) fn head(&self, answer: Answer) -> Head {
        self.head_with(answer, &Texts::default())
    }

    /// Status and headers of one of several answers, which share their texts.
    pub(super) fn head_with(&self, answer: Answer, texts: &Texts) -> Head {
        let etag = || texts.etag.get_or_init(|| self.etag()).clone();
        let last_modified = || texts.last_modified.get_or_init(|| self.last_modified()).clone();
        let size = self.asset.size;
        let mut head = match answer {
            Answer::NotAllowed => return not_allowed(),
            Answer::Missing => return missing(),
            Answer::OutOfRange => {
                let mut head = text(416, OUT_OF_RANGE_TEXT);
                head.add("content-range", format!("bytes */{size}"));
                if let Address::Token { .. } = self.address {
                    head.add("etag", etag());
                    private(&mut head);
                }
                return head;
            }
            Answer::Unchanged => head(304, TO_ANY),
            Answer::Whole => head(200, TO_ANY),
            Answer::Part(index) => {
                let mut head = head(206, TO_ANY);
                head.add("content-range", self.content_range(index));
                head
            }
            Answer::Head => {
                let mut head = head(200, TO_METHOD);
                head.add("content-length", size.to_string());
                head
            }
        };
        head.add("etag", etag());
        match self.address {
            Address::Name => {
                // An hour: an item can be deleted.
                head.add("cache-control", "public, max-age=3600");
                head.add("last-modified", last_modified());
            }
            Address::Content => head.add("cache-control", "public, max-age=31536000, immutable"),
            Address::Token { .. } => {
                private(&mut head);
                head.add("last-modified", last_modified());
            }
        }
        if answer != Answer::Unchanged {
            head.add("accept-ranges", "bytes");
            head.add("content-type", self.asset.media.as_str().to_owned());
            head.add("content-disposition", texts.disposition.get_or_init(|| self.disposition()).clone());
            if !is_picture(&self.asset.media) {
                head.add("content-security-policy", "default-src 'none'; sandbox");
            }
        }
        head
    }

    /// The SHA-256 in quotes: a strong validator. Below a token it is one that follows from its secret too. All answers
    /// there but 404 and 405 have it, so that nobody can tell from their hashes, which are in every proof, whether a guess
    /// of what is private is right.
    pub(crate) fn etag(&self) -> String {
        match self.address {
            Address::Name | Address::Content => format!("\"{}\"", self.asset.sha256),
            Address::Token { check, .. } => {
                let tag = hash::sha256(&[b"darkroom-etag:", &check, &self.asset.sha256.0]);
                format!("\"{}\"", hex::text(&tag))
            }
        }
    }

    /// When the item was published, in whole seconds.
    pub(crate) fn last_modified(&self) -> String {
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_nanos(self.published_at))
    }

    /// What a part is of the whole.
    pub(crate) fn content_range(&self, index: u32) -> String {
        let (chunk, size) = (chunk_size(self.asset), self.asset.size);
        let start = u64::from(index) * chunk;
        format!("bytes {start}-{}/{size}", size.min(start + chunk) - 1)
    }

    fn disposition(&self) -> Cow<'static, str> {
        let kind = if is_picture(&self.asset.media) { "inline" } else { "attachment" };
        match self.address {
            Address::Name | Address::Token { .. } => disposition(kind, self.asset, self.file_name).into(),
            Address::Content => kind.into(),
        }
    }
}

/// 404: the same wherever nothing is that everybody may see.
pub(crate) fn missing() -> Head {
    let mut head = text(404, MISSING_TEXT);
    head.add("cache-control", "no-cache");
    head
}

/// 405.
pub(crate) fn not_allowed() -> Head {
    let mut head = text(405, NOT_ALLOWED_TEXT);
    head.add("allow", "GET, HEAD");
    head
}

/// Kept by nobody, known to no other page, found by no search: the URL is all that it takes.
fn private(head: &mut Head) {
    head.add("cache-control", "private, no-store");
    head.add("referrer-policy", "no-referrer");
    head.add("x-robots-tag", "noindex");
}

fn text(status: u16, text: &'static str) -> Head {
    let mut head = head(status, TO_ANY);
    head.text = Some(text);
    head.add("content-type", "text/plain; charset=utf-8");
    head.add("content-security-policy", "default-src 'none'; sandbox");
    head
}

/// What all answers have.
pub(super) fn head(status: u16, expression: &'static str) -> Head {
    let mut head = Head { status, headers: Vec::with_capacity(12), text: None };
    head.add("ic-certificateexpression", expression);
    head.add("x-content-type-options", "nosniff");
    head.add("access-control-allow-origin", "*");
    head
}

impl Head {
    /// Tells which origin may read it; `*` stands where that was not called.
    pub(crate) fn allow(&mut self, cors: &Cors, variant: usize) {
        for (name, value) in cors.headers(variant) {
            self.headers.retain(|(present, _)| *present != name);
            self.add(name, value);
        }
    }

    pub(super) fn add(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.headers.push((name, value.into()));
    }
}

/// Bytes of each chunk but the last.
pub(crate) fn chunk_size(asset: &AssetRecord) -> u64 {
    match &asset.location {
        Location::Inline(_) => asset.size,
        Location::Chunks { chunk_size, .. } => u64::from(*chunk_size),
    }
}

/// How many chunks an asset has.
pub(crate) fn chunks(asset: &AssetRecord) -> u32 {
    match &asset.location {
        Location::Inline(_) => 1,
        Location::Chunks { count, .. } => *count,
    }
}

/// Formats that a browser may show on this origin: they cannot carry scripts.
pub(crate) fn is_picture(media: &MediaType) -> bool {
    [MediaType::JPEG, MediaType::PNG, MediaType::WEBP, MediaType::GIF, MediaType::BMP].contains(media)
}
