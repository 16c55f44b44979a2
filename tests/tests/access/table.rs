//! The table: what every endpoint answers every kind of caller, where `access` is a list that has uploader, owner and
//! other owner. `docs/security.md` has what is here, and `cells.rs` tests each cell.

use crate::callers::Caller;

/// How an endpoint is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An update.
    Update,
    /// A query, which may be called as an update too.
    Query,
    /// The canister's own, not in `darkroom.did`.
    Own,
    /// The platform's.
    Management,
}

/// What a call names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Nothing of anybody's.
    Nothing,
    /// A published public item, and the session of its original.
    Public,
    /// A published private item, and the session of its original.
    Private,
    /// An item that misses a chunk of its original and a derivative, and its session.
    Open,
    /// An item that misses nothing but `finish_upload`.
    Full,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Subject::Nothing => "",
            Subject::Public => "public",
            Subject::Private => "private",
            Subject::Open => "unpublished",
            Subject::Full => "unfinished",
        }
    }
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done or answered.
    Ok,
    /// Refused with this code.
    Code(&'static str),
    /// A trap.
    Trap,
    /// Refused by the platform.
    No,
    /// What is named is in the list.
    Listed,
    /// What is named is not in the list.
    Absent,
}

impl Answer {
    /// The code of a refusal, or a word.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Answer::Ok => "ok",
            Answer::Code(code) => code,
            Answer::Trap => "trap",
            Answer::No => "no",
            Answer::Listed => "listed",
            Answer::Absent => "not listed",
        }
    }
}

/// How the table writes answers.
pub(crate) const SIGNS: [(&str, Answer, &str); 12] = [
    ("ok", Answer::Ok, "it is done, or answered"),
    ("F", Answer::Code("forbidden"), "`forbidden`"),
    ("N", Answer::Code("item_not_found"), "`item_not_found`, the same of an item that never was"),
    ("S", Answer::Code("session_not_found"), "`session_not_found`, the same of a session that never was"),
    ("T", Answer::Code("token_not_found"), "`token_not_found`, the same of a token that never was"),
    ("P", Answer::Code("item_published"), "`item_published`: it no longer changes"),
    ("U", Answer::Code("item_public"), "`item_public`: it needs no token"),
    ("D", Answer::Code("item_not_published"), "`item_not_published`: it may still change"),
    ("in", Answer::Listed, "what is named is listed"),
    ("out", Answer::Absent, "what is named is not listed"),
    ("trap", Answer::Trap, "a trap"),
    ("no", Answer::No, "refused by the platform"),
];

/// What one caller gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// What the endpoint answers.
    pub(crate) answer: Answer,
    /// Whether a message from outside is refused with it before it is executed.
    pub(crate) before: bool,
}

/// What one endpoint answers where it names one kind of thing.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// How it is called.
    pub(crate) kind: Kind,
    /// The endpoint, and what of it where it has several rows of the same things.
    pub(crate) label: &'static str,
    /// What is named.
    pub(crate) subjects: &'static [Subject],
    /// The cells as they are written.
    pub(crate) signs: Vec<&'static str>,
    /// By caller, in the order of [`Caller::ALL`].
    pub(crate) cells: Vec<Cell>,
}

impl Row {
    /// What a caller gets.
    pub(crate) fn cell(&self, caller: Caller) -> Cell {
        let place = Caller::ALL.iter().position(|other| *other == caller);
        self.cells[place.unwrap_or_else(|| panic!("{caller:?} has no column"))]
    }

    /// The endpoint.
    pub(crate) fn method(&self) -> &'static str {
        match self.kind {
            Kind::Own => self.label,
            _ => self.label.split(' ').next().unwrap_or_default(),
        }
    }

    /// What is named, as a text; nothing for nothing.
    pub(crate) fn subject(&self) -> String {
        self.subjects.iter().map(|subject| subject.name()).collect::<Vec<_>>().join(", ")
    }
}

