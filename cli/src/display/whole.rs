//! How far all files together are.

use std::time::Duration;

use crate::text;

/// Counts of files and bytes. Bytes that need not be sent do not count, so that speed and time left are those of what
/// has to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) files: usize,
    pub(crate) files_done: usize,
    pub(crate) bytes: u64,
    pub(crate) bytes_done: u64,
}

impl Whole {
    pub(crate) fn new(files: usize, bytes: u64) -> Whole {
        Whole { files, files_done: 0, bytes, bytes_done: 0 }
    }

    /// Bytes were stored.
    pub(crate) fn advance(&mut self, bytes: u64) {
        self.bytes_done += bytes;
    }

    /// A file is done with; so many of its bytes were not sent.
    pub(crate) fn done(&mut self, not_sent: u64) {
        self.files_done += 1;
        self.leave_out(not_sent);
    }

    /// Bytes need not be sent.
    pub(crate) fn leave_out(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes).max(self.bytes_done);
    }

    /// A line about it, after so much time.
    pub(crate) fn line(&self, elapsed: Duration) -> String {
        let Whole { files, files_done, bytes, bytes_done } = *self;
        let mut line = format!("{files_done} of {}", text::count(files, "file"));
        if let Some(Pace { speed, left }) = Pace::of(bytes_done, bytes, elapsed) {
            let (done, all, speed) = (text::bytes(bytes_done), text::bytes(bytes), text::bytes(speed));
            line += &format!(", {done} of {all}, {speed}/s, {} s left", left.as_secs());
        }
        line
    }
}

/// How fast it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Bytes per second, on average.
    pub(crate) speed: u64,
    /// Until it is done, if it goes on like this.
    pub(crate) left: Duration,
}

impl Pace {
    /// That of so many bytes of so many in such a time; unknown before there are some.
    pub(crate) fn of(done: u64, all: u64, elapsed: Duration) -> Option<Pace> {
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let speed = done.saturating_mul(1000) / millis;
        let seconds = all.saturating_sub(done).checked_div(speed)?;
        Some(Pace { speed, left: Duration::from_secs(seconds) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_how_fast_and_how_long_it_will_take() {
        let mut whole = Whole::new(4, 50_000_000);
        assert_eq!(whole.line(Duration::from_secs(1)), "0 of 4 files");
        whole.done(10_000_000);
        whole.advance(10_000_000);
        let line = whole.line(Duration::from_secs(2));
        assert_eq!(line, "1 of 4 files, 10.0 MB of 40.0 MB, 5.0 MB/s, 6 s left");
    }

    #[test]
    fn files_that_turn_out_larger_or_empty_do_not_break_it() {
        let mut whole = Whole::new(1, 0);
        whole.advance(5);
        whole.done(3);
        assert_eq!(whole.bytes, 5);
        assert!(whole.line(Duration::ZERO).ends_with("0 s left"));
    }
}
