//! Progress on a terminal: a bar for each lane of each file in flight. Elsewhere nothing.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use darkroom_client::{Event, Unit};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::commands;
use crate::error::Result;
use crate::text::printable;

/// The bars of all files.
#[derive(Debug)]
pub(crate) struct Bars(MultiProgress);

/// The bars of a file; gone when it is dropped.
#[derive(Debug)]
pub(crate) struct FileBars<'a> {
    all: &'a Bars,
    file: String,
    lanes: Mutex<HashMap<usize, ProgressBar>>,
}

/// Characters of a file's name beside a bar.
const NAME: usize = 28;

impl Bars {
    /// Bars on standard error, where that is a terminal.
    pub(crate) fn new() -> Bars {
        Bars(MultiProgress::with_draw_target(ProgressDrawTarget::stderr()))
    }

    /// Says something without disturbing the bars.
    pub(crate) fn say(&self, text: &str) {
        self.0.suspend(|| eprintln!("{text}"));
    }

    /// Prints a result without disturbing the bars.
    pub(crate) fn print(&self, text: &str) -> Result<()> {
        self.0.suspend(|| commands::print(text))
    }

    pub(crate) fn file(&self, path: &Path) -> FileBars<'_> {
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
        let name = printable(&name);
        let file = if name.chars().count() > NAME {
            let start: String = name.chars().take(NAME - 1).collect();
            format!("{start}\u{2026}")
        } else {
            name
        };
        FileBars { all: self, file, lanes: Mutex::new(HashMap::new()) }
    }
}

impl FileBars<'_> {
    /// Shows what happened.
    pub(crate) fn show(&self, event: Event) {
        let Event::Lane { index, name, what, done, total, unit } = event else { return };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = lanes.entry(index).or_insert_with(|| {
            let count = match unit {
                Unit::Bytes => "{decimal_bytes:>10}/{decimal_total_bytes:<10}",
                Unit::Steps => "{pos:>10}/{len:<10}",
            };
            let template = format!("{{prefix:40}} [{{bar:24}}] {count} {{msg}}");
            let style =
                ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(total).with_style(style.progress_chars("=> "));
            bar.set_prefix(format!("{} {}", self.file, name));
            self.all.0.add(bar)
        });
        bar.set_position(done);
        bar.set_message(what);
    }
}

impl Drop for FileBars<'_> {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, bar) in lanes.drain() {
            bar.finish_and_clear();
            self.all.0.remove(&bar);
        }
    }
}
