//! What is stored already, found without sending anything of it.

use std::time::Duration;

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_core::asset::ORIGINAL;
use darkroom_core::pipeline::Plan;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::darkroom::Darkroom;
use crate::error::{Error, Result};
use crate::retry::lacks_method;
use crate::schedule::is_as_planned;
use crate::upload::prepared::Prepared;
use crate::upload::{Job, LaneTime, Outcome};

/// Keys that the canister looks up in one call.
const KEYS: usize = 100;
/// Calls at once.
const CALLS: usize = 8;

/// How sure an answer is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// One node's, at once.
    OfANode,
    /// The network's, after a round of consensus.
    OfTheNetwork,
}

impl Darkroom {
    /// Which of these files the canister has, in their order: the item of each that the caller has uploaded before,
    /// with the same content, name, media type and visibility through the same recipes; `None` for those that are
    /// still to be uploaded. One call, with a certified answer, for 100 files; nothing of them is sent.
    ///
    /// Each asset is there with the SHA-256 that the canister computed, and was made by the recipe that the pipeline
    /// has now; their bytes are not fetched. A canister that is too old to be asked is taken to have none: then
    /// each file is sent, and found to be there.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn stored<'p>(
        &self,
        files: impl IntoIterator<Item = &'p Prepared>,
    ) -> Result<Vec<Option<Outcome>>> {
        let files: Vec<&Prepared> = files.into_iter().collect();
        let keys: Vec<String> = files.iter().map(|file| file.idempotency_key().to_owned()).collect();
        let batches: Vec<Vec<String>> = keys.chunks(KEYS).map(<[_]>::to_vec).collect();
        let found: Vec<Vec<Option<api::Item>>> =
            stream::iter(batches.into_iter().map(|keys| self.find(keys, Word::OfTheNetwork)))
                .buffered(CALLS)
                .try_collect()
                .await?;
        let outcome = |(file, item): (&Prepared, Option<api::Item>)| {
            let item = item.filter(|item| is_stored(&file.plan, file.sha256, item))?;
            let lane = |name: &String| LaneTime { name: name.clone(), elapsed: Duration::ZERO };
            Some(Outcome {
                lanes: file.plan.lanes().iter().map(lane).collect(),
                already_stored: true,
                ..Outcome::of(&item, file.size)
            })
        };
        let outcomes: Vec<_> = files.iter().copied().zip(found.into_iter().flatten()).map(outcome).collect();
        let are_there = files.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_some());
        self.forget_records(are_there.map(|(file, _)| file.idempotency_key().to_owned()).collect()).await;
        Ok(outcomes)
    }

    /// The published items of these keys of the caller's. None of them where the canister cannot be asked. What does not
    /// fit into one answer comes in several.
    async fn find(&self, keys: Vec<String>, word: Word) -> Result<Vec<Option<api::Item>>> {
        const CALL: &str = "find_uploads";
        let nothing = vec![None; keys.len()];
        if self.shared.cannot_find() {
            return Ok(nothing);
        }
        let found: Result<Vec<Option<api::Item>>> = match word {
            Word::OfANode => self.calls.query(CALL, &keys).await,
            Word::OfTheNetwork => self.calls.update(CALL, &keys).await,
        };
        match found {
            Ok(found) if found.len() == nothing.len() => Ok(found),
            Ok(found) => {
                let reason = format!("{} answers to {} keys", found.len(), nothing.len());
                Err(Error::Answer { call: CALL, reason })
            }
            Err(Error::Refused { source, .. }) if source.code == api::code::LIMIT && keys.len() > 1 => {
                let (first, second) = keys.split_at(keys.len() / 2);
                let halves = [first, second].map(|keys| Box::pin(self.find(keys.to_vec(), word)));
                Ok(try_join_all(halves).await?.concat())
            }
            Err(Error::Call { source, .. }) if lacks_method(&source) => {
                self.shared.note_cannot_find();
                Ok(nothing)
            }
            Err(error) => Err(error),
        }
    }
}

impl Job<'_> {
    /// The item of an earlier upload of the same, from a certified answer. Asks a node first, which takes no round of
    /// consensus; only where that knows one is the network asked. What goes wrong here is left to the upload to meet.
    pub(super) async fn stored_before(&self) -> Option<api::Item> {
        let key = self.begin.idempotency_key.clone().filter(|_| self.asks)?;
        for word in [Word::OfANode, Word::OfTheNetwork] {
            let found = self.darkroom.find(vec![key.clone()], word).await.ok()?;
            let item = found.into_iter().next().flatten()?;
            if !is_stored(&self.plan, self.sha256, &item) {
                return None;
            }
            if word == Word::OfTheNetwork {
                return Some(item);
            }
        }
        None
    }
}

/// Whether an item is what an upload of these bytes would lead to.
pub(super) fn is_stored(plan: &Plan, sha256: Digest, item: &api::Item) -> bool {
    let mut originals = item.assets.iter().filter(|asset| asset.name == ORIGINAL);
    item.state == api::item_state::PUBLISHED
        && originals.any(|original| Digest(*original.sha256) == sha256)
        && is_as_planned(plan, item, false)
}
