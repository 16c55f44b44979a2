//! Each cell of the table, asked.

use candid::{Encode, Principal};
use darkroom_api as api;
use darkroom_tests::{Darkroom, without};

use crate::callers::Caller;
use crate::calls::{argument, read};
use crate::table::{Answer, Cell, Kind, Row, Subject, rows};
use crate::world::{Things, World};

/// What lets a node refuse messages before they are executed.
const INSPECTION: &str = "canister_inspect_message";

/// All that differs from the table.
struct Findings<'a> {
    world: &'a World,
    /// Whether messages are looked at before they are executed.
    inspected: bool,
    wrong: Vec<String>,
    cells: u32,
}

impl Findings<'_> {
    /// Asks every cell of a row: first those that are refused, which must not change anything; then the others, each of
    /// a thing of its own.
    fn row(&mut self, row: &Row) {
        for subject in row.subjects {
            let expected = |caller| (caller, self.expected(row, caller));
            let (refused, done): (Vec<_>, Vec<_>) =
                Caller::ALL.into_iter().map(expected).partition(|(_, cell)| !changes(row, *cell));
            let before = self.seen(*subject);
            for (caller, cell) in refused {
                self.cell(row, *subject, caller, cell, self.world.things(caller));
            }
            if self.seen(*subject) != before {
                self.wrong
                    .push(format!("{} {subject:?}: a refused call has changed what is stored", row.label));
            }
            for (caller, cell) in done {
                self.cell(row, *subject, caller, cell, &self.world.fresh(caller, *subject));
            }
        }
    }

    fn cell(&mut self, row: &Row, subject: Subject, caller: Caller, cell: Cell, things: &Things) {
        self.cells += 1;
        let expected = match (cell.answer, cell.before) {
            // It traps where it is executed.
            (Answer::Trap, true) => (api::code::FORBIDDEN.to_owned(), true),
            (answer, before) => (answer.text().to_owned(), before),
        };
        for found in self.ask(row, subject, caller, things) {
            if found != expected {
                self.wrong
                    .push(format!("{} {subject:?} by {caller:?}: {found:?}, not {expected:?}", row.label));
            }
        }
    }

    /// What a cell answers in each of the ways in which it can be asked.
    fn ask(&self, row: &Row, subject: Subject, caller: Caller, things: &Things) -> Vec<(String, bool)> {
        let darkroom = &self.world.darkroom;
        let sender = caller.principal(darkroom);
        if row.kind == Kind::Management {
            return self.install(sender).map(|answer| (answer.text().to_owned(), false)).into();
        }
        let argument = argument(self.world, row, subject, things);
        let read = |reply| read(row, things, subject, reply);
        let updated = darkroom.network.update_call(darkroom.id, sender, row.method(), argument.clone());
        let mut found = vec![read(updated)];
        if row.kind == Kind::Query {
            found.push(read(darkroom.network.query_call(darkroom.id, sender, row.method(), argument)));
        }
        found
    }

    /// Installs into another canister of the controller's, and upgrades this one.
    fn install(&self, sender: Principal) -> [Answer; 2] {
        let Darkroom { network, id, owner } = &self.world.darkroom;
        let module = || darkroom_wasm::CANISTER.to_vec();
        let args = || Encode!(&None::<api::InitArgs>).unwrap();
        let empty = network.create_canister_with_settings(Some(*owner), None);
        network.add_cycles(empty, 10_000_000_000_000);
        // Of an empty canister what `install` does, for which the crate has no answer but a panic.
        let installed = network.reinstall_canister(empty, module(), args(), Some(sender));
        let upgraded = network.upgrade_canister(*id, module(), args(), Some(sender));
        [installed, upgraded].map(|done| if done.is_ok() { Answer::Ok } else { Answer::No })
    }

    /// What the table says under the canister's `access`, of a module that looks at messages or does not.
    fn expected(&self, row: &Row, caller: Caller) -> Cell {
        let caller = if row.kind == Kind::Own { caller } else { caller.under(&self.world.access) };
        match (self.inspected, caller) {
            (true, _) => row.cell(caller),
            // It is a stranger to the endpoints.
            (false, Caller::Anonymous) => Cell { before: false, ..row.cell(Caller::Stranger) },
            (false, _) => Cell { before: false, ..row.cell(caller) },
        }
    }

    /// All that there is to see of what calls name, and of how much there is.
    fn seen(&self, subject: Subject) -> (api::Usage, Vec<Seen>) {
        let darkroom = &self.world.darkroom;
        let seen = |owner: Caller| {
            let (caller, things) = (owner.principal(darkroom), self.world.things(owner));
            let args = api::ListTokens { item: None, after: None, limit: None };
            let tokens = darkroom.query_as(caller, "list_tokens", (args,));
            let Some(thing) = things.find(subject) else { return (None, None, tokens) };
            let item = darkroom.query_as(caller, "item", (&thing.item,));
            (Some(item), Some(darkroom.status_as(caller, thing.session)), tokens)
        };
        (darkroom.usage_as(darkroom.owner), [Caller::Owner, Caller::Removed].map(seen).into())
    }
}

/// An item, its session, and tokens.
type Seen =
    (Option<api::Result<api::Item>>, Option<api::Result<api::SessionStatus>>, api::Result<api::TokenPage>);

/// Whether a call may change something.
fn changes(row: &Row, cell: Cell) -> bool {
    row.kind != Kind::Query && cell.answer == Answer::Ok
}

/// Asks every cell of a module under an `access`, where that is not the list of the table.
fn ask(module: &[u8], inspected: bool, access: Option<api::Access>) {
    let world = World::new(module, access);
    let mut findings = Findings { world: &world, inspected, wrong: Vec::new(), cells: 0 };
    // An upgrade is the platform's to refuse, and would bring the inspection back.
    for row in rows().iter().filter(|row| inspected || row.kind != Kind::Management) {
        findings.row(row);
    }
    let Findings { wrong, cells, .. } = findings;
    println!("{cells} cells, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn under_a_list() {
    ask(darkroom_wasm::CANISTER, true, None);
}

#[test]
fn under_controllers() {
    ask(darkroom_wasm::CANISTER, true, Some(api::Access::Controllers));
}

#[test]
fn under_authenticated() {
    ask(darkroom_wasm::CANISTER, true, Some(api::Access::Authenticated));
}

/// Calls of canisters, and those that a dishonest node lets pass, come as they are.
fn ask_executed(access: Option<api::Access>) {
    ask(&without(darkroom_wasm::CANISTER, INSPECTION), false, access);
}

#[test]
fn executed_under_a_list() {
    ask_executed(None);
}

#[test]
fn executed_under_controllers() {
    ask_executed(Some(api::Access::Controllers));
}

#[test]
fn executed_under_authenticated() {
    ask_executed(Some(api::Access::Authenticated));
}
