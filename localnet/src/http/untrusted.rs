//! What is looked at before a certificate is parsed.
//!
//! The library that verifies answers believes the lengths that it reads and follows any nesting, so that a canister
//! could make it take all memory or all of the stack. What is wrong in any other way, it finds for itself.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::{DeflateDecoder, GzDecoder};
use ic_http_certification::{CERTIFICATE_EXPRESSION_HEADER_NAME, CERTIFICATE_HEADER_NAME};
use std::io::{self, Read};

/// Bytes of the header `IC-Certificate`. A browser takes not much more of all headers together.
const MAX_CERTIFICATE: usize = 64 << 10;
/// Bytes of the header `IC-CertificateExpression`, and how deep its brackets nest.
const MAX_EXPRESSION: usize = 16 << 10;
const MAX_BRACKETS: usize = 32;
/// How deep the nodes of a tree nest, and how many entries a map has: a certificate has three.
const MAX_DEPTH: usize = 256;
const MAX_ENTRIES: u64 = 8;
/// Bytes that a compressed body may come to.
const MAX_DECODED: u64 = 64 << 20;

/// Base64 as the library reads it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether the headers of a canister's answer can be given to the library that verifies them, which a canister could have
/// take all memory or all of the stack: its certificate and expression are neither too long nor too deep, and have what they
/// say that they have. `delegated` is whether certificates may have a delegation, as those of the Internet Computer do and
/// those of this network do not.
///
/// # Errors
/// Which header cannot, and why.
pub fn check_certification(headers: &[(String, String)], delegated: bool) -> Result<(), String> {
    let values = |wanted: &'static str| {
        headers.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    values(CERTIFICATE_HEADER_NAME).try_for_each(|value| certificate(value, delegated))?;
    values(CERTIFICATE_EXPRESSION_HEADER_NAME).try_for_each(|value| expression(value))
}

fn certificate(header: &str, delegated: bool) -> Result<(), String> {
    if header.len() > MAX_CERTIFICATE {
        let length = header.len();
        return Err(format!("IC-Certificate has {length} bytes, of which {MAX_CERTIFICATE} are allowed"));
    }
    for field in header.split(',') {
        let Some((name, value)) = field.trim().split_once('=') else { continue };
        // Nothing at all is for whoever verifies to refuse.
        if let Ok(bytes) = BASE64.decode(value.trim_matches(':'))
            && !bytes.is_empty()
        {
            cbor(&bytes, delegated).map_err(|why| format!("the {name} of IC-Certificate {why}"))?;
        }
    }
    Ok(())
}

/// Whether bytes are one value of CBOR, of the kinds that certificates are made of; so is the certificate in its delegation.
fn cbor(bytes: &[u8], delegated: bool) -> Result<(), String> {
    let cut = || "breaks off".to_owned();
    let mut rest = bytes.strip_prefix(&[0xd9, 0xd9, 0xf7]).unwrap_or(bytes);
    // How many values are still to come, in each of the arrays and maps around.
    let mut open = vec![1];
    let (mut last, mut outermost): (&[u8], _) = (&[], None);
    loop {
        while open.last() == Some(&0) {
            open.pop();
        }
        let Some(left) = open.last_mut() else {
            return if rest.is_empty() { Ok(()) } else { Err("goes on after its end".into()) };
        };
        *left -= 1;
        let (kind, value, after) = head(rest).ok_or_else(cut)?;
        rest = after;
        let name = std::mem::take(&mut last);
        // A label may have any name.
        let is_key = *outermost.get_or_insert(kind) == 5 && open.len() == 2;
        match kind {
            0 => {}
            2 | 3 => {
                let length = usize::try_from(value).map_err(|_| cut())?;
                let (text, after) = rest.split_at_checked(length).ok_or_else(cut)?;
                // What is in a delegation is parsed before it is known from whom it is.
                match (text, name) {
                    (b"delegation", _) if is_key && !delegated => {
                        return Err("has a delegation, of which there is none here".into());
                    }
                    (_, b"certificate") => cbor(text, false)?,
                    _ => last = text,
                }
                rest = after;
            }
            4 => open.push(value),
            5 if value <= MAX_ENTRIES => open.push(2 * value),
            _ => return Err(format!("has a value of CBOR's kind {kind} that certificates do not have")),
        }
        if open.len() > MAX_DEPTH {
            return Err(format!("nests more than {MAX_DEPTH} deep"));
        }
    }
}

/// The head of a value (RFC 8949, section 3): its kind, its number, and what follows.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (kind, short) = (first >> 5, first & 31);
    let length = match short {
        0..24 => return Some((kind, u64::from(short), rest)),
        24..28 => 1 << (short - 24),
        _ => return None,
    };
    let (number, rest) = rest.split_at_checked(length)?;
    let number = number.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Some((kind, number, rest))
}

