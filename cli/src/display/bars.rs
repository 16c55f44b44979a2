//! Bars on a terminal: one for each lane of the files in flight, and below them one for the whole. Without colours.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use darkroom_client::{Event, Unit};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::{Pace, Whole};
use crate::text::{self, printable};

/// Columns and rows where the terminal does not say.
const USUAL: (u16, u16) = (80, 24);
/// Rows that a file's lanes usually take.
const ROWS: usize = 2;
/// The most files that have bars; the bar for the whole counts all.
const FILES: usize = 8;
/// Between two looks at speed and time left while nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// All bars.
#[derive(Debug)]
pub(super) struct Bars {
    all: MultiProgress,
    whole: ProgressBar,
    layout: Layout,
    /// How many more files may have bars.
    room: AtomicUsize,
}

/// A file's bars; gone when they are dropped.
#[derive(Debug)]
pub(super) struct FileBars<'b> {
    bars: &'b Bars,
    file: String,
    begun: Instant,
    lanes: Mutex<BTreeMap<usize, ProgressBar>>,
}

/// What fits beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Wide,
    Medium,
    Narrow,
}

impl Bars {
    /// Bars on standard error, where that is a terminal that can move its cursor.
    pub(super) fn new(whole: &Whole) -> Option<Bars> {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        if all.is_hidden() {
            return None;
        }
        let size = rustix::termios::tcgetwinsize(std::io::stderr());
        let size = size.map(|size| (size.ws_col, size.ws_row)).unwrap_or(USUAL);
        let (columns, rows) = if size.0 == 0 || size.1 == 0 { USUAL } else { size };
        let layout = Layout::of(columns);
        let bar = all.add(hidden(whole.bytes));
        bar.set_prefix(prefix(whole));
        bar.set_style(style(layout, Unit::Bytes, Instant::now(), 0));
        bar.enable_steady_tick(TICK);
        let room = (usize::from(rows).saturating_sub(2) / ROWS).clamp(1, FILES);
        let bars = Bars { all, whole: bar, layout, room: AtomicUsize::new(room) };
        bars.show(whole);
        Some(bars)
    }

    /// Does something else with the terminal.
    pub(super) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.all.suspend(work)
    }

    /// Shows how far all is.
    pub(super) fn show(&self, whole: &Whole) {
        self.whole.set_prefix(prefix(whole));
        self.whole.set_length(whole.bytes);
        self.whole.set_position(whole.bytes_done);
    }

    /// Bars for a file, unless there are as many as fit.
    pub(super) fn file(&self, name: &str) -> Option<FileBars<'_>> {
        let one_less = |room: usize| room.checked_sub(1);
        self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).ok()?;
        let file = shortened(&printable(name), self.layout.name());
        Some(FileBars { bars: self, file, begun: Instant::now(), lanes: Mutex::default() })
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.whole.finish_and_clear();
    }
}

impl FileBars<'_> {
    /// Shows what happened; so many bytes of the file were stored before its turn.
    pub(super) fn show(&self, event: &Event, before: u64) {
        let Event::Lane { index, name, what, done, total, unit } = event else { return };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if !lanes.contains_key(index) {
            // Lanes stand in the order of the pipeline, whichever moves first.
            let below = lanes.range(index..).next().map_or(&self.bars.whole, |(_, below)| below);
            let bar = self.bars.all.insert_before(below, hidden(*total));
            bar.set_style(style(self.bars.layout, *unit, self.begun, before));
            bar.set_prefix(format!("{} {name}", self.file));
            lanes.insert(*index, bar);
        }
        if let Some(bar) = lanes.get(index) {
            bar.set_position(*done);
            bar.set_message(what.clone());
        }
    }
}

impl Drop for FileBars<'_> {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        for bar in std::mem::take(&mut *lanes).values() {
            bar.finish_and_clear();
            self.bars.all.remove(bar);
        }
        self.bars.room.fetch_add(1, Ordering::Relaxed);
    }
}

impl Layout {
    fn of(columns: u16) -> Layout {
        match columns {
            110.. => Layout::Wide,
            60.. => Layout::Medium,
            _ => Layout::Narrow,
        }
    }

    /// Characters of a file's name.
    fn name(self) -> usize {
        match self {
            Layout::Wide => 28,
            Layout::Medium => 16,
            Layout::Narrow => 10,
        }
    }
}

fn prefix(whole: &Whole) -> String {
    format!("{} of {}", whole.files_done, text::count(whole.files, "file"))
}

/// A bar that is not seen before it has its place among the others.
fn hidden(length: u64) -> ProgressBar {
    ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden())
}

fn style(layout: Layout, unit: Unit, begun: Instant, before: u64) -> ProgressStyle {
    let bytes = unit == Unit::Bytes;
    let template = match layout {
        Layout::Wide if bytes => {
            "{prefix:40!} [{bar:20}] {decimal_bytes:>9}/{decimal_total_bytes:<9} {speed:>11} {left:>6} {wide_msg}"
        }
        Layout::Wide => "{prefix:40!} [{bar:20}] {pos:>9}/{len:<9} {wide_msg}",
        Layout::Medium if bytes => "{prefix:28!} [{wide_bar}] {percent:>3}% {speed:>11} {left:>6}",
        Layout::Medium => "{prefix:28!} [{wide_bar}] {percent:>3}% {pos:>11}/{len:<6}",
        Layout::Narrow => "{prefix:22!} {percent:>3}%",
    };
    let pace = move |state: &ProgressState| {
        let (position, length) = (state.pos(), state.len().unwrap_or_default());
        Pace::of(position.saturating_sub(before), length.saturating_sub(before), begun.elapsed())
    };
    let speed = move |state: &ProgressState, out: &mut dyn Write| {
        // A terminal that takes nothing is no concern of a bar.
        let _ = pace(state).map_or(Ok(()), |pace| write!(out, "{}/s", text::bytes(pace.speed)));
    };
    let left = move |state: &ProgressState, out: &mut dyn Write| {
        let _ = pace(state).map_or(Ok(()), |pace| write!(out, "{} s", pace.left.as_secs()));
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("speed", speed).with_key("left", left).progress_chars("=> ")
}

/// A name in so many characters; what tells files apart is often at the end, so the middle goes.
fn shortened(name: &str, length: usize) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= length {
        return name.to_owned();
    }
    let end = length / 2;
    let start = length - end - 1;
    let part = |part: &[char]| part.iter().collect::<String>();
    format!("{}\u{2026}{}", part(&characters[..start]), part(&characters[characters.len() - end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_start_and_end() {
        assert_eq!(shortened("IMG_0001.jpg", 12), "IMG_0001.jpg");
        assert_eq!(shortened("holidays-in-spain-0001.jpg", 12), "holid\u{2026}01.jpg");
        assert_eq!(shortened("ünïcödé-näme.jpg", 5), "ün\u{2026}pg");
    }

    #[test]
    fn every_layout_has_a_style() {
        for (columns, layout) in [(200, Layout::Wide), (80, Layout::Medium), (40, Layout::Narrow)] {
            assert_eq!(Layout::of(columns), layout);
            for unit in [Unit::Bytes, Unit::Steps] {
                style(layout, unit, Instant::now(), 0);
            }
        }
    }
}
