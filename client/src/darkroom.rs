//! The entry: a canister as its applications see it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use candid::Principal;
use darkroom_api as api;
use darkroom_core::decode::{Decode, DecodeLimits, DecodePlan};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{Pixels, Size};
use darkroom_core::registry::Registry;
use ic_agent::Agent;
use tokio::sync::Semaphore;

use crate::calls::Calls;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::remembered::Remembered;
use crate::retry::RetryPolicy;
use crate::window::{Gate, MOST};

/// What the application knows: its processors, and how it reads images.
#[derive(Clone)]
pub struct Toolkit {
    /// The processors.
    pub registry: Registry,
    /// Reads the sources.
    pub decoder: &'static dyn Decode,
}

impl Toolkit {
    /// The processors that the program has linked, and no format that is read.
    pub(crate) fn bare() -> Result<Toolkit> {
        Ok(Toolkit { registry: Registry::new(&[])?, decoder: &Nothing })
    }
}

/// Reads no image.
struct Nothing;

impl Nothing {
    fn refuse<T>(media: &MediaType) -> darkroom_core::Result<T> {
        let reason = format!("it is {media}, and no decoder is in the toolkit");
        Err(darkroom_core::Error::NotAnImage { reason })
    }
}

impl Decode for Nothing {
    fn size(&self, media: &MediaType, _: &[u8], _: DecodeLimits) -> darkroom_core::Result<Size> {
        Nothing::refuse(media)
    }

    fn decode(&self, media: &MediaType, _: &[u8], _: Size, _: DecodeLimits) -> darkroom_core::Result<Pixels> {
        Nothing::refuse(media)
    }

    fn plan(
        &self,
        media: &MediaType,
        _: &[u8],
        _: &[Size],
        _: DecodeLimits,
    ) -> darkroom_core::Result<DecodePlan> {
        Nothing::refuse(media)
    }
}

impl std::fmt::Debug for Toolkit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Toolkit").field("registry", &self.registry).finish_non_exhaustive()
    }
}

/// A Darkroom canister. Cheap to clone; clones share what was learned about the canister and the way there: its
/// catalog, and the window of messages with many bytes that are on their way at once. The window starts at 4,
/// grows while they get through, to 64 at most, and is halved when the network or the canister says that it is
/// too much.
#[derive(Clone)]
pub struct Darkroom {
    pub(crate) calls: Calls,
    pub(crate) toolkit: Toolkit,
    pub(crate) journal: Option<Journal>,
    pub(crate) shared: Arc<Shared>,
}

/// What clones share.
pub(crate) struct Shared {
    /// Stages that run at once.
    pub(crate) threads: Arc<Semaphore>,
    pub(crate) catalog: Remembered<Catalog>,
    /// Whether the canister is too old to be asked for earlier uploads.
    cannot_find: AtomicBool,
    /// Uploads in flight by idempotency key: one at a time goes on with an item.
    keys: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl std::fmt::Debug for Darkroom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Darkroom").field("canister", &self.calls.canister.to_text()).finish_non_exhaustive()
    }
}

impl Darkroom {
    /// A canister, reached through `agent` with its identity; [`connect`](Darkroom::connect) makes one of a URL. The agent's root key decides which network's
    /// answers are believed.
    pub fn new(agent: Agent, canister: Principal, toolkit: Toolkit) -> Darkroom {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let shared = Shared {
            threads: Arc::new(Semaphore::new(threads)),
            catalog: Remembered::nothing(),
            cannot_find: AtomicBool::new(false),
            keys: Mutex::new(HashMap::new()),
        };
        let gate = Arc::new(Gate::new(MOST));
        let calls = Calls { agent, canister, retry: RetryPolicy::default(), gate };
        Darkroom { calls, toolkit, journal: None, shared: Arc::new(shared) }
    }

    /// The same with another policy for failures on the way.
    #[must_use]
    pub fn with_retry(mut self, policy: RetryPolicy) -> Darkroom {
        self.calls.retry = policy;
        self
    }

    /// The same with a journal: a directory, created when first needed, in which uploads in flight are kept, a
    /// small file each. After a crash [`upload_path`](Darkroom::upload_path) then goes on without hashing a file
    /// again that looks the same to the system, and without opening its session anew. Several processes,
    /// canisters and networks may share a directory.
    ///
    /// Without a journal uploads are continued too: the canister knows them by what they declare, and is right
    /// wherever the journal says something else. Nothing that goes wrong with the directory fails an upload.
    /// Records are removed once their item is published or refused, those that are damaged or of another version
    /// when they are found, and all after a week.
    #[must_use]
    pub fn with_journal(mut self, dir: impl Into<PathBuf>) -> Darkroom {
        self.journal = Some(Journal::new(dir.into()));
        self
    }