fn expression(header: &str) -> Result<(), String> {
    let brackets = header.bytes().filter(|byte| b"([{".contains(byte)).count();
    if header.len() > MAX_EXPRESSION || brackets > MAX_BRACKETS {
        return Err(format!(
            "IC-CertificateExpression has {} bytes and {brackets} brackets, of which {MAX_EXPRESSION} and \
             {MAX_BRACKETS} are allowed",
            header.len()
        ));
    }
    Ok(())
}

/// Whether a compressed body comes to no more than can be held; certification of version 1 covers what it comes to.
pub(super) fn body(encoding: Option<&str>, body: &[u8]) -> Result<(), String> {
    let decoded = match encoding {
        Some("gzip") => length(GzDecoder::new(body)),
        Some("deflate") => length(DeflateDecoder::new(body)),
        _ => return Ok(()),
    };
    match decoded {
        Ok(length) if length > MAX_DECODED => {
            Err(format!("the body is more than {MAX_DECODED} bytes, decoded"))
        }
        // What cannot be decoded, the library refuses.
        _ => Ok(()),
    }
}

fn length(decoder: impl Read) -> io::Result<u64> {
    io::copy(&mut decoder.take(MAX_DECODED + 1), &mut io::sink())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_cbor(bytes: &[u8]) -> Result<(), String> {
        certificate(&format!("certificate=:{}:, version=2", BASE64.encode(bytes)), false)
    }

    #[test]
    fn hostile_values_are_refused_before_they_are_parsed() {
        // Entries without end, nesting in each way there is, other kinds of values, what breaks off.
        let enormous = [&[0xbb][..], &[0x7f; 8]].concat();
        let refused = |bytes: &[u8], why: &str| {
            let found = of_cbor(bytes).unwrap_err();
            assert!(found.contains(why), "{found}");
        };
        refused(&enormous, "kind 5");
        refused(&[0x81; 1_000], "nests");
        refused(&[0xc1; 1_000], "kind 6");
        refused(&[0xf4; 1_000], "kind 7");
        refused(&[0x20], "kind 1");
        refused(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "breaks off");
        refused(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0], "breaks off");
        refused(&[0x81, 0x1f], "breaks off");
        refused(&[0x80, 0x80], "goes on");
        refused(&[&[0xa1, 0x6a][..], b"delegation", &[0xa0]].concat(), "delegation");
        assert!(certificate(&"a".repeat(MAX_CERTIFICATE + 1), false).unwrap_err().contains("65537 bytes"));
        assert!(expression(&"[".repeat(33)).unwrap_err().contains("33 brackets"));
        assert!(expression(&" ".repeat(20_000)).unwrap_err().contains("20000 bytes"));
    }

    #[test]
    fn trees_and_what_is_no_cbor_are_let_through() {
        let leaf = [0x82, 0x03, 0x41, 0x61];
        for good in [&leaf[..], &[&[0xd9, 0xd9, 0xf7, 0x83, 0x01][..], &leaf, &[0x81, 0x00]].concat()] {
            assert_eq!(of_cbor(good), Ok(()));
        }
        let labeled = [&[0x83, 0x02, 0x4a][..], b"delegation", &leaf].concat();
        assert_eq!(of_cbor(&labeled), Ok(()));
        let deep = [[0x81].repeat(200), vec![0x81, 0x00]].concat();
        assert_eq!(of_cbor(&deep), Ok(()));
        for other in ["", "version=2", "certificate=:???:", ",=,:"] {
            assert_eq!(certificate(other, false), Ok(()));
        }
    }

    #[test]
    fn the_certificate_of_a_delegation_is_looked_at_too() {
        let text = |text: &[u8]| [&[0x60 | u8::try_from(text.len()).unwrap()], text].concat();
        let of = |inner: &[u8]| {
            let inner = [&[0x58, u8::try_from(inner.len()).unwrap()], inner].concat();
            let delegation = [vec![0xa1], text(b"certificate"), inner].concat();
            let outer = [vec![0xa1], text(b"delegation"), delegation].concat();
            certificate(&format!("certificate=:{}:", BASE64.encode(outer)), true)
        };
        assert_eq!(of(&[0x82, 0x03, 0x41, 0x61]), Ok(()));
        let enormous = [&[0xbb][..], &[0x7f; 8]].concat();
        assert!(of(&enormous).unwrap_err().contains("kind 5"));
        let further = [vec![0xa1], text(b"delegation"), vec![0xa0]].concat();
        assert!(of(&further).unwrap_err().contains("delegation"));
    }

    #[test]
    fn bombs_are_not_decoded() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::copy(&mut io::repeat(0).take(MAX_DECODED + 1), &mut gzip).unwrap();
        let bomb = gzip.finish().unwrap();
        assert!(body(Some("gzip"), &bomb).unwrap_err().contains("decoded"));
        assert_eq!(body(None, &bomb), Ok(()));
        assert_eq!(body(Some("gzip"), b"no gzip"), Ok(()));
    }
}
