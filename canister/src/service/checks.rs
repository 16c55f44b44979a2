//! Arguments of an upload, checked before anything is done with them.

use darkroom_api as api;
use darkroom_core::pipeline::{MAX_INLINE, Pipeline, Plan, Storage};
use darkroom_core::{Digest, Error};

use super::Wire;
use crate::env::Caller;
use crate::store::ConfigRecord;

const MAX_FILE_NAME: usize = 255;
const MAX_KEY: usize = 128;

pub(super) fn check_inline(plan: &Plan, asset: &str, len: usize) -> api::Result<()> {
    let inline = plan.stage(asset).is_some_and(|stage| stage.storage == Storage::Inline);
    let allowed = if inline { MAX_INLINE as u64 } else { u64::MAX };
    match len as u64 {
        found if found == 0 || found > allowed => Err(Error::InvalidSize { found, allowed }).wire(),
        _ => Ok(()),
    }
}

pub(super) fn checked_size(found: u64, config: &ConfigRecord) -> api::Result<u64> {
    let allowed = config.max_file_size;
    let chunks = found.div_ceil(u64::from(config.chunk_size.max(1)));
    let limit = |message: String| Err(api::Error::new(api::code::LIMIT, message));
    match found {
        0 => Err(Error::InvalidSize { found, allowed }).wire(),
        _ if found > allowed => {
            limit(format!("limits.max_file_size: the file has {found} bytes; {allowed} are allowed"))
        }
        _ if chunks > u64::from(config.max_chunks) => limit(format!(
            "limits.max_chunks: the file has {chunks} chunks of {} bytes; {} are allowed",
            config.chunk_size, config.max_chunks
        )),
        _ => Ok(found),
    }
}

pub(super) fn checked_file_name(name: &str) -> api::Result<String> {
    let fine = (1..=MAX_FILE_NAME).contains(&name.len())
        && !name.contains(['/', '\\'])
        && !name.contains(char::is_control);
    if fine {
        return Ok(name.to_owned());
    }
    let found: String = name.chars().take(64).collect();
    let message = format!(
        "file name {found:?} of {} bytes; 1 to {MAX_FILE_NAME} bytes without slashes and control characters \
         are allowed",
        name.len()
    );
    Err(api::Error::new(api::code::INVALID_ARGUMENT, message))
}

pub(super) fn checked_key(caller: Caller, key: &str) -> api::Result<[u8; 32]> {
    if (1..=MAX_KEY).contains(&key.len()) {
        let mut bytes = caller.bytes().to_vec();
        bytes.push(b'#');
        bytes.extend_from_slice(key.as_bytes());
        return Ok(Digest::of(&bytes).0);
    }
    let message = format!("idempotency key of {} bytes; 1 to {MAX_KEY} are allowed", key.len());
    Err(api::Error::new(api::code::INVALID_ARGUMENT, message))
}

pub(super) fn chosen_pipeline<'a>(config: &'a ConfigRecord, name: Option<&str>) -> api::Result<&'a Pipeline> {
    let pipelines = &config.pipelines.pipelines;
    let chosen = match name {
        None => pipelines.first(),
        Some(name) => pipelines.iter().find(|pipeline| pipeline.name == name),
    };
    chosen.ok_or_else(|| {
        let known: Vec<_> = pipelines.iter().map(|pipeline| pipeline.name.as_str()).collect();
        let found: String = name.unwrap_or_default().chars().take(64).collect();
        let message = format!("there is no pipeline `{found}`; configured: {}", known.join(", "));
        api::Error::new(api::code::UNKNOWN_PIPELINE, message)
    })
}
