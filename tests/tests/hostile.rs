//! Broken and malicious images in a canister: the same answer as on the host, no trap, instructions within the estimates,
//! and an item that is published with what could be made of it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use api::item_state::PUBLISHED;
use api::stage_state::FAILED;
use candid::CandidType;
use darkroom_api as api;
use darkroom_codec::{CODECS, testing};
use darkroom_core::Digest;
use darkroom_core::cost::Cost;
use darkroom_core::decode::DecodeLimits;
use darkroom_core::media::MediaType;
use darkroom_core::processor::{Descriptor, RawParams};
use darkroom_core::source::Source;
use darkroom_tests::{Darkroom, Probe, pipeline, stage, toolkit};
use serde::Deserialize;

/// As the probe has them.
const PROCESSORS: [&Descriptor; 6] = [
    &darkroom_placeholder::PROCESSOR,
    &darkroom_preview::PROCESSOR,
    &darkroom_thumbnail::PROCESSOR,
    &darkroom_dominant_colors::PROCESSOR,
    &darkroom_metadata::PROCESSOR,
    &darkroom_watermark::PROCESSOR,
];

/// What a file whose header is refused may take: of a PNG up to 16 MiB of chunks are inflated before that is known.
const REFUSED: u64 = 300_000_000;

/// What stages of one message may be estimated at, where nothing else is configured.
const BUDGET: Cost = Cost { instructions: 38_000_000_000, memory: 1 << 30 };

#[derive(CandidType, Deserialize)]
struct Tried {
    outcome: String,
    estimated: Option<u64>,
    taken: u64,
}

/// The code of an error, or the SHA-256 of what was made.
fn outcome(processor: &Descriptor, media: &MediaType, bytes: &[u8]) -> String {
    let source = Source::new(bytes, media.clone(), &CODECS, DecodeLimits::default());
    match processor.process(&source, &RawParams::new()) {
        Ok(made) => Digest::of(&made.bytes).to_string(),
        Err(error) => error.code().to_owned(),
    }
}

/// What a stage of a canister comes to: what does not fit into a message is refused before it is begun.
fn in_a_message(processor: &Descriptor, media: &MediaType, bytes: &[u8]) -> String {
    match estimate(processor, media, bytes) {
        Some(cost) if cost.check(BUDGET).is_err() => "too_costly".to_owned(),
        _ => outcome(processor, media, bytes),
    }
}

/// Nothing for a file whose header is refused.
fn estimate(processor: &Descriptor, media: &MediaType, bytes: &[u8]) -> Option<Cost> {
    let params = RawParams::new();
    let source = Source::new(bytes, media.clone(), &CODECS, DecodeLimits::default());
    let full = source.size().ok()?;
    let source = source.with_requests(processor.request(full, &params).unwrap());
    let plan = source.plan().unwrap();
    let at = plan.decoded.first().copied().unwrap_or(full);
    let work = processor.cost(full, at, &params).unwrap().unwrap();
    Some(plan.cost.then(work.beside(plan.kept)))
}

#[test]
fn all_processors_are_tried() {
    let mut tried = PROCESSORS.map(Descriptor::id);
    tried.sort_unstable();
    assert_eq!(toolkit().ids().collect::<Vec<_>>(), tried);
}

