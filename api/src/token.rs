//! Tokens, by which a private asset is given to whoever has them.

use candid::{CandidType, Deserialize};
use serde::Serialize;

/// Asks for a token for one asset of a private item.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct CreateToken {
    /// The item's id.
    pub item: String,
    /// The asset's name.
    pub asset: String,
    /// For how long it is to be valid, in seconds: 60 to 31,622,400. Absent: a day.
    pub lifetime_seconds: Option<u64>,
}

/// A token, without its secret half.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct Token {
    /// Its id, by which it is revoked: 32 hexadecimal digits, which open nothing.
    pub id: String,
    /// The item that it opens.
    pub item: String,
    /// The asset that it opens.
    pub asset: String,
    /// When it was created, in nanoseconds since 1970 (UTC).
    pub created_at: u64,
    /// From when on it opens nothing, in nanoseconds since 1970 (UTC).
    pub expires_at: u64,
}

/// A token as only its creator ever gets it.
#[derive(Clone, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct CreatedToken {
    /// What is kept of it.
    pub token: Token,
    /// The path of its URL, `/private/<id>/<secret>/<item>/<asset>`. Whoever has it may read the asset; it cannot be had
    /// again.
    pub path: String,
}

/// Shows no secret: what is printed for debugging ends up in logs.
impl std::fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedToken").field("token", &self.token).finish_non_exhaustive()
    }
}

/// Asks for a page of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct ListTokens {
    /// Those of this item, which must be the caller's unless it is a controller. Absent: of all items of the caller's.
    pub item: Option<String>,
    /// Continue where the page before said in `next`; absent for the first page.
    pub after: Option<String>,
    /// How many at most; 1 to 100, absent for 50.
    pub limit: Option<u32>,
}

/// A page of tokens.
#[derive(Clone, Debug, PartialEq, Eq, CandidType, Serialize, Deserialize)]
pub struct TokenPage {
    /// Valid tokens, those of an item together.
    pub tokens: Vec<Token>,
    /// Where the next page begins; absent on the last one.
    pub next: Option<String>,
}
