//! What the processors make of broken and malicious images, and what they take for it.

use candid::CandidType;
use darkroom_codec::{CODECS, testing};
use darkroom_core::Digest;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::processor::{Descriptor, RawParams};
use darkroom_core::source::Source;
use serde::Deserialize;

use crate::goldens::SUITES;
use crate::instructions;

/// A stage's outcome: the code of its error, or the SHA-256 of what it made. Instructions: what decoding and processing
/// are estimated at, nothing where the header is refused, and what both took.
#[derive(CandidType, Deserialize)]
pub(crate) struct Tried {
    outcome: String,
    estimated: Option<u64>,
    taken: u64,
}

/// Runs a suite's processor on a file.
#[ic_cdk::update]
fn tried(suite: u32, media: String, bytes: serde_bytes::ByteBuf) -> Result<Tried, String> {
    let processor = SUITES.get(suite as usize).ok_or("there is no such suite")?.processor;
    let media = MediaType::parse(&media).map_err(|error| error.to_string())?;
    let estimated = estimate(processor, &media, &bytes).ok();
    let before = instructions();
    let outcome = outcome(processor, &media, &bytes);
    Ok(Tried { outcome, estimated, taken: instructions() - before })
}

fn estimate(processor: &Descriptor, media: &MediaType, bytes: &[u8]) -> darkroom_core::Result<u64> {
    let params = RawParams::new();
    let source = Source::new(bytes, media.clone(), &CODECS, DecodeLimits::default());
    let full = source.size()?;
    let source = source.with_requests(processor.request(full, &params)?);
    let plan = source.plan()?;
    let at = plan.decoded.first().copied().unwrap_or(full);
    let work = processor.cost(full, at, &params)?.unwrap_or_default();
    Ok(plan.cost.instructions + work.instructions)
}

fn outcome(processor: &Descriptor, media: &MediaType, bytes: &[u8]) -> String {
    let source = Source::new(bytes, media.clone(), &CODECS, DecodeLimits::default());
    match processor.process(&source, &RawParams::new()) {
        Ok(made) => Digest::of(&made.bytes).to_string(),
        Err(error) => error.code().to_owned(),
    }
}

/// Runs all processors on the cuts of a file, from one of its lengths on: for each cut the SHA-256 of their outcomes, one
/// a line. As many as fit into a message.
#[ic_cdk::update]
fn cuts(file: u32, from: u32) -> Result<Vec<String>, String> {
    const ENOUGH: u64 = 5_000_000_000;
    let all = testing::cuts();
    let cut = all.get(file as usize).ok_or("there is no such file")?;
    let mut outcomes = Vec::new();
    for length in cut.lengths.iter().skip(from as usize) {
        let bytes = &cut.whole.bytes[..*length];
        let each = SUITES.iter().map(|suite| outcome(suite.processor, &cut.whole.media, bytes) + "\n");
        outcomes.push(Digest::of(each.collect::<String>().as_bytes()).to_string());
        if instructions() > ENOUGH {
            break;
        }
    }
    Ok(outcomes)
}
