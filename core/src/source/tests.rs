//! What is decoded, and how often.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::cost::Cost;
use crate::error::Error;
use crate::pixels::PixelFormat;

/// A format of three bytes: width, height, and the number of requests that are more than it can do at once. It
/// decodes to the size that is asked for.
#[derive(Default)]
pub(crate) struct Fake {
    /// How often bytes were read.
    pub(crate) decodes: AtomicU32,
}

impl Fake {
    fn header(bytes: &[u8]) -> Result<(Size, usize)> {
        match *bytes {
            [width, height, most] => Ok((Size::new(width.into(), height.into()), most.into())),
            _ => Err(Error::NotAnImage { reason: format!("{} bytes", bytes.len()) }),
        }
    }

    fn pixels(size: Size) -> Result<Pixels> {
        Pixels::new(size, PixelFormat::Rgb8, vec![7; (size.width * size.height * 3) as usize])
    }
}

impl Decode for Fake {
    fn size(&self, _: &MediaType, bytes: &[u8], _: DecodeLimits) -> Result<Size> {
        Ok(Fake::header(bytes)?.0)
    }

    fn decode(&self, _: &MediaType, bytes: &[u8], at_least: Size, _: DecodeLimits) -> Result<Pixels> {
        self.decodes.fetch_add(1, Ordering::Relaxed);
        Fake::header(bytes)?;
        Fake::pixels(at_least)
    }

    fn decode_many(
        &self,
        _: &MediaType,
        bytes: &[u8],
        requests: &[Size],
        _: DecodeLimits,
    ) -> Result<Vec<Arc<Pixels>>> {
        self.decodes.fetch_add(1, Ordering::Relaxed);
        let (_, most) = Fake::header(bytes)?;
        if requests.len() > most {
            return Err(Error::Damaged { format: "fake", reason: "too many at once".to_owned() });
        }
        requests.iter().map(|request| Fake::pixels(*request).map(Arc::new)).collect()
    }

    fn plan(&self, _: &MediaType, bytes: &[u8], requests: &[Size], _: DecodeLimits) -> Result<DecodePlan> {
        let (size, _) = Fake::header(bytes)?;
        let kept = requests.iter().map(|request| request.area()).sum();
        let cost = Cost { instructions: 100, memory: kept };
        Ok(DecodePlan { size, decoded: requests.to_vec(), kept, cost })
    }
}

const REQUESTS: [Size; 3] = [Size::new(40, 30), Size::new(10, 10), Size::new(40, 30)];

fn source<'a>(bytes: &'a [u8], fake: &'a Fake) -> Source<'a> {
    Source::new(bytes, MediaType::JPEG, fake, DecodeLimits::default()).with_requests(REQUESTS)
}

fn decodes(fake: &Fake) -> u32 {
    fake.decodes.load(Ordering::Relaxed)
}

#[test]
fn what_was_announced_is_decoded_once() {
    let fake = Fake::default();
    let source = source(&[80, 60, 9], &fake);
    assert_eq!(source.requests(), [Size::new(40, 30), Size::new(10, 10)]);
    for request in REQUESTS {
        assert_eq!(source.pixels(request).unwrap().size(), request);
    }
    assert_eq!(decodes(&fake), 1);
    // What nobody announced takes a decode of its own.
    assert_eq!(source.pixels(Size::new(5, 5)).unwrap().size(), Size::new(5, 5));
    assert_eq!(decodes(&fake), 2);
}

#[test]
fn where_all_together_fail_each_is_decoded_alone() {
    let fake = Fake::default();
    let source = source(&[80, 60, 1], &fake);
    for request in REQUESTS {
        assert_eq!(source.pixels(request).unwrap().size(), request);
    }
    // Once all together, then each request that came.
    assert_eq!(decodes(&fake), 4);
    assert!(source.decode().is_empty());
}

#[test]
fn what_was_decoded_can_be_handed_on() {
    let (fake, other) = (Fake::default(), Fake::default());
    let decoded = source(&[80, 60, 9], &fake).decode();
    let next = source(&[80, 60, 9], &other).with_decoded(decoded);
    for request in REQUESTS {
        assert_eq!(next.pixels(request).unwrap().size(), request);
    }
    assert_eq!((decodes(&fake), decodes(&other)), (1, 0));
}

#[test]
fn a_known_digest_is_not_computed() {
    let fake = Fake::default();
    assert_eq!(source(b"abc", &fake).digest(), Digest::of(b"abc"));
    assert_eq!(source(b"abc", &fake).with_digest(Digest([1; 32])).digest(), Digest([1; 32]));
}
