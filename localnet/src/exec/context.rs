//! In which kind of entry point the Wasm runs; every system function states the kinds that may call it.

/// A kind of entry point, a bit each so that sets of them are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    /// `canister_init` and `canister_post_upgrade`.
    Init = 1,
    PreUpgrade = 1 << 1,
    Update = 1 << 2,
    /// A query method called as an update.
    ReplicatedQuery = 1 << 3,
    Query = 1 << 4,
    CompositeQuery = 1 << 5,
    Reply = 1 << 6,
    Reject = 1 << 7,
    CompositeReply = 1 << 8,
    CompositeReject = 1 << 9,
    Cleanup = 1 << 10,
    CompositeCleanup = 1 << 11,
    Inspect = 1 << 12,
    /// Heartbeat, global timer, low memory.
    System = 1 << 13,
    Start = 1 << 14,
}

pub(crate) const I: u32 = Kind::Init as u32;
pub(crate) const G: u32 = Kind::PreUpgrade as u32;
pub(crate) const U: u32 = Kind::Update as u32;
pub(crate) const RQ: u32 = Kind::ReplicatedQuery as u32;
pub(crate) const NRQ: u32 = Kind::Query as u32;
pub(crate) const CQ: u32 = Kind::CompositeQuery as u32;
pub(crate) const RY: u32 = Kind::Reply as u32;
pub(crate) const RT: u32 = Kind::Reject as u32;
pub(crate) const CRY: u32 = Kind::CompositeReply as u32;
pub(crate) const CRT: u32 = Kind::CompositeReject as u32;
pub(crate) const C: u32 = Kind::Cleanup as u32;
pub(crate) const CC: u32 = Kind::CompositeCleanup as u32;
pub(crate) const F: u32 = Kind::Inspect as u32;
pub(crate) const T: u32 = Kind::System as u32;
/// All but the start function.
pub(crate) const ALL: u32 = (1 << 14) - 1;
/// All, the start function too.
pub(crate) const ANY: u32 = (1 << 15) - 1;

impl Kind {
    /// Whether what happens in this kind of entry point is kept if it succeeds.
    pub(crate) fn replicated(self) -> bool {
        use Kind::*;
        matches!(
            self,
            Init | PreUpgrade | Update | ReplicatedQuery | Reply | Reject | Cleanup | System | Start
        )
    }

    /// The kind's name in error messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Init => "init",
            Kind::PreUpgrade => "pre upgrade",
            Kind::Update => "update",
            Kind::ReplicatedQuery => "replicated query",
            Kind::Query => "non replicated query",
            Kind::CompositeQuery => "composite query",
            Kind::Reply => "reply callback",
            Kind::Reject => "reject callback",
            Kind::CompositeReply => "composite query reply callback",
            Kind::CompositeReject => "composite query reject callback",
            Kind::Cleanup => "cleanup callback",
            Kind::CompositeCleanup => "composite query cleanup callback",
            Kind::Inspect => "inspect message",
            Kind::System => "system task",
            Kind::Start => "start",
        }
    }
}