    /// What the caller holds on the canister, what all hold, and how its memory is used.
    ///
    /// # Errors
    /// When the call fails. Everybody may ask.
    pub async fn usage(&self) -> Result<api::Usage> {
        self.calls.query("usage", &()).await
    }

    /// The canister's id.
    pub fn canister(&self) -> Principal {
        self.calls.canister
    }

    /// The processors that the canister has.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn processors(&self) -> Result<Vec<api::ProcessorInfo>> {
        self.calls.list("processors").await
    }

    /// The pipelines that the canister has; the first is the default.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn pipelines(&self) -> Result<Vec<api::Pipeline>> {
        self.calls.list("pipelines").await
    }

    /// Changes the canister's configuration; what is absent stays. For controllers.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) for others, and for a configuration that does not hold
    /// together.
    pub async fn configure(&self, args: &api::InitArgs) -> Result<()> {
        self.calls.update::<_, ()>("configure", args).await?;
        self.forget_catalog();
        Ok(())
    }

    /// A page of items, newest first.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn list(&self, page: &api::ListItems) -> Result<api::ItemPage> {
        self.calls.query("items", page).await
    }

    /// An item.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) when there is none that the caller may see.
    pub async fn item(&self, item: &str) -> Result<api::Item> {
        self.calls.query("item", &item).await
    }

    /// An item, from an answer that the network has certified.
    ///
    /// # Errors
    /// As [`item`](Darkroom::item).
    pub async fn certified_item(&self, item: &str) -> Result<api::Item> {
        self.calls.update("item", &item).await
    }

    /// An item of which the canister has told: a node that knows none may be behind, then the network itself is asked.
    pub(crate) async fn item_that_is_there(&self, item: &str) -> Result<api::Item> {
        match self.item(item).await {
            Err(Error::Refused { .. }) => self.certified_item(item).await,
            told => told,
        }
    }

    /// Deletes an item with all its assets; gives the bytes freed.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) when there is none, or for others than owner and controllers.
    pub async fn remove(&self, item: &str) -> Result<u64> {
        let freed: api::Freed = self.calls.update("delete_item", &item).await?;
        Ok(freed.bytes)
    }

    /// Makes a token that opens an asset of a private item of the caller's, for some time, to whoever has the path that
    /// it comes with. Nobody gets that path again; each call makes another token, also one that is repeated because its
    /// answer was lost.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) when there is no such asset, when the item is public or not published,
    /// for a lifetime outside of what is allowed, and when the item has as many tokens as it may have.
    pub async fn create_token(&self, args: &api::CreateToken) -> Result<api::CreatedToken> {
        self.calls.update("create_token", args).await
    }

    /// Ends a token, which is named by its id.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) when the caller has no valid token of this id: that too is what a call
    /// gets that is repeated because its answer was lost.
    pub async fn revoke_token(&self, token: &str) -> Result<()> {
        self.calls.update("revoke_token", &token).await
    }

    /// A page of valid tokens, without their secrets.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) when an item is named that is not the caller's.
    pub async fn list_tokens(&self, page: &api::ListTokens) -> Result<api::TokenPage> {
        self.calls.query("list_tokens", page).await
    }

    /// Asks anew what the canister offers when that is needed next.
    pub(crate) fn forget_catalog(&self) {
        self.shared.catalog.forget();
        self.shared.cannot_find.store(false, Ordering::Relaxed);
    }

    /// What the canister offers, asked once.
    pub(crate) async fn catalog(&self) -> Result<Arc<Catalog>> {
        self.shared.catalog.get_or(Catalog::load(&self.calls)).await
    }
}

impl Shared {
    /// Whether the canister was found to be too old to be asked for earlier uploads.
    pub(crate) fn cannot_find(&self) -> bool {
        self.cannot_find.load(Ordering::Relaxed)
    }

    pub(crate) fn note_cannot_find(&self) {
        self.cannot_find.store(true, Ordering::Relaxed);
    }

    /// The turn of an idempotency key; held while its upload is in flight.
    pub(crate) fn turn(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = keys.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        keys.insert(key.to_owned(), Arc::downgrade(&turn));
        turn
    }
}
