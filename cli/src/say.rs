//! What is said on standard error. Whether anybody can read it is no reason to end the work.

use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether only failures are to be said; that is for the whole process.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on only failures are said.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Says a line.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    // Whole, so that it stays whole between those of other processes.
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Says a line unless only failures are to be said.
pub(crate) fn note(text: fmt::Arguments<'_>) {
    if !QUIET.load(Ordering::Relaxed) {
        line(text);
    }
}

/// Says a line that has to be known.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::line(format_args!($($text)*)) };
}

/// Says a line that is good to know.
macro_rules! note {
    ($($text:tt)*) => { $crate::say::note(format_args!($($text)*)) };
}
