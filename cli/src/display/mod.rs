//! What is seen of work on many files while it goes on, all of it on standard error: bars on a terminal, a line now and
//! then in a pipe and on a terminal that cannot move its cursor, nothing where quiet is asked for.

mod bars;
mod whole;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use darkroom_client::{Event, Unit};

use crate::commands;
use crate::error::Result;
use bars::{Bars, FileBars};
use whole::{Pace, Whole};

/// Between two lines where there are no bars.
const BEAT: Duration = Duration::from_secs(10);

/// Progress on many files.
#[derive(Debug)]
pub(crate) struct Display {
    kind: Kind,
    begun: Instant,
    whole: Mutex<Whole>,
}

#[derive(Debug)]
enum Kind {
    Bars(Bars),
    Lines,
    Nothing,
}

/// Progress on a file; its bars are gone when it is dropped, and what was not sent of it no longer counts.
#[derive(Debug)]
pub(crate) struct FileProgress<'d> {
    display: &'d Display,
    bytes: u64,
    counted: Mutex<Counted>,
    bars: Option<FileBars<'d>>,
}

/// Bytes of a file.
#[derive(Debug, Default)]
struct Counted {
    /// Those of which it is known whether they are sent; nothing before the first is.
    seen: Option<u64>,
    /// Of those, the ones that were stored before its turn.
    before: u64,
}

impl Display {
    /// For so many files with so many bytes.
    pub(crate) fn new(quiet: bool, files: usize, bytes: u64) -> Display {
        let whole = Whole::new(files, bytes);
        let kind = match Bars::new(&whole) {
            _ if quiet => Kind::Nothing,
            Some(bars) => Kind::Bars(bars),
            None => Kind::Lines,
        };
        Display { kind, begun: Instant::now(), whole: Mutex::new(whole) }
    }

    /// Says something that is good to know.
    pub(crate) fn note(&self, text: &str) {
        if !matches!(self.kind, Kind::Nothing) {
            self.alarm(text);
        }
    }

    /// Says something that has to be known.
    pub(crate) fn alarm(&self, text: &str) {
        self.aside(|| say!("{text}"));
    }

    /// Prints a result.
    pub(crate) fn print(&self, text: &str) -> Result<()> {
        self.aside(|| commands::print(text))
    }

    fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.kind {
            Kind::Bars(bars) => bars.aside(work),
            Kind::Lines | Kind::Nothing => work(),
        }
    }

    /// A file's turn has come.
    pub(crate) fn file(&self, name: &str, bytes: u64) -> FileProgress<'_> {
        let bars = match &self.kind {
            Kind::Bars(bars) => bars.file(name),
            Kind::Lines | Kind::Nothing => None,
        };
        FileProgress { display: self, bytes, counted: Mutex::default(), bars }
    }

    /// A file needs no turn.
    pub(crate) fn skip(&self, bytes: u64) {
        self.change(|whole| whole.done(bytes));
    }

    /// Waits for `work`, saying now and then how far it is where there are no bars.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + BEAT, BEAT);
        loop {
            tokio::select! {
                result = &mut work => return result,
                _ = beat.tick(), if matches!(self.kind, Kind::Lines) => {
                    let line = self.whole().line(self.begun.elapsed());
                    self.note(&line);
                }
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Whole)) {
        let mut whole = self.whole();
        change(&mut whole);
        if let Kind::Bars(bars) = &self.kind {
            bars.show(&whole);
        }
    }

    fn whole(&self) -> MutexGuard<'_, Whole> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FileProgress<'_> {
    /// Shows what happened.
    pub(crate) fn show(&self, event: &Event) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Event::Lane { done, total, unit: Unit::Bytes, .. } = event {
            let more = done.saturating_sub(counted.seen.unwrap_or_default());
            // A continued upload begins with what is there; a small one is there at once.
            if counted.seen.is_none() && done < total {
                counted.before = more;
                self.display.change(|whole| whole.leave_out(more));
            } else {
                self.display.change(|whole| whole.advance(more));
            }
            counted.seen = Some((*done).max(counted.seen.unwrap_or_default()));
        }
        if let Some(bars) = &self.bars {
            bars.show(event, counted.before);
        }
    }
}

impl Drop for FileProgress<'_> {
    fn drop(&mut self) {
        let seen = self.counted.lock().unwrap_or_else(PoisonError::into_inner).seen.unwrap_or_default();
        self.display.change(|whole| whole.done(self.bytes.saturating_sub(seen)));
    }
}
