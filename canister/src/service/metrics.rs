//! Counts of what is stored, each of which is kept anyway: none takes a walk.

use darkroom_api as api;
use ic_certification::HashTree;
use ic_stable_structures::Memory;

use super::quota::ALL;
use super::{Service, Wire};
use crate::certify::skip;

/// The path that metrics are served on. No item has this id, which has 16 characters.
pub(crate) const METRICS: &str = "metrics";

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) published_items: u64,
    pub(crate) unpublished_items: u64,
    pub(crate) public_assets: u64,
    pub(crate) public_contents: u64,
    /// Bytes that uploads have declared and assets have.
    pub(crate) reserved_bytes: u64,
    pub(crate) stored_bytes: u64,
    pub(crate) free_bytes: u64,
    pub(crate) chunks: u64,
    pub(crate) open_sessions: u64,
    pub(crate) jobs: u64,
    pub(crate) blobs_being_freed: u64,
}

impl<M: Memory + Clone> Service<M> {
    /// Counts what is stored, in time that does not depend on how much it is.
    ///
    /// # Errors
    /// `corrupt`.
    pub(crate) fn counted(&self) -> api::Result<Counts> {
        let store = &self.store;
        let held = store.holdings.get(&ALL.to_vec()).wire()?.unwrap_or_default();
        let published = store.newest.len();
        Ok(Counts {
            published_items: published,
            unpublished_items: store.items.len().saturating_sub(published),
            public_assets: store.certified.places.len(),
            public_contents: store.certified.by_content.len(),
            reserved_bytes: held.bytes,
            stored_bytes: store.chunks.used(),
            free_bytes: store.chunks.arena_bytes().1,
            chunks: store.chunks.len(),
            open_sessions: u64::from(held.open_sessions),
            jobs: store.jobs.len(),
            blobs_being_freed: store.garbage.len(),
        })
    }

    /// Certifies that answers on the path of metrics are not certified: they change with each message, and a query
    /// cannot certify anything.
    pub(super) fn certify_metrics(&mut self) {
        self.store.certified.paths.insert(METRICS.as_bytes(), skip::path_hash());
    }

    /// Shows that.
    pub(crate) fn prove_metrics(&self) -> HashTree {
        let tree = self.store.certified.paths.witness(&[METRICS.as_bytes()], |_| Some(skip::witness()));
        ic_certification::labeled("http_expr", tree)
    }
}
