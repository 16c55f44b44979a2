//! What is certified, of which `crate::certify` says how. All of it follows from the items, and is made anew where its
//! form has changed.

use darkroom_core::asset::AssetName;
use darkroom_core::id::ItemId;
use ic_stable_structures::Memory;
use ic_stable_structures::memory_manager::VirtualMemory;
use serde::{Deserialize, Serialize};

use super::trie::Trie;
use super::{Table, TokenId};
use crate::certify::cors::Cors;
use crate::certify::hash::Hash;

/// The tables of what is certified.
pub(crate) struct Certified<M: Memory> {
    /// Everything below `http_expr`.
    pub(crate) paths: Trie<VirtualMemory<M>>,
    /// Everything below `sha256`.
    pub(crate) contents: Trie<VirtualMemory<M>>,
    /// Public items.
    pub(crate) items: Table<[u8; 10], CertifiedItem, M>,
    /// Where each content is: [`content_key`].
    pub(crate) places: Table<Vec<u8>, (), M>,
    /// Contents by SHA-256, each at the first of its places.
    pub(crate) by_content: Table<[u8; 32], CertifiedContent, M>,
}

/// How far everything is certified anew.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// The last that is done.
    pub(crate) after: After,
    /// Nothing was certified when it began; else everything was, and is valid until its turn comes.
    pub(crate) from_nothing: bool,
}

/// A place in the order in which everything is certified: items, then tokens, each in the order of ids.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum After {
    /// Items, and then all tokens.
    Items(Option<ItemId>),
    /// Tokens.
    Tokens(Option<TokenId>),
}

impl Walk {
    /// The beginning.
    pub(crate) fn new(from_nothing: bool) -> Walk {
        Walk { after: After::Items(None), from_nothing }
    }
}

/// The origins that answers are certified for, by number. The last is for what is certified from now on; those before
/// it are of answers that are still to be certified anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OriginsRecord(Vec<(u32, Cors)>);

impl Default for OriginsRecord {
    fn default() -> Self {
        OriginsRecord(vec![(0, Cors::Any)])
    }
}

impl OriginsRecord {
    /// What is certified now is for these.
    pub(crate) fn present(&self) -> (u32, Cors) {
        self.0.last().cloned().unwrap_or_default()
    }

    /// What was certified for this number.
    pub(crate) fn get(&self, number: u32) -> Cors {
        let found = self.0.iter().find(|(known, _)| *known == number);
        found.or(self.0.last()).map(|(_, cors)| cors.clone()).unwrap_or_default()
    }

    /// Certifies for others from now on.
    pub(crate) fn push(&mut self, cors: Cors) {
        let (last, _) = self.present();
        self.0.push((last.wrapping_add(1), cors));
    }

    /// Forgets all but the present ones.
    pub(crate) fn keep_present(&mut self) {
        self.0 = vec![self.present()];
    }
}

/// A public item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CertifiedItem {
    /// Its assets.
    pub(crate) assets: Vec<CertifiedAsset>,
    /// The hash of the answers with its description.
    #[serde(with = "serde_bytes")]
    pub(crate) description: Hash,
    /// The number of the origins that its description is for.
    pub(crate) cors: u32,
}

/// An asset at its item's address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CertifiedAsset {
    /// Its name.
    pub(crate) name: AssetName,
    /// Its answers.
    pub(crate) answers: AnswersRecord,
    /// The number of the origins that they are for.
    #[serde(default)]
    pub(crate) cors: u32,
}

/// An asset at its content's address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CertifiedContent {
    /// The item that it is of.
    pub(crate) item: ItemId,
    /// Its name there.
    pub(crate) name: AssetName,
    /// Its answers.
    pub(crate) answers: AnswersRecord,
    /// The number of the origins that they are for.
    #[serde(default)]
    pub(crate) cors: u32,
}

/// The answers on a path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AnswersRecord {
    /// Of what is below the path, of the answer to HEAD, of the tree of all others; then, unless the tree is kept,
    /// the hash of each of those. 32 bytes each. Where there is more than one answer to HEAD, here is the first.
    #[serde(with = "serde_bytes")]
    hashes: Vec<u8>,
    /// Answers of which the tree is kept beside the chunks.
    #[serde(default)]
    kept: u32,
    /// The hashes of the answers to HEAD for each origin but the first.
    #[serde(default, with = "serde_bytes", skip_serializing_if = "Vec::is_empty")]
    other_heads: Vec<u8>,
}

impl AnswersRecord {
    pub(crate) fn new(
        path: Hash,
        any: Hash,
        heads: &[Hash],
        labels: &[Hash],
        is_kept: bool,
    ) -> AnswersRecord {
        let (head, other_heads) =
            heads.split_first().map_or(([0; 32], &[][..]), |(head, rest)| (*head, rest));
        let roots = [path, head, any];
        let kept = if is_kept { u32::try_from(labels.len()).unwrap_or(u32::MAX) } else { 0 };
        let here = if is_kept { &[] } else { labels };
        AnswersRecord {
            hashes: [roots.as_flattened(), here.as_flattened()].concat(),
            kept,
            other_heads: other_heads.as_flattened().to_vec(),
        }
    }

    /// The hash of what is below the path.
    pub(crate) fn path(&self) -> Hash {
        self.roots()[0]
    }

    /// The hash of the tree of all answers but those to HEAD.
    pub(crate) fn any(&self) -> Hash {
        self.roots()[2]
    }

    /// The hashes of the answers to HEAD, for each origin.
    pub(crate) fn heads(&self) -> Vec<Hash> {
        [&[self.roots()[1]], self.other_heads.as_chunks().0].concat()
    }

    fn roots(&self) -> [Hash; 3] {
        let mut roots = [[0; 32]; 3];
        let (hashes, _) = self.hashes.as_chunks();
        roots.iter_mut().zip(hashes).for_each(|(root, hash)| *root = *hash);
        roots
    }

    /// The hash of each answer but that to HEAD, unless their tree is kept.
    pub(crate) fn labels(&self) -> Option<&[Hash]> {
        (self.kept == 0).then(|| self.hashes.as_chunks().0.get(3..).unwrap_or_default())
    }

    /// How many answers the tree that is kept has.
    pub(crate) fn kept(&self) -> usize {
        self.kept as usize
    }
}

/// The order of the places of a content: SHA-256, when the item was published, item id, asset name. Who was first stays
/// first, whatever others upload.
pub(crate) fn content_key(sha256: &Hash, published_at: u64, item: ItemId, name: &str) -> Vec<u8> {
    [sha256.as_slice(), &published_at.to_be_bytes(), &item.0, name.as_bytes()].concat()
}

/// The reverse of [`content_key`], without the hash and the time.
pub(crate) fn parse_content_key(key: &[u8]) -> Option<(ItemId, AssetName)> {
    let (item, name) = key.get(40..)?.split_first_chunk()?;
    let name = std::str::from_utf8(name).ok()?;
    Some((ItemId(*item), AssetName::new(name).ok()?))
}
