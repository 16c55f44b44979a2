//! What the fuzz targets in `fuzz/` drive, and tests over their seeds: what the client reads that others may have written.
#![allow(missing_docs, reason = "not a part of the interface")]
#![allow(clippy::expect_used, reason = "a fuzz target fails by panicking")]

use std::collections::BTreeSet;

use candid::CandidType;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::registry::Registry;
use serde::de::DeserializeOwned;

use crate::calls::decode;
use crate::catalog::Catalog;
use crate::journal::Record;
use crate::schedule::{chunk_range, covered, is_as_planned, missing_chunks, stages_to_make};
use crate::upload::Outcome;

/// A record of the journal, under the name that it says it has.
///
/// # Panics
/// When reading it does, and when what was read is written otherwise.
pub fn journal(bytes: &[u8]) {
    let Some(name) = Record::name_in(bytes) else { return };
    let Some(record) = Record::read(&name, bytes) else { return };
    let text = record.write().expect("a record is JSON");
    assert_eq!(Record::read(&name, &text).as_ref(), Some(&record));
    assert_eq!(Record::read("other.json", &text), None);
    let _ = record.sha256_of_own();
    let _ = missing_chunks(record.size, record.chunk_size, &[]);
}

/// An answer of a canister to the call that `call` picks, and what is done with it.
///
/// # Panics
/// When that does.
pub fn answer(registry: &Registry, call: u8, bytes: &[u8]) {
    match call % 14 {
        0 => {
            let Some(upload) = read::<api::Upload>(bytes) else { return };
            arrived(100_000, upload.chunk_size, &upload.coverage);
        }
        1 => {
            let Some(status) = read::<api::SessionStatus>(bytes) else { return };
            arrived(status.size, status.chunk_size, &status.coverage);
            arrived(status.size, status.chunk_size, &status.missing);
        }
        2 => read::<api::Item>(bytes).iter().for_each(|item| known(registry, item)),
        3 => seen::<Vec<Option<api::Item>>>(bytes),
        4 => seen::<api::ItemPage>(bytes),
        5 => seen::<api::ChunkReceipt>(bytes),
        6 => seen::<api::FinishUpload>(bytes),
        7 => seen::<api::Freed>(bytes),
        8 => seen::<serde_bytes::ByteBuf>(bytes),
        9 => seen::<api::Reprocessed>(bytes),
        10 => seen::<api::TokenPage>(bytes),
        11 => seen::<api::CreatedToken>(bytes),
        12 => {
            // Lists come as they are.
            let pipelines = api::read_answer::<Vec<api::Pipeline>>(bytes).unwrap_or_default();
            let limits = api::Limits::default();
            for pipeline in &pipelines {
                let _ = crate::config::pipeline_from_wire(pipeline);
            }
            let catalog = Catalog::of(pipelines, Vec::new(), limits);
            if let Ok(plan) = catalog.plan(None, registry) {
                let making = stages_to_make(&plan, &BTreeSet::new());
                let _ = catalog.check_versions(&plan, &making);
            }
        }
        _ => {
            let limits = api::read_answer::<api::Limits>(bytes).unwrap_or_default();
            let processors = api::read_answer::<Vec<api::ProcessorInfo>>(bytes).unwrap_or_default();
            let _ = Catalog::of(Vec::new(), processors, limits).images();
        }
    }
}

fn read<R: CandidType + DeserializeOwned>(bytes: &[u8]) -> Option<R> {
    decode::<R>("a call", bytes).ok()?.ok()
}

fn seen<R: CandidType + DeserializeOwned>(bytes: &[u8]) {
    let _ = read::<R>(bytes);
}

/// What is still to be sent of a file.
fn arrived(size: u64, chunk_size: u32, coverage: &[api::ChunkRange]) {
    let _ = covered(coverage);
    let Ok(missing) = missing_chunks(size, chunk_size, coverage) else { return };
    assert!(missing.is_sorted_by(|one, next| one < next));
    for index in missing {
        assert!(!coverage.iter().any(|range| (range.start..range.end).contains(&index)));
        let range = chunk_range(size, chunk_size, index);
        assert!(range.start < range.end && range.end <= size);
    }
}

fn known(registry: &Registry, item: &api::Item) {
    let outcome = Outcome::of(item, None);
    assert_eq!(outcome.assets.len(), item.assets.len());
    let standard = darkroom_core::pipeline::Config::standard();
    for plan in standard.validate(registry).expect("the standard pipeline holds together") {
        let _ = is_as_planned(&plan, item, true);
    }
    item.assets.iter().for_each(|asset| drop(Digest(*asset.sha256).to_string()));
}

#[cfg(test)]
mod tests;
