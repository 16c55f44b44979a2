//! Ingress messages and what became of them.

use super::Hash;
use super::intake::News;
use super::message::{Answer, shared_bytes};
use crate::crypto::tree::{Tree, number};
use candid::Principal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// An ingress message that waits for its execution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ingress {
    pub(crate) id: Hash,
    pub(crate) sender: Principal,
    pub(crate) canister: Principal,
    pub(crate) effective: Option<Principal>,
    pub(crate) method: String,
    #[serde(with = "shared_bytes")]
    pub(crate) arg: Arc<Vec<u8>>,
}

/// How far a message has come.
#[derive(Clone, Debug)]
pub(crate) enum Progress {
    Received,
    Processing,
    Answered(Answer),
}

/// What is known of one message.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) sender: Principal,
    /// The canister it was sent to.
    pub(crate) receiver: Principal,
    pub(crate) progress: Progress,
    /// Digest of its part of the state tree, once that is final.
    pub(crate) digest: Option<Hash>,
    /// Where the log on disk has its answer.
    pub(crate) segment: Option<u64>,
}

impl Entry {
    /// Its part of the state tree.
    pub(crate) fn tree(&self) -> Tree {
        let mut tree = Tree::default();
        let status = match &self.progress {
            Progress::Received => "received",
            Progress::Processing => "processing",
            Progress::Answered(Ok(reply)) => {
                tree.insert("reply", Tree::Leaf(reply.clone()));
                "replied"
            }
            Progress::Answered(Err(refusal)) => {
                tree.insert("reject_code", Tree::Leaf(number(u64::from(refusal.reject_code))));
                tree.insert("reject_message", Tree::Leaf(refusal.message.clone().into_bytes()));
                tree.insert("error_code", Tree::Leaf(refusal.code.text().into_bytes()));
                "rejected"
            }
        };
        tree.insert("status", Tree::Leaf(status.as_bytes().to_vec()));
        tree
    }
}

/// The messages of the last minutes.
#[derive(Debug, Default)]
pub(crate) struct History {
    entries: BTreeMap<Hash, Entry>,
    order: VecDeque<(u64, Hash)>,
    news: News,
}

/// How long an entry is kept, in nanoseconds: the longest expiry and then as long again.
pub(super) const KEPT: u64 = 2 * 330 * 1_000_000_000;

impl History {
    /// The entry of a message.
    pub(crate) fn get(&self, id: &Hash) -> Option<&Entry> {
        self.entries.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &Hash) -> Option<&mut Entry> {
        self.entries.get_mut(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Hash, &Entry)> {
        self.entries.iter()
    }

    /// Adds a message unless it is known; false if it is.
    pub(crate) fn add(
        &mut self,
        id: Hash,
        sender: Principal,
        receiver: Principal,
        now: u64,
        progress: Progress,
    ) -> bool {
        if self.entries.contains_key(&id) {
            return false;
        }
        let entry = Entry { sender, receiver, progress, digest: None, segment: None };
        self.entries.insert(id, entry);
        self.order.push_back((now, id));
        true
    }

    /// Notes how far a message has come.
    pub(crate) fn update(&mut self, id: &Hash, progress: Progress) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.progress = progress;
            match entry.progress {
                Progress::Received => {}
                Progress::Processing => self.news.taken.push(*id),
                Progress::Answered(_) => {
                    entry.digest = Some(entry.tree().digest());
                    self.news.answered.push(*id);
                }
            }
        }
    }

    /// What happened since this was asked before.
    pub(crate) fn news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    /// Drops what nobody can ask for any more.
    pub(crate) fn forget(&mut self, now: u64) {
        while let Some(&(since, id)) = self.order.front() {
            if since.saturating_add(KEPT) > now {
                break;
            }
            self.order.pop_front();
            match self.entries.get(&id) {
                // Still being worked on: look again later.
                Some(e) if !matches!(e.progress, Progress::Answered(_)) => {
                    self.order.push_back((now, id));
                }
                _ => {
                    self.entries.remove(&id);
                }
            }
        }
    }
}
