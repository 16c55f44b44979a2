//! What decoding and processing were estimated at, and what they took.

use candid::CandidType;
use darkroom_codec::CODECS;
use darkroom_core::cost::Cost;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::processor::parse_params;
use darkroom_core::source::Source;
use serde::Deserialize;

use crate::goldens::SUITES;
use crate::instructions;

/// Instructions.
#[derive(CandidType, Deserialize)]
pub(crate) struct Estimates {
    decode: u64,
    decode_taken: u64,
    process: u64,
    process_taken: u64,
}

/// Runs a suite's processor with such params on a file, decoded apart.
#[ic_cdk::update]
fn estimates(
    suite: u32,
    media: String,
    bytes: serde_bytes::ByteBuf,
    params: String,
) -> Result<Estimates, String> {
    let processor = SUITES.get(suite as usize).ok_or("there is no such suite")?.processor;
    let text = |error: darkroom_core::Error| error.to_string();
    let params = parse_params(processor.id(), Some(&params)).map_err(text)?;
    let media = MediaType::parse(&media).map_err(text)?;
    let source = || Source::new(&bytes, media.clone(), &CODECS, DecodeLimits::default());
    let full = source().size().map_err(text)?;
    let request = processor.request(full, &params).map_err(text)?;
    let source = source().with_requests(request);
    let plan = source.plan().map_err(text)?;
    let decoded_at = plan.decoded.first().copied().unwrap_or(full);
    let cost = processor.cost(full, decoded_at, &params).map_err(text)?;
    let Cost { instructions, .. } = cost.ok_or("it cannot tell")?;
    let (decode_taken, decoded) = counted(|| source.decode());
    if let Some((_, pixels)) = decoded.first()
        && pixels.size() != decoded_at
    {
        return Err(format!("decoded at {:?}, planned for {decoded_at:?}", pixels.size()));
    }
    let source = source.with_decoded(decoded);
    let (process_taken, made) = counted(|| processor.process(&source, &params));
    made.map_err(text)?;
    Ok(Estimates { decode: plan.cost.instructions, decode_taken, process: instructions, process_taken })
}

fn counted<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let before = instructions();
    let made = work();
    (instructions() - before, made)
}
