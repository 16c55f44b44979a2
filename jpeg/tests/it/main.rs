//! Tests of the decoder as its callers see it.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]
#![expect(clippy::cast_possible_truncation, reason = "files are made of numbers that are known to fit")]

mod damage;
mod forms;
mod goldens;
mod many;
mod peers;
mod support;