/// The timers' endpoint.
pub(crate) const TIMER: &str = "run_task";
/// Stands for an installation and an upgrade, which are calls of the platform.
pub(crate) const INSTALL: &str = "install, upgrade";

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    use Kind::{Management, Own, Query, Update};
    use Subject::{Full, Nothing, Open, Private, Public};
    const NONE: &[Subject] = &[Nothing];
    // In this order: anonymous, stranger, uploader, owner, other owner, removed owner, controller, itself. `!`: before
    // the call is executed.
    let rows: &[(Kind, &str, &[Subject], &str)] = &[
        (Update, "begin_upload", NONE, "F! F ok ok ok F ok F"),
        (Update, "upload_whole", NONE, "F! F! ok ok ok F! ok F!"),
        (Update, "begin_asset", &[Public], "F! F F P F F F F"),
        (Update, "begin_asset", &[Private], "F! F N P N F F F"),
        (Update, "begin_asset", &[Open], "F! F N ok N F F F"),
        (Update, "put_chunk", &[Public, Private, Open, Full], "F! F! S! ok S! F! S! F!"),
        (Update, "put_assets", &[Public], "F! F! F! P F! F! P F!"),
        (Update, "put_assets", &[Private], "F! F! N! P N! F! P F!"),
        (Update, "put_assets", &[Open], "F! F! N! ok N! F! ok F!"),
        (Update, "fail_stages", &[Public], "F! F! F! ok F! F! ok F!"),
        (Update, "fail_stages", &[Private, Open], "F! F! N! ok N! F! ok F!"),
        (Update, "finish_upload", &[Public, Private, Full], "F! F S ok S F S F"),
        (Update, "abort_upload", &[Public, Private], "F! S S P S P S S"),
        (Update, "abort_upload", &[Open], "F! S S ok S ok S S"),
        (Update, "delete_item", &[Public], "F! F F ok F ok ok F"),
        (Update, "delete_item", &[Private, Open], "F! N N ok N ok ok N"),
        (Update, "reprocess", &[Public], "F! F F ok F F ok F"),
        (Update, "reprocess", &[Private, Open], "F! F N ok N F ok F"),
        (Update, "create_token", &[Public], "F! F F U F F U F"),
        (Update, "create_token", &[Private], "F! F N ok N F ok F"),
        (Update, "create_token", &[Open], "F! F N D N F D F"),
        (Update, "revoke_token", &[Private], "F! T T ok T ok ok T"),
        (Update, "configure", NONE, "F! F F F F F ok F"),
        (Management, INSTALL, NONE, "no no no no no no ok no"),
        (Own, "run_job", NONE, "trap! trap! trap! trap! trap! trap! trap! ok"),
        (Own, TIMER, NONE, "trap! trap! trap! trap! trap! trap! trap! ok"),
        (Query, "item", &[Public], "ok ok ok ok ok ok ok ok"),
        (Query, "item", &[Private, Open], "N N N ok N ok ok N"),
        (Query, "get_chunk", &[Public], "ok ok ok ok ok ok ok ok"),
        (Query, "get_chunk", &[Private, Open], "N N N ok N ok ok N"),
        (Query, "items", &[Public], "in in in in in in in in"),
        (Query, "items", &[Private], "out out out in out in in out"),
        (Query, "items", &[Open], "out out out out out out out out"),
        (Query, "find_uploads", &[Public, Private], "out out out in out in out out"),
        (Query, "find_uploads", &[Open], "out out out out out out out out"),
        (Query, "session_status", &[Public, Private, Open], "S S S ok S ok S S"),
        (Query, "list_tokens of an item", &[Public], "F F F ok F ok ok F"),
        (Query, "list_tokens of an item", &[Private, Open], "N N N ok N ok ok N"),
        (Query, "list_tokens", &[Private], "out out out in out in out out"),
        (Query, "usage", NONE, "ok ok ok ok ok ok ok ok"),
        (Query, "processors", NONE, "ok ok ok ok ok ok ok ok"),
        (Query, "pipelines", NONE, "ok ok ok ok ok ok ok ok"),
        (Query, "limits", NONE, "ok ok ok ok ok ok ok ok"),
        (Query, "http_request", &[Public, Private, Open], "ok ok ok ok ok ok ok ok"),
    ];
    rows.iter().map(row).collect()
}

fn row((kind, label, subjects, signs): &(Kind, &'static str, &'static [Subject], &'static str)) -> Row {
    let (kind, label, subjects) = (*kind, *label, *subjects);
    let signs: Vec<&str> = signs.split(' ').collect();
    assert_eq!(signs.len(), Caller::ALL.len(), "{label} {subjects:?} has an empty cell");
    Row { kind, label, subjects, cells: signs.iter().map(|sign| cell(sign)).collect(), signs }
}

fn cell(sign: &str) -> Cell {
    let plain = sign.strip_suffix('!');
    let found = SIGNS.iter().find(|(other, ..)| *other == plain.unwrap_or(sign));
    let answer =
        found.map(|(_, answer, _)| *answer).unwrap_or_else(|| panic!("`{sign}` is no sign of the table"));
    Cell { answer, before: plain.is_some() }
}
