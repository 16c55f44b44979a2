//! A canister for the tests: core's SHA-256 on wasm32, held against published vectors and `sha2`, and measured; and
//! what codec and processors make there (`goldens`) and take for it (`derivatives`).
//!
//! The kernel is code of wasm32 alone, so that no native test reaches it. Each query gives how many comparisons
//! it made, or which one failed.

mod derivatives;
mod estimates;
mod goldens;
mod hostile;

use darkroom_core::Digest;
use darkroom_core::hash::{RollingHash as _, RollingSha256, digest_each};
use sha2::Digest as _;
use sha2::Sha256;
use sha2::digest::common::hazmat::SerializableState as _;

type Outcome = Result<u32, String>;

/// The examples of FIPS 180-4 as NIST publishes them, and the empty message.
#[ic_cdk::query]
fn vectors() -> Outcome {
    let million = vec![b'a'; 1_000_000];
    let two_blocks =
        b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs\
        mnopqrstnopqrstu";
    let vectors: [(&[u8], &str); 5] = [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        (two_blocks, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"),
        (&million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ];
    let mut made = 0;
    for (message, expected) in vectors {
        let name = format!("the vector of {} bytes", message.len());
        same(
            &mut made,
            || format!("{name}, one state"),
            Digest::of(message).to_string(),
            expected.to_owned(),
        )?;
        let mut rolling = RollingSha256::default();
        let alone = rolling.digest_and_update(message).to_string();
        same(&mut made, || format!("{name}, alone"), alone, expected.to_owned())?;
        same(&mut made, || format!("{name}, rolling"), rolling.finish().to_string(), expected.to_owned())?;
    }
    Ok(made)
}

/// Lengths from 0 to 300 and around each edge of a block up to 24 blocks, after as many bytes as `before` says.
#[ic_cdk::query]
fn lengths(before: u32) -> Outcome {
    let before = before as usize;
    let edges = (4..=24usize).flat_map(|block| [block * 64 - 1, block * 64, block * 64 + 1]);
    let mut made = 0;
    for len in (0..=300).chain(edges) {
        let bytes = noise(before + len);
        both(&mut made, &bytes[..before], &bytes[before..], &format!("{len} bytes after {before}"))?;
    }
    Ok(made)
}

/// 1 MiB from an address that lies `offset` bytes off its neighbours, after as many bytes as `before` says.
#[ic_cdk::query]
fn mebibyte(offset: u32, before: u32) -> Outcome {
    let (offset, before) = (offset as usize, before as usize);
    let bytes = noise(before + offset + (1 << 20));
    let mut made = 0;
    both(
        &mut made,
        &bytes[..before],
        &bytes[before + offset..],
        &format!("1 MiB {offset} off, after {before}"),
    )?;
    Ok(made)
}

/// A hundred pieces of 0 to `longest` bytes, one after the other, the state saved and restored in between.
#[ic_cdk::query]
fn splits(longest: u32) -> Outcome {
    let draws = noise(4 * 100);
    let (draws, _) = draws.as_chunks::<4>();
    let lengths: Vec<usize> =
        draws.iter().map(|bytes| (u32::from_be_bytes(*bytes) % (longest + 1)) as usize).collect();
    let bytes = noise(lengths.iter().sum());
    let (mut made, mut at) = (0, 0);
    let (mut rolling, mut expected) = (RollingSha256::default(), Sha256::new());
    for len in lengths {
        let piece = &bytes[at..at + len];
        at += len;
        expected.update(piece);
        let alone: [u8; 32] = Sha256::digest(piece).into();
        same(&mut made, || format!("alone, to {at}"), rolling.digest_and_update(piece).0, alone)?;
        let saved = rolling.save();
        same(&mut made, || format!("saved at {at}"), &saved[..], &expected.serialize()[..])?;
        rolling = RollingSha256::restore(&saved).map_err(|error| format!("restored at {at}: {error}"))?;
    }
    same(&mut made, || "the whole".to_owned(), rolling.finish().0, expected.finalize().into())?;
    Ok(made)
}

/// As many messages as `count` says, up to `longest` bytes long, hashed beside each other: of about one length, then of
/// lengths far apart.
#[ic_cdk::query]
fn each(count: u32, longest: u32) -> Outcome {
    let bytes = noise(longest as usize + count as usize);
    let near = |n: usize| (longest as usize).saturating_sub(n % 4);
    let apart = |n: usize| n * 97 % (longest as usize + 1);
    let mut made = 0;
    for len in [&near as &dyn Fn(usize) -> usize, &apart] {
        let messages: Vec<&[u8]> = (0..count as usize).map(|n| &bytes[n..n + len(n)]).collect();
        for (message, found) in messages.iter().zip(digest_each(&messages)) {
            let expected: [u8; 32] = Sha256::digest(message).into();
            same(&mut made, || format!("{} bytes beside others", message.len()), found.0, expected)?;
        }
    }
    Ok(made)
}

/// Instructions for sixteen messages of `len` bytes: one by one, and beside each other.
#[ic_cdk::query]
fn costs_of_each(len: u32) -> (u64, u64) {
    let bytes = noise(len as usize + 16);
    let messages: Vec<&[u8]> = (0..16).map(|n| &bytes[n..n + len as usize]).collect();
    let start = instructions();
    for message in &messages {
        std::hint::black_box(Digest::of(message));
    }
    let between = instructions();
    std::hint::black_box(digest_each(&messages));
    (between - start, instructions() - between)
}

/// Instructions for 1 MiB: `sha2` once, `sha2` twice, one state here, both states here.
#[ic_cdk::query]
fn costs() -> (u64, u64, u64, u64) {
    let bytes = noise(1 << 20);
    let counted = |work: &dyn Fn() -> [u8; 32]| {
        let start = instructions();
        std::hint::black_box(work());
        instructions() - start
    };
    (
        counted(&|| Sha256::digest(&bytes).into()),
        counted(&|| {
            let mut rolling = Sha256::new();
            rolling.update(&bytes);
            std::hint::black_box(rolling.finalize());
            Sha256::digest(&bytes).into()
        }),
        counted(&|| Digest::of(&bytes).0),
        counted(&|| {
            let mut rolling = RollingSha256::default();
            std::hint::black_box(rolling.digest_and_update(&bytes));
            rolling.finish().0
        }),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "the rule is for the canister; here instructions are the subject"
)]
fn instructions() -> u64 {
    ic_cdk::api::performance_counter(0)
}

/// A rolling hash that has `before` behind it goes on over `bytes`: all that can be seen of it is as `sha2` has it.
fn both(made: &mut u32, before: &[u8], bytes: &[u8], name: &str) -> Result<(), String> {
    let mut expected = Sha256::new_with_prefix(before);
    expected.update(bytes);
    let alone: [u8; 32] = Sha256::digest(bytes).into();
    same(made, || format!("{name}: one state"), Digest::of(bytes).0, alone)?;
    let mut rolling = RollingSha256::default();
    rolling.update(before);
    same(made, || format!("{name}: alone"), rolling.digest_and_update(bytes).0, alone)?;
    same(made, || format!("{name}: the saved state"), rolling.save(), expected.serialize().to_vec())?;
    same(made, || format!("{name}: rolling"), rolling.finish().0, expected.finalize().into())
}

fn same<T: PartialEq>(
    made: &mut u32,
    name: impl FnOnce() -> String,
    found: T,
    expected: T,
) -> Result<(), String> {
    *made += 1;
    if found == expected { Ok(()) } else { Err(name()) }
}

/// Bytes without a pattern.
fn noise(len: usize) -> Vec<u8> {
    let mut x = 1u64;
    let mut next = || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        x.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}
