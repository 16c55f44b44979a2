//! Large files: what their bytes cost in messages and in memory.

use std::ops::AddAssign;

use anyhow::{Result, ensure};
use darkroom_localnet::PocketIcServer;

use crate::darkroom::{Darkroom, chunk};
use crate::meter::Sizes;
use crate::store::{File, Store};

/// Instructions of each step, for all files together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Steps {
    pub(crate) begin: u64,
    pub(crate) put: u64,
    pub(crate) finish: u64,
    pub(crate) delete: u64,
}

/// Bytes that each step added to what a canister holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Growth {
    pub(crate) put: Sizes,
    pub(crate) finish: Sizes,
    pub(crate) delete: Sizes,
}

/// A canister's figures for large files.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Large {
    /// Chunks sent from the first to the last.
    pub(crate) in_order: Steps,
    /// From the last to the first, so that none continues a prefix until the last message.
    pub(crate) reversed: Steps,
    /// Into the empty canister.
    pub(crate) first: Growth,
    /// Once all that was deleted.
    pub(crate) again: Growth,
}

impl AddAssign<Steps> for Steps {
    fn add_assign(&mut self, other: Steps) {
        self.begin += other.begin;
        self.put += other.put;
        self.finish += other.finish;
        self.delete += other.delete;
    }
}

impl Steps {
    /// A whole upload.
    pub(crate) fn upload(&self) -> u64 {
        self.begin + self.put + self.finish
    }
}

/// Uploads the files in both orders, deleting them after each.
pub(crate) fn measure(store: &mut impl Store, files: &[File], chunk: usize) -> Result<Large> {
    let (in_order, first) = upload(store, files, chunk, false)?;
    let (reversed, again) = upload(store, files, chunk, true)?;
    Ok(Large { in_order, reversed, first, again })
}

fn upload(store: &mut impl Store, files: &[File], chunk: usize, reversed: bool) -> Result<(Steps, Growth)> {
    let mut steps = Steps::default();
    let empty = store.meter().sizes()?;
    let mut sessions = Vec::new();
    for file in files {
        let begun = store.begin(file)?;
        let mut session = begun.value;
        let mut chunks: Vec<_> = (0u32..).zip(file.bytes.chunks(chunk)).collect();
        if reversed {
            chunks.reverse();
        }
        let mut put = 0;
        for (index, bytes) in chunks {
            put += store.put(&mut session, index, bytes)?;
        }
        steps += Steps { begin: begun.instructions, put, ..Steps::default() };
        sessions.push(session);
    }
    let sent = store.meter().sizes()?;
    let mut ids = Vec::new();
    for session in sessions {
        let finished = store.finish(session)?;
        steps.finish += finished.instructions;
        ids.push(finished.value);
    }
    let finished = store.meter().sizes()?;
    for (id, file) in ids.iter().zip(files) {
        store.get(id, file.bytes.len().min(chunk))?;
        steps.delete += store.delete(id)?;
    }
    let deleted = store.meter().sizes()?;
    let growth =
        Growth { put: grown(empty, sent), finish: grown(sent, finished), delete: grown(finished, deleted) };
    Ok((steps, growth))
}

fn grown(before: Sizes, after: Sizes) -> Sizes {
    Sizes { stable: after.stable - before.stable, heap: after.heap - before.heap }
}

/// What one full chunk's `put_chunk` is made of, in instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) bytes: u64,
    /// Decoding and copying the message: of a chunk that is refused unread.
    pub(crate) decode: u64,
    /// One SHA-256: what a chunk that is refused for its SHA-256 takes beyond that.
    pub(crate) hash: u64,
    /// Writing: what a chunk that arrives early takes beyond that.
    pub(crate) write: u64,
    /// The rolling hash: what a chunk that continues the prefix takes beyond that.
    pub(crate) rolling: u64,
}

impl Parts {
    /// All of them.
    pub(crate) fn total(&self) -> u64 {
        self.besides() + self.hash + self.rolling
    }

    /// Everything but hashing.
    pub(crate) fn besides(&self) -> u64 {
        self.decode + self.write
    }
}

/// Takes Darkroom's `put_chunk` apart with chunks that it refuses and chunks that come early.
pub(crate) fn parts(server: &PocketIcServer, size: u32) -> Result<Parts> {
    let mut darkroom = Darkroom::install(server, size)?;
    let file = File::new(1, size as usize * 4);
    let chunks: Vec<&[u8]> = file.bytes.chunks(size as usize).collect();
    // The first upload takes the memory that the second finds.
    let mut measured = (0, 0);
    for _ in 0..2 {
        let mut upload = darkroom.begin(&file)?.value;
        let early = darkroom.put(&mut upload, 2, chunks[2])?;
        let in_order = darkroom.put(&mut upload, 0, chunks[0])?;
        measured = (early, in_order);
        for index in [1, 3] {
            darkroom.put(&mut upload, index, chunks[index as usize])?;
        }
        let id = darkroom.finish(upload)?.value;
        darkroom.delete(&id)?;
    }
    let (early, in_order) = measured;
    let upload = darkroom.begin(&file)?.value;
    let (unread, code) = darkroom.attempt(chunk(upload.session, 9, chunks[2]))?;
    ensure!(code.as_deref() == Some("chunk_out_of_range"), "an index out of range gave {code:?}");
    let mut wrong = chunk(upload.session, 2, chunks[2]);
    wrong.sha256[0] ^= 1;
    let (wrong, code) = darkroom.attempt(wrong)?;
    ensure!(code.as_deref() == Some("chunk_hash"), "a wrong SHA-256 gave {code:?}");
    Ok(Parts {
        bytes: size.into(),
        decode: unread,
        hash: wrong.saturating_sub(unread),
        write: early.saturating_sub(wrong),
        rolling: in_order.saturating_sub(early),
    })
}
