//! Inputs that are not whole, not images, not what they are said to be, or too large.

use super::{Input, Noise, Suite};
use crate::asset::Derivative;
use crate::decode::DecodeLimits;
use crate::error::Result;
use crate::media::MediaType;
use crate::processor::RawParams;
use crate::source::Source;

impl Suite {
    /// Such inputs give errors.
    ///
    /// # Panics
    /// When they do not, and when the processor panics.
    pub fn hostile_inputs(&self) {
        let mut whole = (self.kit.fragile)();
        whole.retain(|input| self.processor.accepts(&input.media));
        assert!(!whole.is_empty(), "the processor accepts none of the inputs");
        for input in &whole {
            let made = self.run(&input.media, &input.bytes, "{}");
            assert!(made.is_ok(), "{}: {made:?}", input.name);
            self.cut(input);
            self.broken(input);
            self.foreign(input);
            let limits = DecodeLimits { pixels: input.size.area() - 1, ..DecodeLimits::default() };
            self.too_large(input, limits);
        }
        for bomb in (self.kit.bombs)().iter().filter(|bomb| self.processor.accepts(&bomb.media)) {
            self.too_large(bomb, DecodeLimits::default());
        }
    }

    /// An error wherever it is cut off, or at least nothing worse.
    fn cut(&self, Input { name, media, bytes, .. }: &Input) {
        let cuts = (0..bytes.len()).filter(|cut| *cut < 200 || cut % 61 == 0 || bytes.len() - cut < 40);
        for cut in cuts {
            let made = self.run(media, &bytes[..cut], "{}");
            // The first bytes tell what it is, and no picture is as short.
            let is_error = made.is_err() || !self.reads_all && cut > 30;
            assert!(is_error, "{name} of {} bytes cut at {cut} was taken", bytes.len());
        }
    }

    /// Either is right where bytes are changed, a panic is not.
    fn broken(&self, Input { media, bytes, .. }: &Input) {
        let mut noise = Noise::new(7, 0);
        for _ in 0..60 {
            let mut broken = bytes.clone();
            for _ in 0..3 {
                let at = noise.below(u32::try_from(bytes.len()).unwrap_or(u32::MAX)) as usize;
                broken[at] = noise.bytes()[0];
            }
            let _: Result<Derivative> = self.run(media, &broken, "{}");
        }
    }

    fn foreign(&self, Input { media, bytes, .. }: &Input) {
        let mut noise = Noise::new(8, 0);
        let garbage: Vec<u8> = (0..200).flat_map(|_| noise.bytes()).collect();
        assert_eq!(code(self.run(media, &garbage, "{}")), "not_an_image");
        let begun = [&bytes[..8], &garbage].concat();
        assert!(self.run(media, &begun, "{}").is_err(), "{media}: a beginning with garbage behind it");
        assert_eq!(code(self.run(media, b"", "{}")), "not_an_image");
        assert_eq!(code(self.run(&MediaType::OCTET_STREAM, bytes, "{}")), "unsupported_media");
        for other in [MediaType::JPEG, MediaType::PNG].iter().filter(|other| *other != media) {
            if self.processor.accepts(other) {
                assert_eq!(code(self.run(other, bytes, "{}")), "not_an_image", "{media} said to be {other}");
            }
        }
    }

    fn too_large(&self, Input { name, media, bytes, .. }: &Input, limits: DecodeLimits) {
        let source = Source::new(bytes, media.clone(), self.kit.decoder, limits);
        let made = self.processor.process(&source, &RawParams::new());
        assert_eq!(code(made), "image_too_large", "{name}");
    }
}

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "taken")
}
