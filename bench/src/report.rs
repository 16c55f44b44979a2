//! The tables, in Markdown.

use crate::large::{Growth, Large, Parts, Steps};
use crate::levels::Levels;
use crate::meter::Sizes;
use crate::serving::Served;

const MIB: f64 = 1_048_576.0;

/// Instructions per MiB of large files: Darkroom, then the asset canister with its own and with the client's hash.
pub(crate) fn large(bytes: u64, darkroom: &Large, computed: &Large, trusted: &Large) {
    println!("Instructions per MiB, in millions:\n");
    println!("| step | Darkroom | asset canister, hashing | ratio | asset canister, trusting | ratio |");
    println!("|---|---|---|---|---|---|");
    type Step = (&'static str, fn(&Large) -> u64);
    let steps: [Step; 7] = [
        ("put_chunk, in order", |large| large.in_order.put),
        ("put_chunk, last chunk first", |large| large.reversed.put),
        ("finish, after chunks in order", |large| large.in_order.finish),
        ("finish, after the last chunk first", |large| large.reversed.finish),
        ("whole upload, in order", |large| Steps::upload(&large.in_order)),
        ("whole upload, last chunk first", |large| Steps::upload(&large.reversed)),
        ("delete", |large| large.in_order.delete),
    ];
    for (name, step) in steps {
        let [ours, computed, trusted] =
            [darkroom, computed, trusted].map(|large| per_mib(step(large), bytes));
        let cell = |theirs: f64| format!("{} | {}", millions(theirs), ratio(ours, theirs));
        println!("| {name} | {} | {} | {} |", millions(ours), cell(computed), cell(trusted));
    }
}

/// Bytes of memory per MiB of large files.
pub(crate) fn memory(bytes: u64, darkroom: &Large, assets: &Large) {
    println!("\nBytes of memory that were added per MiB:\n");
    println!("| step | Darkroom, stable | Darkroom, heap | asset canister, stable | asset canister, heap |");
    println!("|---|---|---|---|---|");
    type Step = (&'static str, fn(&Growth) -> Sizes);
    let steps: [Step; 3] = [
        ("put_chunk", |growth| growth.put),
        ("finish", |growth| growth.finish),
        ("delete", |growth| growth.delete),
    ];
    let row = |name: &str, sizes: [Sizes; 2]| {
        let cells = sizes.map(|sizes| {
            let cell = |size: u64| grouped(round(per_mib(size, bytes)));
            format!("{} | {}", cell(sizes.stable), cell(sizes.heap))
        });
        println!("| {name} | {} | {} |", cells[0], cells[1]);
    };
    for (name, step) in steps {
        row(name, [step(&darkroom.first), step(&assets.first)]);
    }
    row("put_chunk, once all was deleted", [darkroom.again.put, assets.again.put]);
}

/// What `put_chunk` is made of, per byte.
pub(crate) fn parts(parts: &Parts, theirs: f64) {
    println!("\nDarkroom's put_chunk in instructions per byte:\n");
    println!("| part | instructions per byte |");
    println!("|---|---|");
    let rows = [
        ("decoding and copying the message", parts.decode),
        ("SHA-256 of the chunk", parts.hash),
        ("writing and bookkeeping", parts.write),
        ("rolling hash", parts.rolling),
        ("all", parts.total()),
        ("all but hashing (aim: at most 10)", parts.besides()),
    ];
    for (name, instructions) in rows {
        println!("| {name} | {:.2} |", per_byte(instructions, parts.bytes));
    }
    println!("| the asset canister's create_chunk, for comparison | {theirs:.2} |");
}

/// The cost of one more small file at each level.
pub(crate) fn levels(size: usize, all: &[(&str, &Levels)]) {
    println!("\nInstructions of one more file of {} bytes:\n", grouped(size as u64));
    println!("| canister | assets | begin | put_chunk | finish | get | delete | stable MiB | heap MiB |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, levels) in all {
        for level in &levels.reached {
            let costs = [level.assets, level.begin, level.put, level.finish, level.get, level.delete];
            let cells = costs.map(grouped).join(" | ");
            let mib = |bytes: u64| format!("{:.1}", bytes as f64 / MIB);
            println!("| {name} | {cells} | {} | {} |", mib(level.sizes.stable), mib(level.sizes.heap));
        }
    }
    for (name, levels) in all {
        if let Some(stopped) = &levels.stopped {
            println!("\n{name} stopped {stopped}");
        }
    }
}

/// What serving costs, and what it takes to have a file served.
pub(crate) fn served(size: usize, large: usize, all: &[(&str, Vec<Served>)]) {
    let (size, large) = (grouped(size as u64), grouped(large as u64));
    println!(
        "\nInstructions of a GET of {size} bytes, of one that finds them unchanged, of the answers that a file of"
    );
    println!("{large} bytes takes per MiB, and of adding {size} bytes in three messages and in one:\n");
    println!("| canister | assets | GET | unchanged | large, per MiB | add | add at once |");
    println!("|---|---|---|---|---|---|---|");
    for (name, levels) in all {
        for level in levels {
            let unchanged = level.unchanged.map_or("no 304".to_owned(), grouped);
            let cells = [
                grouped(level.assets),
                grouped(level.get),
                unchanged,
                grouped(round(level.per_byte * MIB)),
                grouped(level.add),
                grouped(level.add_at_once),
            ];
            println!("| {name} | {} |", cells.join(" | "));
        }
    }
}

fn per_byte(value: u64, bytes: u64) -> f64 {
    value as f64 / bytes as f64
}

fn per_mib(value: u64, bytes: u64) -> f64 {
    per_byte(value, bytes) * MIB
}

fn millions(value: f64) -> String {
    let millions = value / 1e6;
    if millions < 1.0 { format!("{millions:.4}") } else { format!("{millions:.2}") }
}

fn ratio(ours: f64, theirs: f64) -> String {
    format!("{:.2}", ours / theirs)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes, which are small and positive"
)]
fn round(value: f64) -> u64 {
    value.round() as u64
}

/// A number with commas between its thousands.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
