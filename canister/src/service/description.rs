//! A public item as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use darkroom_api::document;
use darkroom_core::id::ItemId;
use serde::Serialize;

use super::gallery;
use super::wire::provenance;
use crate::certify::document::{Document, Kind};
use crate::store::{AssetRecord, FailedRecord, ItemRecord, Location, RecipeRecord};

/// The most bytes of an inline asset that stand in the description itself.
const MAX_DATA: usize = 4096;

/// The description of a published item.
pub(super) fn describe(id: ItemId, item: &ItemRecord) -> Document {
    let original = item.asset(darkroom_core::asset::ORIGINAL);
    json(&document::Item {
        id: id.to_string(),
        file_name: item.file_name.clone(),
        media_type: original.map(|original| original.media.to_string()).unwrap_or_default(),
        size: original.map(|original| original.size).unwrap_or_default(),
        pipeline: item.pipeline.clone(),
        created_at: rfc_3339(item.created_at),
        published_at: rfc_3339(item.published_at.unwrap_or_default()),
        assets: item.assets.iter().map(|record| asset(id, record)).collect(),
        failed: item.failed.iter().map(failure).collect(),
        gallery: gallery::entry(id, item).as_ref().map(gallery::shown),
    })
}

/// A value as a document.
pub(super) fn json(value: &impl Serialize) -> Document {
    // Writing to a vector cannot fail, and no document has a type that JSON lacks.
    Document::new(Kind::Json, serde_json::to_vec(value).unwrap_or_default())
}

fn asset(id: ItemId, record: &AssetRecord) -> document::Asset {
    let sha256 = record.sha256.to_string();
    document::Asset {
        name: record.name.to_string(),
        media_type: record.media.to_string(),
        size: record.size,
        width: record.meta.size.map(|size| size.width),
        height: record.meta.size.map(|size| size.height),
        path: format!("/{id}/{}", record.name),
        content_path: format!("/sha256/{sha256}"),
        sha256,
        provenance: provenance(&record.origin).to_owned(),
        recipe: record.origin.recipe().map(recipe),
        data: data(record),
    }
}

fn failure(record: &FailedRecord) -> document::Failure {
    document::Failure {
        asset: record.asset.to_string(),
        code: record.code.clone(),
        message: record.message.clone(),
    }
}

fn recipe(record: &RecipeRecord) -> document::Recipe {
    document::Recipe {
        source: record.source.to_string(),
        source_sha256: record.source_sha256.to_string(),
        processor: record.processor.clone(),
        version: record.version,
        // Written by this canister as JSON; anything else would be shown as it is.
        params: serde_json::from_str(&record.params).unwrap_or_else(|_| record.params.clone().into()),
        placement: if record.on_canister { "canister" } else { "client" }.to_owned(),
    }
}

fn data(record: &AssetRecord) -> Option<document::Data> {
    let Location::Inline(bytes) = &record.location else { return None };
    let media = record.media.as_str();
    let is_text = media == "application/json" || media.starts_with("text/");
    let text = || std::str::from_utf8(bytes).ok().map(str::to_owned);
    (bytes.len() <= MAX_DATA)
        .then(|| document::Data { base64: STANDARD.encode(bytes), text: if is_text { text() } else { None } })
}

/// A time in nanoseconds since 1970 as RFC 3339 has it, in UTC and with milliseconds.
pub(super) fn rfc_3339(nanos: u64) -> String {
    let millis = nanos / 1_000_000;
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    // The date of a day by Howard Hinnant's `civil_from_days` (https://howardhinnant.github.io/date_algorithms.html):
    // years begin in March, eras have 146,097 days.
    let day = days + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let (seconds, millis) = (rest / 1000, rest % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let year = era * 400 + year + next;
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_709_164_800, "2024-02-29T00:00:00.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (1_735_689_600, "2025-01-01T00:00:00.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc_3339(seconds * 1_000_000_000), expected);
        }
        assert_eq!(rfc_3339(1_234_567_890_987_654_321), "2009-02-13T23:31:30.987Z");
        // The dates of `httpdate`, which reads and writes them by other means, over forty years.
        for day in 0..15_000 {
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(day * 86_400);
            let date = httpdate::fmt_http_date(time);
            let (text, month) = (rfc_3339(day * 86_400_000_000_000), &date[8..11]);
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
            let number = months.iter().position(|other| *other == month).unwrap() + 1;
            assert_eq!(text[..10], format!("{}-{number:02}-{}", &date[12..16], &date[5..7]));
        }
    }
}
