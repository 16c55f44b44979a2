//! What lies in images: after a 0 an EXIF block, after a 1 a colour profile.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    [0, block @ ..] => darkroom_processors::fuzzing::exif(&darkroom_codec::CODECS, block),
    [1, profile @ ..] => darkroom_codec::fuzzing::profile(profile),
    _ => {}
});
