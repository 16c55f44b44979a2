//! What every processor has to hold, as a suite that its tests call.
//!
//! A processor's `src/conformance.rs` (feature `testing`) describes it in a [`Suite`], and its
//! `tests/conformance.rs` has a test for each of the methods, which panic with what they found, as tests do.
//! [`Suite::table`] makes all outputs on whatever machine it runs on, a canister for one, to be compared with
//! [`Suite::recorded`].

use std::fmt::Write as _;

use darkroom_core::Digest;
use darkroom_core::asset::Derivative;
use darkroom_core::decode::{Decode, DecodeLimits, DecodePlan};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{Pixels, Size};
use darkroom_core::processor::{Descriptor, RawParams};
use darkroom_core::source::Source;
use darkroom_core::{Error, Result};

use super::noise::Noise;
use super::{photo, photo_with_orientation, png, png_with_alpha, scene};
use crate::CODECS;

/// A processor and what is expected of it.
pub struct Suite {
    /// The processor.
    pub processor: &'static Descriptor,
    /// Params to run with, as JSON; the first is `{}`.
    pub params: &'static [&'static str],
    /// The names of all params, in their order of declaration.
    pub names: &'static [&'static str],
    /// Params that are refused, each with a part of the message.
    pub refused: &'static [(&'static str, &'static str)],
    /// The golden file: for each params and [input](inputs) a line with the output's SHA-256.
    pub goldens: &'static str,
    /// Where it lies, for writing it anew with `UPDATE_GOLDENS=1`.
    pub goldens_path: &'static str,
}

/// A generated input.
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

/// The inputs that goldens are made of.
///
/// # Panics
/// Never.
#[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
pub fn inputs() -> Vec<Input> {
    let input =
        |name, media, bytes, width, height| Input { name, media, bytes, size: Size::new(width, height) };
    let jpeg = |name, width, height, quality| {
        input(name, MediaType::JPEG, photo(width, height, quality, 1), width, height)
    };
    let opaque = png(&scene(Size::new(417, 233), 3)).unwrap();
    vec![
        jpeg("large", 1301, 867, 92),
        jpeg("portrait", 480, 641, 85),
        jpeg("small", 40, 30, 90),
        jpeg("dot", 1, 1, 90),
        jpeg("strip", 1500, 3, 90),
        input("turned", MediaType::JPEG, photo_with_orientation(600, 401, 88, 2, 6), 600, 401),
        input("opaque-png", MediaType::PNG, opaque, 417, 233),
        input("alpha-png", MediaType::PNG, png_with_alpha(300, 420, 4), 300, 420),
    ]
}

impl Suite {
    /// Runs the processor; `params` is JSON.
    ///
    /// # Errors
    /// Whatever the processor says.
    ///
    /// # Panics
    /// When `params` is no JSON object.
    #[expect(clippy::expect_used, reason = "for tests, which fail where it panics")]
    pub fn run(&self, media: &MediaType, bytes: &[u8], params: &str) -> Result<Derivative> {
        let params: RawParams = serde_json::from_str(params).expect("params are a JSON object");
        let source = Source::new(bytes, media.clone(), &CODECS, DecodeLimits::default());
        self.processor.process(&source, &params)
    }

