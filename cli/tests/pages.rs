//! The commands of README.md and of docs/, as they are written there, run by somebody who has just got here.
//!
//! A block of commands is run unless the comment before it says why not: `<!-- not run: REASON -->`, or, of some of its
//! commands alone, ``<!-- not run (`COMMAND`): REASON -->``. Names in capitals are what a reader puts in their place.

#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use support::{Network, Place};

/// The pipelines that pages speak of without showing them.
const PIPELINES: &str = "docs/pipelines.md";

/// A fenced block of a page.
#[derive(Debug)]
struct Block {
    /// Page and line.
    at: String,
    language: String,
    text: String,
    /// Why it is not run, and which commands: all where none are named.
    skipped: Option<Vec<String>>,
}

impl Block {
    /// Its commands: one a line, longer where a quotation or a backslash goes on.
    fn commands(&self) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        let mut is_open = false;
        for line in self.text.lines() {
            let line = match self.language.as_str() {
                "console" if !is_open => match line.strip_prefix("$ ") {
                    Some(line) => line,
                    None => continue,
                },
                _ => line,
            };
            match commands.last_mut().filter(|_| is_open) {
                Some(command) => *command = format!("{command}\n{line}"),
                None => commands.push(line.to_owned()),
            }
            let command = commands.last().map_or("", String::as_str);
            is_open = command.matches('\'').count() % 2 == 1 || command.ends_with('\\');
        }
        commands
    }

    fn is_skipped(&self, command: &str) -> bool {
        let names = |some: &Vec<String>| some.is_empty() || some.iter().any(|name| command.starts_with(name));
        self.skipped.as_ref().is_some_and(names)
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn blocks(page: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(workspace().join(page)).unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    let (mut inside, mut before) = (false, "");
    for (number, line) in text.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(language) => {
                inside = true;
                blocks.push(Block {
                    at: format!("{page}:{}", number + 1),
                    language: language.to_owned(),
                    text: String::new(),
                    skipped: skipped(before),
                });
            }
            None if inside => blocks.last_mut().unwrap().text += &format!("{line}\n"),
            None => before = line,
        }
    }
    blocks
}

/// What the line before a block says of it.
fn skipped(line: &str) -> Option<Vec<String>> {
    let said = line.strip_prefix("<!-- not run")?;
    let (which, reason) = said.split_once(": ").unwrap_or_else(|| panic!("no reason: {line}"));
    assert!(reason.trim_end_matches("-->").trim().len() > 5, "no reason: {line}");
    Some(which.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// What a file in the reader's folder is to have in it: the block that begins with its name.
fn file_of(page: &str, name: &str) -> Option<String> {
    let head = format!("# {name}\n");
    blocks(page).into_iter().map(|block| block.text).find(|text| text.starts_with(&head))
}

/// Who follows a page: a folder, and the network that a command has left running.
struct Reader {
    place: Place,
    network: Option<Network>,
    /// How many commands were run.
    count: usize,
}

impl Reader {
    fn of(page: &str) -> Reader {
        let place = Place::new();
        for entry in std::fs::read_dir(workspace().join("examples/photos")).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("examples/photos/{}", path.file_name().unwrap().to_str().unwrap());
            place.file(&name, &std::fs::read(path).unwrap());
        }
        place.photo("photo.jpg", 1);
        let pipelines = file_of(page, "pipelines.toml").or_else(|| file_of(PIPELINES, "pipelines.toml"));
        place.file("pipelines.toml", pipelines.unwrap().as_bytes());
        Reader { place, network: None, count: 0 }
    }

    fn follow(&mut self, page: &str) {
        for block in blocks(page) {
            if ["sh", "console"].contains(&block.language.as_str()) {
                for command in block.commands().iter().filter(|command| !block.is_skipped(command)) {
                    self.run(command, &block.at);
                }
            }
        }
    }

    fn run(&mut self, command: &str, at: &str) {
        self.count += 1;
        let command = command.replace("cargo darkroom", "darkroom").replace("FILE", "photo.jpg");
        let command = match command.contains("ITEM") {
            true => command.replace("ITEM", &self.newest()),
            false => command,
        };
        let mut shell = self.place.shell(&command);
        if command.contains("localnet start") {
            // It goes on until Ctrl-C, which is what comes before a reader types it again.
            self.network = None;
            let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            let mut url = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
            assert!(url.starts_with("http://"), "{at}: {command}: {url}");
            self.network = Some(Network { child, url: url.trim().to_owned() });
            return;
        }
        let output = shell.output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "{at}: {command}: {}\n{}\n{}", output.status, said[0], said[1]);
    }

    /// The item that was stored last.
    fn newest(&self) -> String {
        let items = self.place.run(&["ls", "--json"]).code(0).json();
        items[0]["item"].as_str().unwrap().to_owned()
    }
}

#[test]
fn the_readme_can_be_followed() {
    let mut reader = Reader::of("README.md");
    reader.follow("README.md");
    assert_eq!(reader.count, 10);
    // They have done what the page says.
    assert!(reader.place.path("thumbnail.jpg").exists());
    let items = reader.place.run(&["ls", "--json"]).code(0).json();
    assert_eq!(items.len(), 4, "three photos, and one that is private: {items:?}");
}

#[test]
fn the_pages_can_be_followed() {
    let mut pages: Vec<String> = std::fs::read_dir(workspace().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    pages.sort();
    pages.extend(["CONTRIBUTING.md", "ARCHITECTURE.md", "localnet/README.md"].map(str::to_owned));
    let mut count = 0;
    for page in pages {
        let runs = |block: Block| {
            ["sh", "console"].contains(&block.language.as_str())
                && block.commands().iter().any(|command| !block.is_skipped(command))
        };
        if blocks(&page).into_iter().any(runs) {
            let mut reader = Reader::of(&page);
            // As the README has it.
            reader.place.run(&["run", "examples/photos"]).code(0);
            reader.follow(&page);
            count += reader.count;
        }
    }
    assert!(count >= 7, "{count} commands were run");
}

#[test]
fn the_configurations_of_pages_are_valid() {
    let mut count = 0;
    for page in ["README.md", "docs/pipelines.md", "docs/cli.md"] {
        for block in blocks(page).iter().filter(|block| block.language == "toml") {
            let place = Place::new();
            place.file("darkroom.toml", block.text.as_bytes());
            let done = place.run(&["config", "check", "darkroom.toml"]);
            assert!(done.0.status.success(), "{}: {}", block.at, done.stderr());
            count += 1;
        }
    }
    assert!(count >= 3, "{count}");
}
