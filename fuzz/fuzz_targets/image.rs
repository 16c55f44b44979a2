//! Images through every processor: a byte picks the processor, one its params, the rest is the image.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    darkroom_processors::fuzzing::image(&darkroom_codec::CODECS, data);
});
