//! Every asset of a published item against what is known of it here.

use std::collections::BTreeMap;

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::asset::ORIGINAL;

use crate::download::IN_FLIGHT;
use crate::error::{Error, Result};
use crate::upload::stored::is_stored;
use crate::upload::{Job, Outcome};

impl Job<'_> {
    /// Checks each asset of an item that came with a certified answer: those made here by SHA-256, the others
    /// by fetching and hashing them.
    pub(super) async fn check(&self, item: &api::Item, mut known: BTreeMap<String, Digest>) -> Result<()> {
        known.insert(ORIGINAL.to_owned(), self.sha256);
        let failed = |name: &str| {
            item.stages.iter().any(|stage| stage.asset == name && stage.state == api::stage_state::FAILED)
        };
        // A published item lacks nothing but what is optional and failed.
        for name in self.plan.assets().filter(|name| !failed(name)) {
            let asset = self.darkroom.asset_of(item, name)?;
            let found = Digest(*asset.sha256);
            match known.get(name) {
                Some(expected) if *expected == found => {}
                Some(expected) => {
                    return Err(Error::Mismatch { asset: name.to_owned(), expected: *expected, found });
                }
                None => {
                    let in_flight = self.options.in_flight.min(IN_FLIGHT);
                    self.darkroom.stream(item, asset, in_flight, |_| Ok(())).await?;
                }
            }
        }
        Ok(())
    }

    /// An item that was complete before, from a certified answer. Where its recipes are those of the plan, the SHA-256
    /// of each asset is the canister's own; else what is stored is fetched.
    pub(super) async fn already_stored(&self, item: &api::Item) -> Result<Outcome> {
        if !is_stored(&self.plan, self.sha256, item) {
            self.check(item, BTreeMap::new()).await?;
        }
        Ok(self.outcome(item, 0, true))
    }
}
