//! Who calls, and what each is under another `access`.

use candid::Principal;
use darkroom_api as api;
use darkroom_tests::{Darkroom, principal};

/// A kind of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Has not signed.
    Anonymous,
    /// Has signed and may not upload.
    Stranger,
    /// May upload, and has nothing.
    Uploader,
    /// May upload, and has what is named.
    Owner,
    /// May upload, and has the like of what is named.
    Other,
    /// Has what is named, and may no longer upload.
    Removed,
    /// Controls the canister.
    Controller,
    /// The canister.
    Itself,
}

impl Caller {
    /// All, in the order of the table's columns.
    pub(crate) const ALL: [Caller; 8] = [
        Caller::Anonymous,
        Caller::Stranger,
        Caller::Uploader,
        Caller::Owner,
        Caller::Other,
        Caller::Removed,
        Caller::Controller,
        Caller::Itself,
    ];

    /// The head of its column.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Caller::Anonymous => "anonymous",
            Caller::Stranger => "stranger",
            Caller::Uploader => "uploader",
            Caller::Owner => "owner",
            Caller::Other => "other owner",
            Caller::Removed => "removed owner",
            Caller::Controller => "controller",
            Caller::Itself => "itself",
        }
    }

    /// By which principal it calls.
    pub(crate) fn principal(self, darkroom: &Darkroom) -> Principal {
        match self {
            Caller::Anonymous => Principal::anonymous(),
            Caller::Controller => darkroom.owner,
            Caller::Itself => darkroom.id,
            Caller::Stranger => principal(1),
            Caller::Uploader => principal(2),
            Caller::Owner => principal(3),
            Caller::Other => principal(4),
            Caller::Removed => principal(5),
        }
    }

    /// Whose column holds for it under this `access`; the table is made for lists.
    pub(crate) fn under(self, access: &api::Access) -> Caller {
        match (access, self) {
            (api::Access::Controllers, Caller::Uploader | Caller::Other) => Caller::Stranger,
            (api::Access::Controllers, Caller::Owner) => Caller::Removed,
            (api::Access::Authenticated, Caller::Stranger | Caller::Itself) => Caller::Uploader,
            (api::Access::Authenticated, Caller::Removed) => Caller::Owner,
            _ => self,
        }
    }
}
