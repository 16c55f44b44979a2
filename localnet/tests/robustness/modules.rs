//! Modules: mutated ones, plain and compressed, and archives that unpack to too much.

use crate::raw::{Random, seed};
use crate::victim::{Victim, WITNESS, refused};
use crate::{mutate, rounds};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// A module with something in every section.
pub(crate) const EVERYTHING: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "time" (func $time (result i64)))
  (type $t (func (param i32) (result i32)))
  (memory (export "memory") 1 10)
  (table 3 funcref)
  (global $a (mut i32) (i32.const 1))
  (global $b (mut i64) (i64.const 2))
  (global $c (mut f64) (f64.const 3))
  (global $d (mut funcref) (ref.func $id))
  (global $e (mut v128) (v128.const i64x2 1 2))
  (global $f i32 (i32.const 8))
  (func $id (type $t) (local.get 0))
  (func $begin (global.set $a (i32.const 5)))
  (func $bump
    (global.set $b (i64.add (global.get $b) (call $time)))
    (i32.store (i32.const 0) (call_indirect (type $t) (global.get $a) (i32.const 1)))
    (drop (memory.grow (i32.const 1)))
    (drop (table.grow 0 (ref.null func) (i32.const 1)))
    (memory.init $p (i32.const 20) (i32.const 0) (i32.const 2))
    (data.drop $p)
    (call $append (i32.const 0) (i32.const 4))
    (call $reply))
  (start $begin)
  (elem (i32.const 1) $id)
  (data (i32.const 8) "active")
  (data $p "passive")
  (@custom "icp:public candid:service" "service : {}")
  (@custom "icp:private x" "y")
  (export "canister_init" (func $begin))
  (export "canister_post_upgrade" (func $begin))
  (export "canister_update bump" (func $bump))
  (export "canister_query show" (func $bump)))"#;

/// The same for a 64-bit memory, small.
pub(crate) const WIDE: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i64 i64)))
  (memory i64 1)
  (table 3 funcref)
  (data (i64.const 8) "active")
  (func $bump (call $append (i64.const 8) (i64.const 6)) (call $reply))
  (export "canister_update bump" (func $bump))
  (export "canister_query show" (func $bump)))"#;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The sections of a module: id and bytes, header included.
fn sections(wasm: &[u8]) -> Vec<&[u8]> {
    let (mut all, mut at) = (Vec::new(), 8);
    while at < wasm.len() {
        let (mut len, mut shift, mut end) = (0, 0, at + 1);
        loop {
            len |= usize::from(wasm[end] & 0x7f) << shift;
            (shift, end) = (shift + 7, end + 1);
            if wasm[end - 1] < 0x80 {
                break;
            }
        }
        all.push(&wasm[at..end + len]);
        at = end + len;
    }
    all
}

/// The module with a section removed, doubled, moved or of another kind.
fn sections_changed(random: &mut Random, wasm: &[u8]) -> Vec<u8> {
    let mut all = sections(wasm);
    let (a, b) = (random.index(all.len()), random.index(all.len()));
    let kind: Vec<u8> = [&[random.below(14) as u8], &all[a][1..]].concat();
    match random.below(4) {
        0 => drop(all.remove(a)),
        1 => all.insert(b, all[a]),
        2 => all.swap(a, b),
        _ => all[a] = &kind,
    }
    [&wasm[..8], &all.concat()].concat()
}

#[test]
fn mutated_modules_are_refused_or_run() {
    let seed = seed();
    println!("DARKROOM_SEED={seed}");
    let mut victim = Victim::start();
    let id = victim.create();
    let seeds = [EVERYTHING, WITNESS, WIDE].map(|text| wat::parse_str(text).unwrap());
    for good in &seeds {
        victim.install_at(id, good).unwrap();
        victim.call(id, "bump", &[]).unwrap();
    }
    victim.endure(rounds(6), |victim, round| {
        let mut random = Random::new(seed.wrapping_add(round));
        for _ in 0..70 {
            let good = random.pick(&seeds);
            let bad = match random.below(5) {
                0 => sections_changed(&mut random, good),
                1 => gzip(&mutate::bytes(&mut random, good)),
                2 => mutate::bytes(&mut random, &gzip(good)),
                _ => mutate::bytes(&mut random, good),
            };
            if victim.install_at(id, &bad).is_ok() {
                // It may trap, but nothing else.
                let _ = victim.call(id, "bump", &[]);
                let _ = victim.query(id, "show", &[]);
            }
        }
    });
}

#[test]
fn bombs_are_defused() {
    let mut victim = Victim::start();
    let id = victim.create();
    // 300 MB of zeros, first as they are, then as a custom section and as a data segment.
    let zeros = vec![0; 300 << 20];
    let plain = gzip(&zeros);
    let named = gzip(&[b"\0asm\x01\0\0\0\0\xff\xff\xff\x7f\x01a".as_slice(), &zeros[..200 << 20]].concat());
    drop(zeros);
    assert!(plain.len() < 2 << 20);
    let twice = [gzip(b"\0asm\x01\0\0\0"), gzip(b"more")].concat();
    let hollow = |section: &[u8]| [b"\0asm\x01\0\0\0", section].concat();
    victim.endure(rounds(6), |victim, _| {
        refused(&victim.install_at(id, &plain), "larger than 100 MiB");
        refused(&victim.install_at(id, &named), "larger than 100 MiB");
        let _ = victim.install_at(id, &twice);
        // Sections that claim 2^32-1 entries.
        for section in 1..=13 {
            let claim = [section, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0];
            assert!(victim.install_at(id, &hollow(&claim)).is_err(), "section {section}");
        }
        // A function with as many locals as can be said, and one with more than there may be.
        for locals in [[0xff, 0xff, 0xff, 0xff, 0x0f], [0xd0, 0x86, 0x83, 0x80, 0x00]] {
            let mut code = hollow(&[1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 11, 1, 9, 1]);
            code.extend(locals);
            code.extend([0x7f, 0x01, 0x0b]);
            let _ = victim.install_at(id, &code);
        }
    });
}

/// Code that is hard to compile: the network stays usable, and says how it went.
#[test]
fn code_that_is_hard_to_compile_ends() {
    let mut victim = Victim::start();
    let id = victim.create();
    let blocks = 2_000;
    let nested = format!("(func {} {})", "(block".repeat(blocks), ")".repeat(blocks));
    let table: String = (0..20_000).map(|_| "0 ").collect();
    let table = format!("(func (block (br_table {table} 0 (i32.const 1))))");
    let locals: String =
        (0..200).map(|n| format!("(local.set {n} (i32.add (local.get {n}) (i32.const 1)))")).collect();
    let loops = format!(
        "(func {} {})",
        "(local i32)".repeat(200),
        format!("(loop {locals} (br_if 0 (local.get 0)))").repeat(40)
    );
    let small = "(func)".repeat(49_000);
    for body in [nested, table, loops, small] {
        let wasm = wat::parse_str(format!("(module {body})")).unwrap();
        let _ = victim.install_at(id, &wasm);
        victim.check();
    }
}
