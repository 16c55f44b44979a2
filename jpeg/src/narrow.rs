//! Numbers cut to fewer bits, where the place that does it knows that they fit or that cutting is meant.

/// The lower eight bits.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what this is for")]
pub(crate) const fn low8(value: u16) -> u8 {
    value as u8
}

/// The lower sixteen bits.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what this is for")]
pub(crate) const fn low16(value: i32) -> i16 {
    value as i16
}

/// The nearest byte.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "it is a byte by then")]
pub(crate) const fn byte(value: i16) -> u8 {
    let value = if value < 0 { 0 } else { value };
    (if value > 255 { 255 } else { value }) as u8
}

/// The nearest number of 16 bits.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "it is one by then")]
pub(crate) const fn word(value: i32) -> i16 {
    let value = if value < -32_768 { -32_768 } else { value };
    (if value > 32_767 { 32_767 } else { value }) as i16
}
