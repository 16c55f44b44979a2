//! Making bad messages of good ones, pseudo-randomly.

use crate::raw::Random;
use serde_cbor::Value as Cbor;
use serde_json::{Value as Json, json};

impl Random {
    pub(crate) fn index(&mut self, n: usize) -> usize {
        self.below(n as u64) as usize
    }

    pub(crate) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let len = self.index(most + 1);
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// Pieces that decoders stumble over: lengths at the ends of their ranges in LEB128 and CBOR, deep nesting, magic.
const TROUBLE: [&[u8]; 16] = [
    &[0xff; 8],
    &[0x80; 12],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0xbb, 0, 0, 0, 1, 0, 0, 0, 0],
    &[0x9f; 200],
    &[0x81; 200],
    &[0xd9, 0xd9, 0xf7, 0xd9, 0xd9, 0xf7],
    &[0x5f, 0x41, 0x00],
    b"DIDL\x02\x6d\x01\x6e\x00\x01\x00",
    b"DIDL\x01\x6d\x7f\x01\x00\xff\xff\xff\xff\x7f",
    b"\0asm\x01\0\0\0",
    b"\x1f\x8b\x08\0\0\0\0\0",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

/// Changes some bytes, or their number.
pub(crate) fn bytes(random: &mut Random, good: &[u8]) -> Vec<u8> {
    let mut bad = good.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.index(bad.len() + 1);
        let until = at + random.index((bad.len() - at).min(64) + 1);
        match random.below(8) {
            0 | 1 if at < bad.len() => bad[at] ^= 1 << random.below(8),
            2 if at < bad.len() => bad[at] = *random.pick(&[0, 1, 0x7f, 0x80, 0xff]),
            3 => bad.truncate(at),
            4 => drop(bad.drain(at..until)),
            5 => {
                let again = bad[at..until].to_vec();
                bad.splice(at..at, again);
            }
            6 => {
                let piece = random.pick(&TROUBLE).iter().copied();
                drop(bad.splice(at..at, piece));
            }
            _ => {
                let junk = random.bytes(16);
                bad.splice(at..until, junk);
            }
        }
    }
    bad
}

/// A body that is hardly ever good: junk, or `good` with changes, or something far too long.
pub(crate) fn body(random: &mut Random, good: &[u8]) -> Vec<u8> {
    match random.below(40) {
        0 => Vec::new(),
        1..8 => random.bytes(300),
        8 => {
            let mut long = bytes(random, good);
            long.resize(256 << 10, random.next() as u8);
            long
        }
        _ => bytes(random, good),
    }
}

/// JSON with some part replaced, removed or doubled.
pub(crate) fn json(random: &mut Random, good: &Json) -> Vec<u8> {
    let mut bad = good.clone();
    json_part(random, &mut bad);
    let text = bad.to_string();
    match random.below(8) {
        // A field twice.
        0 if text.len() > 2 && text.starts_with('{') => {
            let inner = &text[1..text.len() - 1];
            format!("{{{inner},{inner}}}").into_bytes()
        }
        1 => ["[".repeat(5_000), text].concat().into_bytes(),
        2 => [r#"{"a":"#.repeat(5_000), text].concat().into_bytes(),
        3 => bytes(random, text.as_bytes()),
        _ => text.into_bytes(),
    }
}

fn json_part(random: &mut Random, value: &mut Json) {
    let inside = random.below(4) > 0;
    match value {
        Json::Object(fields) if inside && !fields.is_empty() => {
            let keys: Vec<String> = fields.keys().cloned().collect();
            let key = random.pick(&keys);
            match random.below(6) {
                0 => drop(fields.remove(key)),
                1 => {
                    let value = fields.remove(key).unwrap();
                    fields.insert(format!("{key}_"), value);
                }
                _ => json_part(random, fields.get_mut(key).unwrap()),
            }
        }
        Json::Array(items) if inside && !items.is_empty() => {
            let at = random.index(items.len());
            json_part(random, &mut items[at]);
        }
        Json::String(text) if inside => {
            let bad = bytes(random, text.as_bytes());
            *text = String::from_utf8_lossy(&bad).into_owned();
        }
        other => {
            let wrong = [
                Json::Null,
                json!(true),
                json!(-1),
                json!(1.5e300),
                json!(u64::MAX),
                json!(""),
                json!("\u{0}é\u{10ffff}"),
                json!([]),
                json!({}),
                json!([[[]], {}]),
                json!("A".repeat(100_000)),
                json!({ "SubnetId": "AAAA" }),
                json!({ "CanisterId": "" }),
            ];
            *other = random.pick(&wrong).clone();
        }
    }
}

/// CBOR with some part replaced, removed or doubled.
pub(crate) fn cbor(random: &mut Random, good: &Cbor) -> Vec<u8> {
    let mut bad = good.clone();
    cbor_part(random, &mut bad);
    let encoded = serde_cbor::to_vec(&bad).unwrap();
    match random.below(8) {
        0 => bytes(random, &encoded),
        1 => [[0xd9, 0xd9, 0xf7].repeat(200), encoded].concat(),
        _ => encoded,
    }
}

fn cbor_part(random: &mut Random, value: &mut Cbor) {
    let inside = random.below(5) > 0;
    match value {
        Cbor::Map(fields) if inside && !fields.is_empty() => {
            let keys: Vec<Cbor> = fields.keys().cloned().collect();
            let key = random.pick(&keys);
            match random.below(6) {
                0 => drop(fields.remove(key)),
                1 => {
                    let value = fields.remove(key).unwrap();
                    fields.insert(Cbor::Integer(7), value);
                }
                _ => cbor_part(random, fields.get_mut(key).unwrap()),
            }
        }
        Cbor::Array(items) if inside && !items.is_empty() => {
            let at = random.index(items.len());
            match random.below(3) {
                0 => *items = vec![items[at].clone(); 1_100],
                _ => cbor_part(random, &mut items[at]),
            }
        }
        Cbor::Bytes(good) if inside => *good = bytes(random, good),
        Cbor::Text(text) if inside => {
            *text = String::from_utf8_lossy(&bytes(random, text.as_bytes())).into_owned();
        }
        Cbor::Integer(number) if inside => {
            *number = *random.pick(&[
                0,
                -1,
                1,
                i128::from(u64::MAX),
                -(1 << 64),
                i128::from(i64::MAX),
                *number + 1,
            ]);
        }
        other => {
            let nested = (0..100).fold(Cbor::Null, |inner, _| Cbor::Array(vec![inner]));
            let wrong = [
                Cbor::Null,
                Cbor::Bool(true),
                Cbor::Float(f64::NAN),
                Cbor::Integer(u64::MAX.into()),
                Cbor::Bytes(vec![]),
                Cbor::Bytes(vec![4; 30]),
                Cbor::Text("call".into()),
                Cbor::Text("x".repeat(3_000)),
                Cbor::Array(vec![]),
                Cbor::Map([].into()),
                nested,
            ];
            *other = random.pick(&wrong).clone();
        }
    }
}