#[test]
fn answers_are_those_of_the_host_within_the_estimates() {
    let probe = Probe::new();
    let prints = std::env::var_os("DARKROOM_ESTIMATES").is_some();
    let mut problems = Vec::new();
    for file in testing::hostile() {
        for (number, processor) in (0u32..).zip(PROCESSORS) {
            let args = (number, file.media.as_str(), serde_bytes::Bytes::new(&file.bytes));
            let what = format!("{} of {}", processor.id(), file.name);
            let tried: Result<Tried, String> = probe.update("tried", args);
            let Tried { outcome: found, estimated, taken } =
                tried.unwrap_or_else(|error| panic!("{what}: {error}"));
            if prints {
                println!("{what}\t{taken}\t{estimated:?}\t{found}");
            }
            let expected = outcome(processor, &file.media, &file.bytes);
            if found != expected {
                problems.push(format!("{what}: {found}, on the host {expected}"));
            }
            if taken > estimated.unwrap_or(REFUSED) {
                problems.push(format!("{what}: {taken} instructions were taken, {estimated:?} estimated"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn cut_files_have_the_same_answers_as_on_the_host() {
    let probe = Probe::new();
    for (number, cut) in (0u32..).zip(testing::cuts()) {
        let expected: Vec<String> = cut
            .lengths
            .iter()
            .map(|length| {
                let bytes = &cut.whole.bytes[..*length];
                let each =
                    PROCESSORS.iter().map(|processor| outcome(processor, &cut.whole.media, bytes) + "\n");
                Digest::of(each.collect::<String>().as_bytes()).to_string()
            })
            .collect();
        let mut found: Vec<String> = Vec::new();
        while found.len() < expected.len() {
            let from = u32::try_from(found.len()).unwrap();
            let some: Result<Vec<String>, String> = probe.update("cuts", (number, from));
            let some = some.unwrap();
            assert!(!some.is_empty());
            found.extend(some);
        }
        let differs =
            cut.lengths.iter().zip(found.iter().zip(&expected)).find(|(_, (one, other))| one != other);
        assert!(differs.is_none(), "{} cut at {:?}", cut.whole.name, differs.map(|(length, _)| length));
    }
}

/// The whole way: uploaded in one call, processed by the canister itself.
#[test]
fn items_are_published_with_what_could_be_made() {
    let stages = PROCESSORS.map(|processor| {
        let stage = stage(processor.id(), processor.id(), "original", "");
        api::Stage { optional: Some(true), ..stage }
    });
    let pipelines = vec![pipeline("hostile", stages.to_vec())];
    let darkroom = Darkroom::with(Some(api::InitArgs { pipelines: Some(pipelines), ..Default::default() }));
    let mut files = testing::hostile();
    // One of each format, cut in its middle.
    files.extend(testing::cuts().into_iter().map(|mut cut| {
        cut.whole.bytes.truncate(cut.whole.bytes.len() / 2);
        cut.whole
    }));
    files.retain(|file| !file.bytes.is_empty());
    let upload = |file: &testing::Fixture| {
        let upload = api::BeginUpload {
            pipeline: None,
            file_name: "file".to_owned(),
            media_type: file.media.to_string(),
            size: file.bytes.len() as u64,
            sha256: Some(Digest::of(&file.bytes).0.into()),
            visibility: None,
            idempotency_key: None,
        };
        let args = api::UploadWhole { upload, bytes: file.bytes.clone().into(), assets: Vec::new() };
        let item: api::Result<api::Item> = darkroom.update("upload_whole", (args,));
        item.unwrap_or_else(|error| panic!("{}: {error}", file.name)).id
    };
    // All at once: what one of them does holds up no other.
    let items: Vec<_> = files.iter().map(|file| (file, upload(file))).collect();
    let mut made = 0;
    for (file, id) in items {
        let item = darkroom.settled(&id);
        assert_eq!(item.state, PUBLISHED, "{}: {item:?}", file.name);
        for processor in PROCESSORS {
            let expected = in_a_message(processor, &file.media, &file.bytes);
            let asset = item.assets.iter().find(|asset| asset.name == processor.id());
            let stage = item.stages.iter().find(|stage| stage.asset == processor.id()).unwrap();
            let found = match (asset, &stage.error) {
                (Some(asset), None) => {
                    made += 1;
                    Digest(*asset.sha256).to_string()
                }
                (None, Some(error)) if stage.state == FAILED => error.code.clone(),
                other => panic!("{}: {other:?}", file.name),
            };
            assert_eq!(found, expected, "{} of {}", processor.id(), file.name);
        }
    }
    assert!(made > 100, "{made} made");
}
