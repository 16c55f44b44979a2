//! How many messages with many bytes may be on their way at once: it follows what the network takes.
//!
//! The window starts at [`START`] and moves by what becomes of messages, as TCP's does. Each one delivered while
//! the window was full adds a place until [`THRESHOLD`] is reached, which doubles the window from one round to the
//! next; from there a whole window of them adds one. A message that is turned away for overload halves it, and from
//! there it grows slowly; all messages that were sent before a cut count as one sign. It is never below 1, nor
//! above the most places that it is to have.
//!
//! This file decides and knows neither time nor tasks; `gate.rs` makes tasks wait.

mod gate;

pub(crate) use gate::{Gate, Pass};

/// Places at the start.
pub(crate) const START: usize = 4;
/// Up to here the window doubles from round to round at the start.
pub(crate) const THRESHOLD: usize = 16;
/// The most places unless fewer are asked for: at 1.9 MB each, with the copies that encoding and signing make, some
/// 600 MB. One upload alone has not so many of those.
pub(crate) const MOST: usize = 64;

/// The window.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    size: usize,
    /// The most places.
    most: usize,
    threshold: usize,
    /// Delivered since the window last grew, above the threshold.
    credit: usize,
    /// Messages with smaller numbers were sent before the last cut.
    cut_at: u64,
}

impl Window {
    /// A window of so many places at most, at least 1.
    pub(crate) fn new(most: usize) -> Window {
        let most = most.max(1);
        Window { size: START.min(most), most, threshold: THRESHOLD, credit: 0, cut_at: 0 }
    }

    /// Messages that may be on their way.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// A message got through. `full` says whether as many were on their way as may be: what was never tried is
    /// not known to work.
    pub(crate) fn delivered(&mut self, full: bool) {
        if !full || self.size >= self.most {
            return;
        }
        if self.size < self.threshold {
            self.size += 1;
            return;
        }
        self.credit += 1;
        if self.credit >= self.size {
            self.size += 1;
            self.credit = 0;
        }
    }

    /// Message `number` was turned away for overload; `next` is the number that the next message will have.
    pub(crate) fn overloaded(&mut self, number: u64, next: u64) {
        if number < self.cut_at {
            return;
        }
        self.size = (self.size / 2).max(1);
        self.threshold = self.size;
        self.credit = 0;
        self.cut_at = next;
    }
}

#[cfg(test)]
mod tests;
