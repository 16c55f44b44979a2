//! What every processor has to hold, as a suite that its tests call (feature `testing`).
//!
//! A processor describes itself in a [`Suite`], and one line of its tests checks everything that the contract of
//! [`Processor`](crate::processor::Processor) asks of all of them:
//!
//! ```ignore
//! darkroom_core::conformance!(darkroom_thumbnail::conformance::SUITE);
//! ```
//!
//! | test | what must hold |
//! |---|---|
//! | `the_same_bytes_everywhere` | the same input and params give the same bytes, twice and as in the golden file |
//! | `params_are_checked` | defaults, canonical form and schema agree; what the schema refuses is refused, with the name |
//! | `hostile_inputs_are_errors` | empty, cut off, broken, foreign and huge inputs give errors and no panic |
//! | `it_asks_for_what_it_announced` | pixels are requested as announced, so that stages can share a decode |
//! | `it_says_what_it_makes` | the media type that is declared is that of the bytes |
//!
//! [`Suite::table`] makes all outputs on whatever machine it runs on, a canister for one, to be held against
//! [`Suite::recorded`].

mod hostile;
mod noise;
mod outputs;
mod params;
mod seeds;
#[cfg(test)]
mod tests;

use crate::asset::Derivative;
use crate::decode::{Decode, DecodeLimits};
use crate::error::Result;
use crate::media::MediaType;
use crate::pixels::Size;
use crate::processor::{Descriptor, RawParams};
use crate::source::Source;

pub use noise::Noise;
pub use seeds::{over_seeds, write_seed};

/// A processor and what is expected of it.
pub struct Suite {
    /// The processor.
    pub processor: &'static Descriptor,
    /// What it is tried with.
    pub kit: &'static Kit,
    /// Params to run with, as JSON; the first is `{}`.
    pub params: &'static [&'static str],
    /// Params that are refused, each with a part of the message.
    pub refused: &'static [(&'static str, &'static str)],
    /// Whether it reads its source to the end, so that one that is cut off anywhere is an error.
    pub reads_all: bool,
    /// The golden file: for each input and params a line with the output's SHA-256.
    pub goldens: &'static str,
    /// Where it lies, for writing it anew with `UPDATE_GOLDENS=1`.
    pub goldens_path: &'static str,
}

/// What processors are tried with, by whoever has image formats to offer.
pub struct Kit {
    /// Reads the inputs.
    pub decoder: &'static dyn Decode,
    /// The inputs of which goldens are made; small and large, of every shape.
    pub inputs: fn() -> Vec<Input>,
    /// Small whole files, which are cut off and broken.
    pub fragile: fn() -> Vec<Input>,
    /// Small files that say they are larger than any limit.
    pub bombs: fn() -> Vec<Input>,
}

/// An input.
pub struct Input {
    /// Short and unique.
    pub name: &'static str,
    /// What it is.
    pub media: MediaType,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its upright size.
    pub size: Size,
}

impl Suite {
    /// Runs the processor; `params` is JSON.
    ///
    /// # Errors
    /// Whatever the processor says.
    ///
    /// # Panics
    /// When `params` is no JSON object.
    pub fn run(&self, media: &MediaType, bytes: &[u8], params: &str) -> Result<Derivative> {
        let source = Source::new(bytes, media.clone(), self.kit.decoder, DecodeLimits::default());
        self.processor.process(&source, &raw(params))
    }

    /// The inputs that the processor accepts.
    fn inputs(&self) -> Vec<Input> {
        let mut inputs = (self.kit.inputs)();
        inputs.retain(|input| self.processor.accepts(&input.media));
        inputs
    }
}

/// Params from a test's JSON.
#[expect(clippy::expect_used, reason = "for tests, which fail where it panics")]
fn raw(json: &str) -> RawParams {
    serde_json::from_str(json).expect("params are a JSON object")
}

/// The tests of a `Suite` (feature `testing`), for a file of a processor's `tests`. A closure of input, params (JSON) and
/// output may look at each output.
#[macro_export]
macro_rules! conformance {
    ($suite:expr) => {
        $crate::conformance!($suite, |_, _, _| ());
    };
    ($suite:expr, $check:expr) => {
        #[test]
        fn the_same_bytes_everywhere() {
            $suite.goldens($check);
        }

        #[test]
        fn params_are_checked() {
            $suite.params();
        }

        #[test]
        fn hostile_inputs_are_errors() {
            $suite.hostile_inputs();
        }

        #[test]
        fn it_asks_for_what_it_announced() {
            $suite.requests();
        }

        #[test]
        fn it_says_what_it_makes() {
            $suite.media();
        }
    };
}
