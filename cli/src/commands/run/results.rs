//! What came of each file, as a table and a line that sums it up.

use std::time::Instant;

use darkroom_client::{FailedStage, Outcome};
use darkroom_core::asset::ORIGINAL;

use crate::args::Run;
use crate::commands::print;
use crate::connection::Connection;
use crate::error::Result;
use crate::text;

/// So many files get a row for each of their assets; of more, each gets one row.
const IN_DETAIL: usize = 12;

/// What came of the files.
#[derive(Debug)]
pub(super) struct Results {
    begun: Instant,
    files: usize,
    rows: Rows,
    uploaded: usize,
    stored_before: usize,
    failed: usize,
    cut_off: usize,
    /// Files of which an optional asset could not be made.
    without: usize,
    /// Paths that lead to a file which another path leads to.
    repeated: usize,
    sent: u64,
}

/// By the file's place among those that were given.
#[derive(Debug)]
enum Rows {
    Detailed(Vec<(usize, String, Outcome)>),
    Short(Vec<(usize, [String; 6], Vec<String>)>),
}

impl Results {
    /// For so many files, so many paths that are none and have failed, and so many that name a file once more.
    pub(super) fn new(files: usize, failed: usize, repeated: usize) -> Results {
        let rows = if files <= IN_DETAIL { Rows::Detailed(Vec::new()) } else { Rows::Short(Vec::new()) };
        Results {
            begun: Instant::now(),
            files: files + failed,
            rows,
            uploaded: 0,
            stored_before: 0,
            failed,
            cut_off: 0,
            without: 0,
            repeated,
            sent: 0,
        }
    }

    /// A file is stored.
    pub(super) fn stored(&mut self, connection: &Connection, index: usize, file: &str, outcome: Outcome) {
        if outcome.already_stored {
            self.stored_before += 1;
        } else {
            self.uploaded += 1;
        }
        self.sent += outcome.sent;
        self.without += usize::from(!outcome.failed.is_empty());
        match &mut self.rows {
            Rows::Detailed(rows) => rows.push((index, file.to_owned(), outcome)),
            Rows::Short(rows) => {
                rows.push((index, short(connection, file, &outcome), lacks(file, &outcome)));
            }
        }
    }

    pub(super) fn failed(&mut self) {
        self.failed += 1;
    }

    /// Files were in flight when there was no more time.
    pub(super) fn cut_off(&mut self, files: usize) {
        self.cut_off += files;
    }

    pub(super) fn is_complete(&self) -> bool {
        self.uploaded + self.stored_before == self.files
    }

    pub(super) fn is_nothing_stored(&self) -> bool {
        self.uploaded + self.stored_before == 0
    }

    /// Prints the table, unless scripts or nobody reads, and the line.
    pub(super) fn show(&mut self, connection: &Connection, args: &Run) -> Result<()> {
        if args.quiet {
            return Ok(());
        }
        if args.json {
            say!("{}", self.sum());
            return Ok(());
        }
        match &mut self.rows {
            Rows::Detailed(rows) if rows.is_empty() => {}
            Rows::Short(rows) if rows.is_empty() => {}
            Rows::Detailed(rows) => {
                rows.sort_by_key(|(index, _, _)| *index);
                detailed(connection, rows)?;
            }
            Rows::Short(rows) => {
                rows.sort_by_key(|(index, _, _)| *index);
                let rows = std::mem::take(rows).into_iter();
                let (rows, lacks): (_, Vec<_>) = rows.map(|(_, row, lacks)| (row, lacks)).unzip();
                print(&text::table(["FILE", "ITEM", "SIZE", "BYTES", "TIME", "URL"], rows, &[3, 4]))?;
                lacks.iter().flatten().for_each(|text| say!("{text}"));
            }
        }
        print(&self.sum())?;
        if connection.endpoint.is_embedded() && !self.is_nothing_stored() {
            say!("to open the URLs, start the network that serves them: cargo darkroom localnet start");
        }
        Ok(())
    }

    fn sum(&self) -> String {
        let tried = self.uploaded + self.stored_before + self.failed + self.cut_off;
        let not_tried = self.files.saturating_sub(tried);
        let counts = [
            (self.uploaded, "uploaded"),
            (self.stored_before, "stored before"),
            (self.failed, "failed"),
            (self.cut_off, "stored in part"),
            (not_tried, "not tried"),
            (self.repeated, "named more than once"),
            (self.without, "without what is optional"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        let sent = if self.uploaded + self.cut_off == 0 {
            ", nothing sent".to_owned()
        } else {
            format!("; {} in {}", text::bytes(self.sent), text::duration(self.begun.elapsed()))
        };
        let more =
            if not_tried > 0 && self.failed > 0 { "; --keep-going goes on after a failure" } else { "" };
        format!("{}: {}{sent}{more}", text::count(self.files, "file"), counts.join(", "))
    }
}

fn short(connection: &Connection, file: &str, outcome: &Outcome) -> [String; 6] {
    let original = outcome.assets.iter().find(|asset| asset.name == ORIGINAL);
    [
        file.to_owned(),
        outcome.item.clone(),
        original.map_or_else(String::new, |asset| text::size(asset.width, asset.height)),
        text::bytes(outcome.assets.iter().map(|asset| asset.bytes).sum()),
        if outcome.already_stored { "before".to_owned() } else { text::duration(outcome.elapsed) },
        connection.asset_url(&outcome.item, ORIGINAL),
    ]
}

/// A row for each asset, then a line for each file.
fn detailed(connection: &Connection, stored: &[(usize, String, Outcome)]) -> Result<()> {
    let mut rows = Vec::new();
    for (_, file, outcome) in stored {
        for (index, asset) in outcome.assets.iter().enumerate() {
            rows.push([
                if index == 0 { file.clone() } else { String::new() },
                asset.name.clone(),
                text::size(asset.width, asset.height),
                text::bytes(asset.bytes),
                asset.sha256.to_string().chars().take(12).collect(),
                connection.asset_url(&outcome.item, &asset.name),
            ]);
        }
    }
    let header = ["FILE", "ASSET", "SIZE", "BYTES", "SHA-256", "URL"];
    print(&text::table(header, rows, &[3]))?;
    print("")?;
    for (_, file, outcome) in stored {
        print(&format!("{} is item {} ({})", text::printable(file), outcome.item, how(outcome)))?;
        lacks(file, outcome).iter().for_each(|text| say!("{text}"));
    }
    Ok(())
}

/// What is optional and could not be made of a file, a line each.
fn lacks(file: &str, outcome: &Outcome) -> Vec<String> {
    let file = text::printable(file);
    let line = |failed: &FailedStage| format!("{file}: without `{}`: {}", failed.asset, failed.message);
    outcome.failed.iter().map(line).collect()
}

/// How it came to be stored.
fn how(outcome: &Outcome) -> String {
    if outcome.already_stored {
        return "stored before".to_owned();
    }
    let lanes = outcome.lanes.iter().map(|lane| format!("{} {}", lane.name, text::duration(lane.elapsed)));
    let lanes: Vec<_> = lanes.collect();
    let sent = resumed(outcome).unwrap_or_default();
    format!("{}, lanes: {}{sent}", text::duration(outcome.elapsed), lanes.join(", "))
}

/// How much of a continued upload had to be sent.
fn resumed(outcome: &Outcome) -> Option<String> {
    let size = outcome.assets.iter().find(|asset| asset.name == ORIGINAL)?.bytes;
    let sent = || format!(", continued: sent {} of {}", text::bytes(outcome.sent), text::bytes(size));
    (outcome.sent < size).then(sent)
}