    /// The name (input and params) and SHA-256 of each output, made here and now. On every machine it is
    /// [`recorded`](Suite::recorded).
    ///
    /// # Errors
    /// Whatever the processor says.
    pub fn table(&self) -> Result<Vec<(String, Digest)>> {
        let mut table = Vec::new();
        for input in inputs() {
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
        for input in inputs() {
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
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            std::fs::write(self.goldens_path, &found).unwrap();
        } else {
            assert_eq!(found, self.goldens, "other bytes: a higher VERSION, then UPDATE_GOLDENS=1");
        }
    }

    /// A processor asks its source for what it announced, once, and keeps to the limit of what is made.
    ///
    /// # Panics
    /// When it does not.
    #[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
    pub fn requests(&self) {
        for input in inputs() {
            for params in self.params {
                let params: RawParams = serde_json::from_str(params).unwrap();
                let request = self.processor.request(input.size, &params).unwrap();
                let source = || {
                    let source =
                        Source::new(&input.bytes, input.media.clone(), &CODECS, DecodeLimits::default());
                    source.with_requests(request)
                };
                let alone = self.processor.process(&source(), &params).unwrap();
                // A decoder that refuses everything: all that is asked for has to be there.
                let decoded = source().decode();
                let given = Source::new(&input.bytes, input.media.clone(), &Nothing, DecodeLimits::default());
                let made = self.processor.process(&given.with_decoded(decoded), &params);
                assert_eq!(made.as_ref(), Ok(&alone), "{} {params:?}: it asked for more", input.name);
            }
        }
    }

    /// Params have defaults, a canonical form that stands for itself, and refusals that help.
    ///
    /// # Panics
    /// When they do not.
    #[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
    pub fn params(&self) {
        let parse = |json: &str| serde_json::from_str::<RawParams>(json).unwrap();
        let refusal = |json: &str| match self.processor.canonical_params(&parse(json)) {
            Err(Error::InvalidParams { processor, reason }) if processor == self.processor.id() => reason,
            other => format!("not refused: {json}: {other:?}"),
        };
        for params in self.params {
            let canonical = self.processor.canonical_params(&parse(params)).unwrap();
            let order: Vec<_> =
                self.names.iter().map(|name| canonical.find(&format!("\"{name}\":"))).collect();
            assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{canonical}");
            assert_eq!(parse(&canonical).len(), self.names.len(), "{canonical}");
            assert_eq!(self.processor.canonical_params(&parse(&canonical)).unwrap(), canonical);
        }
        let unknown = refusal(r#"{"no_such_param":1}"#);
        for name in self.names.iter().chain(&["no_such_param"]) {
            assert!(unknown.contains(&format!("`{name}`")), "{unknown}");
        }
        for (params, part) in self.refused {
            let reason = refusal(params);
            assert!(reason.contains(part), "{params}: {reason}");
        }
    }

    /// Inputs that are not whole, not images, not what they are said to be or too large give errors.
    ///
    /// # Panics
    /// When they do not, and when the processor panics.
    pub fn hostile_inputs(&self) {
        let whole = [
            (MediaType::JPEG, photo_with_orientation(120, 80, 70, 5, 8)),
            (MediaType::PNG, png_with_alpha(61, 40, 6)),
        ];
        for (media, bytes) in &whole {
            assert!(self.run(media, bytes, "{}").is_ok());
            let cuts = (0..bytes.len()).filter(|cut| *cut < 200 || cut % 61 == 0 || bytes.len() - cut < 40);
            for cut in cuts {
                let result = self.run(media, &bytes[..cut], "{}");
                assert!(result.is_err(), "{media} of {} bytes cut at {cut} was taken", bytes.len());
            }
            let mut noise = Noise::new(7, 0);
            for _ in 0..60 {
                let mut broken = bytes.clone();
                for _ in 0..3 {
                    let at = noise.below(u32::try_from(bytes.len()).unwrap_or(u32::MAX)) as usize;
                    broken[at] = noise.bytes()[0];
                }
                // Either is right, a panic is not.
                let _: Result<Derivative> = self.run(media, &broken, "{}");
            }
            let garbage: Vec<u8> = (0..200).flat_map(|_| noise.bytes()).collect();
            assert_eq!(code(self.run(media, &garbage, "{}")), "not_an_image");
            let begun = [&bytes[..8], &garbage].concat();
            assert!(self.run(media, &begun, "{}").is_err());
            assert_eq!(code(self.run(media, b"", "{}")), "not_an_image");
            assert_eq!(code(self.run(&MediaType::OCTET_STREAM, bytes, "{}")), "unsupported_media");

            let limits = DecodeLimits { pixels: 1000, ..DecodeLimits::default() };
            let source = Source::new(bytes, media.clone(), &CODECS, limits);
            assert_eq!(code(self.processor.process(&source, &RawParams::new())), "image_too_large");
        }
        let [(jpeg, photo), (png, _)] = &whole;
        assert_eq!(code(self.run(png, photo, "{}")), "not_an_image", "{jpeg} said to be {png}");
    }
}

/// Tells sizes, and decodes nothing.
struct Nothing;

impl Decode for Nothing {
    fn size(&self, media: &MediaType, bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
        CODECS.size(media, bytes, limits)
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
        CODECS.plan(media, bytes, requests, limits)
    }
}

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "taken")
}
