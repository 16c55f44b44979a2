//! The suite finds what it is there to find: processors that break the contract in one way each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::asset::{Derivative, Image};
use crate::cost::Cost;
use crate::decode::DecodePlan;
use crate::error::Error;
use crate::pixels::{PixelFormat, Pixels};
use crate::processor::{Params, Processor};

/// Pictures of 2 x 2: eight letters, then eight bytes.
const PICTURE: &[u8; 16] = b"picture:01234567";

struct Letters;

impl Decode for Letters {
    fn size(&self, _: &MediaType, bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
        if !bytes.starts_with(&PICTURE[..8]) {
            return Err(Error::NotAnImage { reason: "no letters".to_owned() });
        }
        if limits.pixels < 4 {
            return Err(Error::ImageTooLarge { what: "pixels", found: 4, allowed: limits.pixels });
        }
        Ok(Size::new(2, 2))
    }

    fn decode(&self, media: &MediaType, bytes: &[u8], _: Size, limits: DecodeLimits) -> Result<Pixels> {
        let size = self.size(media, bytes, limits)?;
        let is_whole = bytes.len() == PICTURE.len() && bytes[8..].iter().all(u8::is_ascii_digit);
        if !is_whole {
            return Err(Error::Damaged { format: "letters", reason: format!("{} bytes", bytes.len()) });
        }
        Pixels::new(size, PixelFormat::Rgb8, vec![bytes[8]; 12])
    }

    fn plan(
        &self,
        media: &MediaType,
        bytes: &[u8],
        requests: &[Size],
        limits: DecodeLimits,
    ) -> Result<DecodePlan> {
        let size = self.size(media, bytes, limits)?;
        Ok(DecodePlan { size, decoded: vec![size; requests.len()], kept: 12, cost: Cost::default() })
    }
}

fn inputs() -> Vec<Input> {
    vec![Input { name: "one", media: MediaType::JPEG, bytes: PICTURE.to_vec(), size: Size::new(2, 2) }]
}

static KIT: Kit = Kit { decoder: &Letters, inputs, fragile: inputs, bombs: Vec::new };

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Level {
    /// From 1 to 9.
    #[schemars(range(min = 1, max = 9))]
    level: u32,
}

impl Default for Level {
    fn default() -> Self {
        Level { level: 5 }
    }
}

impl Params for Level {
    fn validate(&self) -> std::result::Result<(), String> {
        match self.level {
            1..=9 => Ok(()),
            other => Err(format!("level is {other}; 1 to 9 are allowed")),
        }
    }
}

/// The same without a range.
#[derive(Serialize, Deserialize, Default, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Lax {
    /// From 1 to 9.
    #[schemars(range(min = 1, max = 9))]
    level: u32,
}

impl Params for Lax {
    fn validate(&self) -> std::result::Result<(), String> {
        Ok(())
    }
}

macro_rules! processor {
    ($type:ident, $params:ty, $request:expr, $process:expr) => {
        #[derive(Default)]
        struct $type;
        impl Processor for $type {
            type Params = $params;
            type Output = Image;
            const ID: &'static str = "letters";
            const VERSION: u32 = 1;
            const ACCEPTS: &'static [MediaType] = &[MediaType::JPEG];
            fn process(&self, source: &Source<'_>, _: &$params) -> Result<Derivative<Size>> {
                let process: fn(&Source<'_>) -> Result<Derivative<Size>> = $process;
                process(source)
            }
            fn request(&self, _: Size, _: &$params) -> Option<Size> {
                Some($request)
            }
        }
        impl $type {
            const SUITE: Suite = {
                static DESCRIPTOR: Descriptor = Descriptor::of::<$type>();
                Suite {
                    processor: &DESCRIPTOR,
                    kit: &KIT,
                    params: &["{}"],
                    refused: &[],
                    reads_all: true,
                    // SHA-256 of a JPEG's first bytes and the picture's first digit.
                    goldens: "1c516e0ad5d7500037db059992771becacd52a028d0411742aaa3f83f6f8fc1f one {}\n",
                    goldens_path: "",
                }
            };
        }
    };
}

fn jpeg(last: u8) -> Derivative<Size> {
    Derivative { media: MediaType::JPEG, bytes: vec![0xff, 0xd8, 0xff, last], meta: Size::new(2, 2) }
}

const ASKED: Size = Size { width: 2, height: 2 };

processor!(Good, Level, ASKED, |source| Ok(jpeg(source.pixels(ASKED)?.data()[0])));
processor!(Changed, Level, ASKED, |source| Ok(jpeg(source.pixels(ASKED)?.data()[0] + 1)));
processor!(Moody, Level, ASKED, |source| {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    source.pixels(ASKED)?;
    Ok(jpeg(RUNS.fetch_add(1, Ordering::Relaxed).to_le_bytes()[0]))
});
processor!(Boundless, Lax, ASKED, |source| Ok(jpeg(source.pixels(ASKED)?.data()[0])));
processor!(Liar, Level, ASKED, |source| {
    Ok(Derivative { media: MediaType::PNG, ..jpeg(source.pixels(ASKED)?.data()[0]) })
});
processor!(Careless, Level, ASKED, |source| Ok(jpeg(source.bytes()[8])));
processor!(Greedy, Level, Size { width: 1, height: 1 }, |source| {
    Ok(jpeg(source.pixels(ASKED)?.data()[0]))
});

type Check = fn(&Suite);

const CHECKS: [(&str, Check); 5] = [
    ("goldens", |suite| suite.goldens(|_, _, _| ())),
    ("params", Suite::params),
    ("hostile inputs", Suite::hostile_inputs),
    ("requests", Suite::requests),
    ("media", Suite::media),
];

fn failed(suite: &Suite) -> Vec<&'static str> {
    let fails = |check: Check| catch_unwind(AssertUnwindSafe(|| check(suite))).is_err();
    CHECKS.into_iter().filter(|(_, check)| fails(*check)).map(|(name, _)| name).collect()
}

#[test]
fn each_breach_of_the_contract_fails_its_check() {
    for (suite, expected) in [
        (Good::SUITE, &[][..]),
        (Changed::SUITE, &["goldens"]),
        (Moody::SUITE, &["goldens", "requests"]),
        (Boundless::SUITE, &["params"]),
        (Liar::SUITE, &["media"]),
        (Careless::SUITE, &["hostile inputs"]),
        (Greedy::SUITE, &["requests"]),
    ] {
        assert_eq!(failed(&suite), expected, "{}", suite.goldens);
    }
}
