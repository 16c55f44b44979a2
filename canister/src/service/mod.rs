//! What the endpoints do, on a store that is passed in: no clock, no caller but those given as arguments.
//!
//! A method that returns an error has changed nothing that matters: the platform keeps what a message wrote
//! even when it answers with an error.

mod access;
mod anew;
mod begin;
mod bench;
mod certification;
mod checks;
mod claim;
mod config;
mod derivatives;
mod derive;
mod description;
mod documents;
mod failures;
mod gallery;
mod inspect;
mod limits;
mod metrics;
mod publish;
mod quota;
mod read;
mod removal;
mod reprocess;
mod revise;
mod tokens;
mod upload;
mod whole;
mod wire;

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::id::ItemId;
use darkroom_core::pipeline::Plan;
use darkroom_core::registry::Registry;
use ic_stable_structures::Memory;

#[cfg(any(test, feature = "check"))]
pub(crate) use access::is_public;
pub(crate) use derive::Job;
pub(crate) use documents::Document;
#[cfg(any(test, feature = "check"))]
pub(crate) use gallery::entry as gallery_entry;
pub(crate) use metrics::{Counts, METRICS};
#[cfg(any(test, feature = "check"))]
pub(crate) use publish::{is_complete, newest_key};
pub(crate) use read::Chunk;
#[cfg(any(test, feature = "check"))]
pub(crate) use tokens::PRIVATE;
pub(crate) use tokens::Shared;
pub(crate) use wire::Wire;

use crate::store::{AssetRecord, Draft, ItemRecord, LayoutError, SessionRecord, Store};

/// Bytes of waiting chunks that finishing hashes in one message at most: 2.1e9 of the 40e9 instructions that it may
/// spend.
const HASH_BUDGET: u64 = 32 * 1024 * 1024;

/// The canister's state and behaviour.
pub(crate) struct Service<M: Memory> {
    pub(crate) store: Store<M>,
    registry: Registry,
}

impl<M: Memory + Clone> Service<M> {
    /// Opens the state in `memory`, or lays it out with the configuration that `args` gives.
    ///
    /// # Errors
    /// A text for the installer: the layout is unknown, or the arguments are invalid.
    pub(crate) fn open(memory: M, registry: Registry, args: &api::InitArgs) -> Result<Self, String> {
        let first = config::merge(config::standard(), args, &registry).map_err(|error| error.message)?;
        let mut store = Store::open(memory, || first).map_err(|error: LayoutError| error.to_string())?;
        let stored = store.config().map_err(|error| error.to_string())?;
        let merged = config::merge((*stored).clone(), args, &registry).map_err(|error| error.message)?;
        store.set_config(&merged);
        let mut service = Service { store, registry };
        service.begin_certifying().map_err(|error| error.message)?;
        service.certify_for(merged.cors).map_err(|error| error.message)?;
        service.certify_metrics();
        service.switch_gallery(merged.gallery);
        Ok(service)
    }

    /// The processors.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    fn item(&self, id: ItemId) -> api::Result<ItemRecord> {
        let missing = || api::Error::new(api::code::ITEM_NOT_FOUND, format!("there is no item `{id}`"));
        self.store.items.get(&id.0).wire()?.ok_or_else(missing)
    }

    /// An unpublished item with its draft taken out.
    fn draft(&self, id: ItemId) -> api::Result<(ItemRecord, Draft)> {
        let mut item = self.item(id)?;
        let draft = item.draft.take().ok_or_else(|| {
            api::Error::new(
                api::code::ITEM_PUBLISHED,
                format!("item `{id}` is published; it no longer changes"),
            )
        })?;
        Ok((item, draft))
    }

    fn plan(&self, draft: &Draft) -> api::Result<Plan> {
        Plan::new(&draft.pipeline, &self.registry).wire()
    }
}

/// Puts an asset at its place in the order of the pipeline.
fn insert_asset(item: &mut ItemRecord, plan: &Plan, asset: AssetRecord) {
    let place = |name: &str| plan.assets().position(|other| other == name);
    let at = item.assets.partition_point(|other| place(other.name.as_str()) < place(asset.name.as_str()));
    item.assets.insert(at, asset);
}

fn digest(sha256: &api::Sha256) -> Digest {
    Digest(**sha256)
}

fn session_key(session: darkroom_core::id::SessionId) -> [u8; 8] {
    session.0.to_be_bytes()
}

fn expiry_key(record: &SessionRecord) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&record.session.expires_at.to_be_bytes());
    key[8..].copy_from_slice(&record.session.id.0.to_be_bytes());
    key
}

#[cfg(test)]
mod tests;
