//! HTTP by hand, and request envelopes by hand: what well-behaved clients would never send.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each suite uses a part")]

use candid::Principal;
use ic_certification::{Certificate, Label};
use ic_transport_types::{Delegation, Envelope, EnvelopeContent, SignedDelegation};
use std::borrow::Cow;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Asserts status and a part of the text.
    #[track_caller]
    pub fn expect(&self, status: u16, part: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert!(self.text().contains(part), "{:?} is not in {:?}", part, self.text());
    }

    /// The certificate of a `read_state` response.
    #[track_caller]
    pub fn certificate(&self) -> Certificate {
        assert_eq!(self.status, 200, "{}", self.text());
        let state: ic_transport_types::ReadStateResponse = serde_cbor::from_slice(&self.body).unwrap();
        serde_cbor::from_slice(&state.certificate).unwrap()
    }
}

/// One request on a connection of its own.
pub fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    // A server that refuses early may close before all is sent; what counts is what it answers.
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
    answer(&mut stream)
}

/// Reads a response to the end of the connection.
pub fn answer(stream: &mut TcpStream) -> std::io::Result<Reply> {
    let mut bytes = Vec::new();
    if let Err(e) = stream.read_to_end(&mut bytes)
        && bytes.is_empty()
    {
        return Err(e);
    }
    let bad = || std::io::Error::new(std::io::ErrorKind::InvalidData, String::from_utf8_lossy(&bytes));
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(bad)?;
    let status =
        std::str::from_utf8(&bytes[..end]).ok().and_then(|head| head.split(' ').nth(1)?.parse().ok());
    Ok(Reply { status: status.ok_or_else(bad)?, body: bytes[end + 4..].to_vec() })
}

/// Posts CBOR.
pub fn post(address: &str, path: &str, body: &[u8]) -> Reply {
    request(address, "POST", path, "content-type: application/cbor\r\n", body).unwrap()
}

/// Nanoseconds since 1970, plus some seconds.
#[allow(clippy::disallowed_methods, reason = "requests expire by the wall clock")]
pub fn at(seconds: i64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i128;
    u64::try_from(now + i128::from(seconds) * 1_000_000_000).unwrap()
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A key of some kind.
pub struct Key {
    pub der: Vec<u8>,
    pub sign: Sign,
}

impl Key {
    pub fn ed25519(seed: u8) -> Key {
        let key = ic_ed25519::PrivateKey::deserialize_raw_32(&[seed; 32]);
        let der = key.public_key().serialize_rfc8410_der();
        Key { der, sign: Box::new(move |m| key.sign_message(m).to_vec()) }
    }

    pub fn secp256k1(seed: u8) -> Key {
        let key = ic_secp256k1::PrivateKey::generate_from_seed(&[seed]);
        let der = key.public_key().serialize_der();
        Key { der, sign: Box::new(move |m| key.sign_message_with_ecdsa(m).to_vec()) }
    }

    pub fn p256(seed: u8) -> Key {
        let key = ic_secp256r1::PrivateKey::generate_insecure_key_for_testing(seed.into());
        let der = key.public_key().serialize_der();
        Key { der, sign: Box::new(move |m| key.sign_message(m).to_vec()) }
    }

    pub fn principal(&self) -> Principal {
        Principal::self_authenticating(&self.der)
    }

    /// `content` signed by this key.
    pub fn seal(&self, content: EnvelopeContent) -> Envelope<'static> {
        let signature = (self.sign)(&content.to_request_id().signable());
        Envelope {
            content: Cow::Owned(content),
            sender_pubkey: Some(self.der.clone()),
            sender_sig: Some(signature),
            sender_delegation: None,
        }
    }

    /// A delegation by this key.
    pub fn delegate(&self, delegation: Delegation) -> SignedDelegation {
        SignedDelegation { signature: (self.sign)(&delegation.signable()), delegation }
    }
}

/// `content`, not signed.
pub fn open(content: EnvelopeContent) -> Envelope<'static> {
    Envelope { content: Cow::Owned(content), sender_pubkey: None, sender_sig: None, sender_delegation: None }
}

pub fn call(sender: Principal, canister_id: Principal, method: &str, nonce: &[u8]) -> EnvelopeContent {
    EnvelopeContent::Call {
        nonce: (!nonce.is_empty()).then(|| nonce.to_vec()),
        ingress_expiry: at(200),
        sender,
        canister_id,
        method_name: method.into(),
        arg: vec![],
        sender_info: None,
    }
}

pub fn query(sender: Principal, canister_id: Principal, method: &str) -> EnvelopeContent {
    EnvelopeContent::Query {
        nonce: None,
        ingress_expiry: at(200),
        sender,
        canister_id,
        method_name: method.into(),
        arg: vec![],
        sender_info: None,
    }
}

/// A path as people write it; `#` before a label means hexadecimal.
pub fn path(text: &str) -> Vec<Label> {
    let label = |l: &str| match l.strip_prefix('#') {
        Some(hex) => Label::from(hex::decode(hex).unwrap()),
        None => Label::from(l.as_bytes().to_vec()),
    };
    text.split('/').map(label).collect()
}

pub fn read_state(sender: Principal, paths: &[&str]) -> EnvelopeContent {
    let paths = paths.iter().map(|p| path(p)).collect();
    EnvelopeContent::ReadState { ingress_expiry: at(200), sender, paths }
}

/// An expiry put into `content`.
pub fn expiring(mut content: EnvelopeContent, expiry: u64) -> EnvelopeContent {
    let (EnvelopeContent::Call { ingress_expiry, .. }
    | EnvelopeContent::Query { ingress_expiry, .. }
    | EnvelopeContent::ReadState { ingress_expiry, .. }) = &mut content;
    *ingress_expiry = expiry;
    content
}

/// The seed of a suite that is random: a fixed one, or the one in `DARKROOM_SEED`.
pub fn seed() -> u64 {
    std::env::var("DARKROOM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_260_501)
}

/// Pseudo-random numbers (xorshift64*), the same for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    /// A number less than `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// One of `list`.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }
}
