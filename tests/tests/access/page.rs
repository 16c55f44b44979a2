//! The tables as `docs/security.md` has them.

use crate::callers::Caller;
use crate::http::paths;
use crate::table::{INSTALL, Kind, Row, SIGNS, TIMER, rows};

const BEGIN: &str =
    "<!-- The tables from here on are made by: DARKROOM_BLESS=1 cargo test --workspace --test access -->\n";
const END: &str = "<!-- Here they end. -->\n";

fn line(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    format!("| {} |\n", cells.join(" | "))
}

fn heads(first: &[&str]) -> String {
    let names = first.iter().copied().chain(Caller::ALL.map(Caller::name));
    let names: Vec<String> = names.map(str::to_owned).collect();
    format!("{}|{}\n", line(names.clone()), "---|".repeat(names.len()))
}

fn name(row: &Row) -> String {
    match row.label {
        INSTALL => INSTALL.to_owned(),
        TIMER => format!("`{TIMER}`"),
        label => match label.split_once(' ') {
            Some((method, rest)) => format!("`{method}` {rest}"),
            None => format!("`{label}`"),
        },
    }
}

fn cells(kinds: &[Kind]) -> String {
    let mut text = heads(&[if kinds.contains(&Kind::Query) { "query" } else { "update" }, "of"]);
    let mut last = "";
    for row in rows().iter().filter(|row| kinds.contains(&row.kind)) {
        let shown = if row.label == last { String::new() } else { name(row) };
        last = row.label;
        let signs = row.signs.iter().map(|sign| match sign.strip_suffix('!') {
            Some(sign) => format!("**{sign}**"),
            None => (*sign).to_owned(),
        });
        text += &line([shown, row.subject()].into_iter().chain(signs));
    }
    text
}

fn over_http() -> String {
    let mut text = "| path | | `GET` | `HEAD` | others |\n|---|---|---|---|---|\n".to_owned();
    let mut last = "";
    for path in paths() {
        let shown = match path.name {
            name if name == last => String::new(),
            name if name.starts_with('/') => format!("`{name}`"),
            name => name.to_owned(),
        };
        last = path.name;
        let statuses = path.statuses.map(|status| status.to_string());
        text += &line([shown, path.what.to_owned()].into_iter().chain(statuses));
    }
    text
}

fn made() -> String {
    let signs: String =
        SIGNS.iter().map(|(sign, _, text)| line([(*sign).to_owned(), (*text).to_owned()])).collect();
    let updates = cells(&[Kind::Update, Kind::Management, Kind::Own]);
    let queries = cells(&[Kind::Query]);
    format!("\n| | |\n|---|---|\n{signs}\n{updates}\n{queries}\n{}\n", over_http())
}

#[test]
fn docs_security_md_has_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/security.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("docs/security.md has no mark where the tables begin");
    let (found, after) = rest.split_once(END).expect("docs/security.md has no mark where the tables end");
    let made = made();
    if std::env::var_os("DARKROOM_BLESS").is_some() {
        std::fs::write(path, [before, BEGIN, &made, END, after].concat()).unwrap();
        return;
    }
    assert!(
        found == made,
        "docs/security.md differs from the table; DARKROOM_BLESS=1 writes it anew:\n{made}"
    );
}
