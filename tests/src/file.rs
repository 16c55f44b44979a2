//! Files of random bytes, any part of which can be made at any time: nothing needs to hold all of a large one.

use darkroom_api as api;
use darkroom_core::Digest;

/// A file whose bytes follow from its seed and the place of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// How many bytes.
    pub size: u64,
    seed: u64,
}

impl File {
    /// A file of `size` bytes; another seed gives other bytes.
    pub fn new(seed: u64, size: u64) -> File {
        File { name: format!("file-{seed}.bin"), size, seed }
    }

    /// How many chunks it has.
    pub fn chunks(&self, chunk_size: u32) -> u32 {
        u32::try_from(self.size.div_ceil(chunk_size.into())).unwrap_or(u32::MAX)
    }

    /// The bytes of a chunk.
    pub fn chunk(&self, index: u32, chunk_size: u32) -> Vec<u8> {
        let start = u64::from(index) * u64::from(chunk_size);
        self.part(start, self.size.min(start + u64::from(chunk_size)))
    }

    /// All bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.part(0, self.size)
    }

    /// SHA-256 of all bytes.
    pub fn sha256(&self) -> Digest {
        Digest::of(&self.bytes())
    }

    /// What `begin_upload` is told, with the SHA-256 if it is to be declared.
    pub fn declared(&self, sha256: bool, key: Option<&str>) -> api::BeginUpload {
        api::BeginUpload {
            pipeline: None,
            file_name: self.name.clone(),
            media_type: "application/octet-stream".to_owned(),
            size: self.size,
            sha256: sha256.then(|| self.sha256().0.into()),
            visibility: None,
            idempotency_key: key.map(str::to_owned),
        }
    }

    fn part(&self, start: u64, end: u64) -> Vec<u8> {
        let words = (start / 8)..end.div_ceil(8);
        let mut bytes = Vec::with_capacity(usize::try_from(end - start + 16).unwrap_or_default());
        words.for_each(|word| bytes.extend_from_slice(&mixed(self.seed, word).to_le_bytes()));
        let before = usize::try_from(start % 8).unwrap_or_default();
        bytes.drain(..before);
        bytes.truncate(usize::try_from(end - start).unwrap_or_default());
        bytes
    }
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) at one place.
fn mixed(seed: u64, place: u64) -> u64 {
    let mut z =
        seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Numbers that look random and are the same in each run.
#[derive(Clone, Debug)]
pub struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    /// Dice that fall as the seed says.
    pub fn new(seed: u64) -> Dice {
        Dice { seed, thrown: 0 }
    }

    /// A number below `sides` (at least 1).
    pub fn below(&mut self, sides: usize) -> usize {
        self.thrown += 1;
        let number = mixed(self.seed, self.thrown) % sides.max(1) as u64;
        usize::try_from(number).unwrap_or_default()
    }

    /// Puts `values` into a random order.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}
