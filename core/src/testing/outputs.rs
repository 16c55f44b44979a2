//! What is made: goldens, media types, requests.

use std::fmt::Write as _;

use super::{Input, Suite, raw};
use crate::asset::Derivative;
use crate::decode::{Decode, DecodeLimits, DecodePlan};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::media::MediaType;
use crate::pixels::{Pixels, Size};
use crate::source::Source;

impl Suite {
    /// The name (input and params) and SHA-256 of each output, made here and now. On every machine it is
    /// [`recorded`](Suite::recorded).
    ///
    /// # Errors
    /// Whatever the processor says.
    pub fn table(&self) -> Result<Vec<(String, Digest)>> {
        let mut table = Vec::new();
        for input in self.inputs() {
            for params in self.params {
                let output = self.run(&input.media, &input.bytes, params)?;
                table.push((format!("{} {params}", input.name), Digest::of(&output.bytes)));
            }
        }
        Ok(table)
    }

    /// The name and SHA-256 (in hexadecimal) of each output, as the golden file has them.
    pub fn recorded(&self) -> Vec<(&'static str, &'static str)> {
        let lines = self.goldens.lines().filter_map(|line| line.split_once(' '));
        lines.map(|(digest, name)| (name, digest)).collect()
    }

    /// Same bytes, same params: same output, now and as recorded. `check` looks at each input, params and
    /// output.
    ///
    /// # Panics
    /// When the outputs are not those of the golden file.
    #[expect(clippy::unwrap_used, clippy::panic, reason = "for tests, which fail where it panics")]
    pub fn goldens(&self, check: impl Fn(&Input, &str, &Derivative)) {
        let mut found = String::new();
        for input in self.inputs() {
            for params in self.params {
                let output = self
                    .run(&input.media, &input.bytes, params)
                    .unwrap_or_else(|error| panic!("{} with {params}: {error}", input.name));
                let again = self.run(&input.media, &input.bytes, params).unwrap();
                assert_eq!(output, again, "{} with {params}: twice is not the same", input.name);
                check(&input, params, &output);
                writeln!(found, "{} {} {params}", Digest::of(&output.bytes), input.name).unwrap();
            }
        }
        assert!(!found.is_empty(), "the processor accepts none of the inputs");
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            std::fs::write(self.goldens_path, &found).unwrap();
        } else {
            assert_eq!(found, self.goldens, "other bytes: a higher VERSION, then UPDATE_GOLDENS=1");
        }
    }

    /// The media type that is declared is that of the bytes, as far as they tell.
    ///
    /// # Panics
    /// When it is not.
    #[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
    pub fn media(&self) {
        for input in self.inputs() {
            for params in self.params {
                let output = self.run(&input.media, &input.bytes, params).unwrap();
                let (declared, found) = (&output.media, MediaType::sniff(&output.bytes));
                let name = input.name;
                assert!(!output.bytes.is_empty(), "{name} with {params}: no bytes");
                if found.is_some() || declared.as_str().starts_with("image/") {
                    assert_eq!(found.as_ref(), Some(declared), "{name} with {params}");
                }
                if declared.as_str() == "application/json" {
                    let json: std::result::Result<serde_json::Value, _> =
                        serde_json::from_slice(&output.bytes);
                    assert!(json.is_ok(), "{name} with {params}: {json:?}");
                }
            }
        }
    }

    /// A processor asks its source for what it announced, once.
    ///
    /// # Panics
    /// When it does not.
    #[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
    pub fn requests(&self) {
        let limits = DecodeLimits::default();
        let decoder = self.kit.decoder;
        for input in self.inputs() {
            for params in self.params.iter().map(|params| raw(params)) {
                let request = self.processor.request(input.size, &params).unwrap();
                let source =
                    || Source::new(&input.bytes, input.media.clone(), decoder, limits).with_requests(request);
                let alone = self.processor.process(&source(), &params).unwrap();
                // A decoder that refuses everything: all that is asked for has to be there.
                let decoded = source().decode();
                let nothing = Nothing(decoder);
                let given = Source::new(&input.bytes, input.media.clone(), &nothing, limits);
                let made = self.processor.process(&given.with_decoded(decoded), &params);
                assert_eq!(made.as_ref(), Ok(&alone), "{} {params:?}: it asked for more", input.name);
            }
        }
    }
}

/// Tells sizes, and decodes nothing.
struct Nothing(&'static dyn Decode);

impl Decode for Nothing {
    fn size(&self, media: &MediaType, bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
        self.0.size(media, bytes, limits)
    }

    fn decode(&self, _: &MediaType, _: &[u8], at_least: Size, _: DecodeLimits) -> Result<Pixels> {
        let reason = format!("{}x{} was not announced", at_least.width, at_least.height);
        Err(Error::ProcessorFailed { processor: "nothing".to_owned(), reason })
    }

    fn plan(
        &self,
        media: &MediaType,
        bytes: &[u8],
        requests: &[Size],
        limits: DecodeLimits,
    ) -> Result<DecodePlan> {
        self.0.plan(media, bytes, requests, limits)
    }
}
