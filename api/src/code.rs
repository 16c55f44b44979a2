//! Codes of errors that the canister adds to those of `darkroom_core::Error::code`. Permanent.

/// The anonymous principal, or one without the right to do this.
pub const FORBIDDEN: &str = "forbidden";
/// No item of this id, or none that the caller may see.
pub const ITEM_NOT_FOUND: &str = "item_not_found";
/// The item has no asset of this name, or not yet.
pub const ASSET_NOT_FOUND: &str = "asset_not_found";
/// No session of this number, or one of another owner.
pub const SESSION_NOT_FOUND: &str = "session_not_found";
/// The session's time is over.
pub const SESSION_EXPIRED: &str = "session_expired";
/// No pipeline of this name.
pub const UNKNOWN_PIPELINE: &str = "unknown_pipeline";
/// The pipeline has no such stage, or one that another side runs.
pub const STAGE_NOT_YOURS: &str = "stage_not_yours";
/// The stage is required: that it failed is no way to a complete item.
pub const STAGE_REQUIRED: &str = "stage_required";
/// The message in which the canister ran the stage trapped, or ran out of instructions or memory.
pub const STAGE_TRAPPED: &str = "stage_trapped";
/// The canister began the stage as often as it does, and never heard how it ended.
pub const INTERRUPTED: &str = "interrupted";
/// What a stage was to read was not made.
pub const SOURCE_FAILED: &str = "source_failed";
/// The derivative was made by another version of the processor.
pub const PROCESSOR_VERSION: &str = "processor_version";
/// The derivative was made from other bytes than the source asset has.
pub const SOURCE_MISMATCH: &str = "source_mismatch";
/// Other bytes are already stored for this asset.
pub const ASSET_CONFLICT: &str = "asset_conflict";
/// The item is published; it no longer changes.
pub const ITEM_PUBLISHED: &str = "item_published";
/// The item is not published yet.
pub const ITEM_NOT_PUBLISHED: &str = "item_not_published";
/// The item is public, and the call is for private ones.
pub const ITEM_PUBLIC: &str = "item_public";
/// No valid token of this id, or one for an item of another owner.
pub const TOKEN_NOT_FOUND: &str = "token_not_found";
/// The network gave no random bytes; again may help.
pub const NO_RANDOMNESS: &str = "no_randomness";
/// The same idempotency key came with a different declaration.
pub const KEY_CONFLICT: &str = "key_conflict";
/// A limit on files, sessions, items or bytes is reached; the message names it, what was found and what is allowed.
pub const LIMIT: &str = "limit";
/// The canister has too few cycles to begin an upload.
pub const LOW_CYCLES: &str = "low_cycles";
/// A text is too long or not well formed.
pub const INVALID_ARGUMENT: &str = "invalid_argument";
