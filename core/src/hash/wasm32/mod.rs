//! SHA-256 where every Wasm operator is paid for: long input goes through the [`kernel`], the rest through `sha2`.
//!
//! In the Internet Computer's instructions per byte: 62 for one state and 67 for two over the same bytes, where
//! `sha2` takes 81 for one. `docs/benchmarks.md` has the figures and the command.

mod each;
mod kernel;

use sha2::{Digest as _, Sha256};

use super::state;
pub(super) use each::digest_each;
use kernel::{Block, ChainingValue};

/// From here on the kernel pays: it works on four blocks at a time, and its state is taken from `sha2` and given back.
const LONG: usize = 8 * size_of::<Block>();

/// Goes on over `bytes`.
pub(super) fn update(hash: &mut Sha256, bytes: &[u8]) {
    if bytes.len() < LONG {
        return hash.update(bytes);
    }
    let (head, blocks, tail) = split(hash, bytes);
    hash.update(head);
    let mut value = state::chaining_value(hash);
    kernel::compress(&mut value, blocks);
    advance(hash, value, blocks);
    hash.update(tail);
}

/// Goes on over `bytes` with both. One pass where they have as many bytes of a block waiting, as at a block's edge.
pub(super) fn update_both(one: &mut Sha256, other: &mut Sha256, bytes: &[u8]) {
    if bytes.len() < LONG || state::waiting(one) != state::waiting(other) {
        update(one, bytes);
        update(other, bytes);
        return;
    }
    let (head, blocks, tail) = split(one, bytes);
    one.update(head);
    other.update(head);
    let (mut first, mut second) = (state::chaining_value(one), state::chaining_value(other));
    kernel::compress_both(&mut first, &mut second, blocks);
    advance(one, first, blocks);
    advance(other, second, blocks);
    one.update(tail);
    other.update(tail);
}

/// What completes the block that `hash` waits for, then whole blocks, then the rest of at least [`LONG`] bytes.
fn split<'a>(hash: &Sha256, bytes: &'a [u8]) -> (&'a [u8], &'a [Block], &'a [u8]) {
    let missing = (size_of::<Block>() - state::waiting(hash)) % size_of::<Block>();
    let (head, rest) = bytes.split_at(missing);
    let (blocks, tail) = rest.as_chunks();
    (head, blocks, tail)
}

/// Puts `hash`, at a block's edge, where `value` is: after `blocks`.
fn advance(hash: &mut Sha256, value: ChainingValue, blocks: &[Block]) {
    match state::advanced(hash, value, blocks.len() as u64) {
        Some(next) => *hash = next,
        // Not so with this release of `sha2`. Right in any case: `hash` has not moved.
        None => hash.update(blocks.as_flattened()),
    }
}
