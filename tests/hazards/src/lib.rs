//! The Darkroom canister with a processor that its tests tell to fail in one way or another, and with the template's.

// Its endpoints are the module's.
use darkroom_canister as _;
use darkroom_core::asset::{Derivative, Image};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::Size;
use darkroom_core::processor::{Descriptor, Params, Processor};
use darkroom_core::source::Source;
use darkroom_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Has the template's crate linked, which registers itself.
#[used]
static EXAMPLE: &Descriptor = &darkroom_example::PROCESSOR;

/// Gives its source back, or fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hazard;

/// How it fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HazardParams {
    /// What it does.
    pub how: How,
}

impl Params for HazardParams {
    fn validate(&self) -> std::result::Result<(), String> {
        Ok(())
    }
}

/// What it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Nothing of the kind.
    #[default]
    Not,
    /// Says what is wrong.
    Error,
    /// Panics.
    Panic,
    /// Goes on for ever.
    Loop,
    /// Takes memory for ever.
    Allocate,
}

impl Processor for Hazard {
    type Params = HazardParams;
    type Output = Image;
    const ID: &'static str = "hazard";
    const VERSION: u32 = 1;
    const ACCEPTS: &'static [MediaType] = &[MediaType::JPEG];

    fn process(&self, source: &Source<'_>, params: &HazardParams) -> Result<Derivative<Size>> {
        match params.how {
            How::Not => {}
            How::Error => {
                let reason = "it was told to".to_owned();
                return Err(Error::ProcessorFailed { processor: Self::ID.to_owned(), reason });
            }
            How::Panic => panic!("it was told to panic"),
            How::Loop => {
                let mut count = 0u64;
                loop {
                    count = std::hint::black_box(count.wrapping_add(1));
                }
            }
            How::Allocate => loop {
                let block: Vec<u8> = Vec::with_capacity(1 << 28);
                std::mem::forget(std::hint::black_box(block));
            },
        }
        Ok(Derivative { media: MediaType::JPEG, bytes: source.bytes().to_vec(), meta: source.size()? })
    }
}

darkroom_core::register_processor!(Hazard);
