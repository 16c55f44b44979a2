//! What is served, through the network's gateway: each answer is verified as browsers' answers are.

use anyhow::{Result, ensure};

use crate::store::{File, Store};

/// How often each operation is measured at a level; the median counts.
const SAMPLES: u64 = 5;
/// Numbers of the files that are measured; those that fill the store are smaller.
const MEASURED: u64 = 1 << 40;

/// Instructions with so many assets in the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    pub(crate) assets: u64,
    /// Of a GET of a small file, which is one answer.
    pub(crate) get: u64,
    /// Of a GET that finds the file unchanged; none if that brings the file again.
    pub(crate) unchanged: Option<u64>,
    /// Of all answers that a large file takes, for each of its bytes.
    pub(crate) per_byte: f64,
    /// Of adding a small file, in three messages and in one.
    pub(crate) add: u64,
    pub(crate) add_at_once: u64,
}

/// Fills the store to each level, lowest first, with files of `size` bytes, and measures there.
pub(crate) fn measure(
    store: &mut impl Store,
    levels: &[u64],
    size: usize,
    large: &[Vec<u8>],
) -> Result<Vec<Served>> {
    let gateway = store.meter().gateway()?;
    let whole = File { name: "large.bin".to_owned(), bytes: large.concat() };
    let mut session = store.begin(&whole)?.value;
    for (index, chunk) in (0..).zip(large) {
        store.put(&mut session, index, chunk)?;
    }
    let id = store.finish(session)?.value;
    let large_path = store.path(&id);
    let mut filled = 1;
    let mut found = Vec::new();
    for level in levels {
        let last = store.fill(filled..*level, size)?;
        filled = *level;
        eprintln!("  {level} assets");
        let path = store.path(&last);
        let small = gateway.get(&path, None)?;
        ensure!(small.value.bytes == File::new(*level - 1, size).bytes, "{path} has other bytes");
        let unchanged = gateway.get(&path, Some(&small.value.etag))?;
        let served = gateway.whole(&large_path)?;
        ensure!(served.value == whole.bytes, "{large_path} has other bytes");

        let mut samples = [const { Vec::new() }; 2];
        for sample in 0..SAMPLES {
            let file = |way: u64| File::new(MEASURED + (level * SAMPLES + sample) * 2 + way, size);
            let first = file(0);
            let begun = store.begin(&first)?;
            let mut session = begun.value;
            let put = store.put(&mut session, 0, &first.bytes)?;
            let finished = store.finish(session)?;
            samples[0].push(begun.instructions + put + finished.instructions);
            let stored = store.store(&file(1))?;
            samples[1].push(stored.instructions);
            for id in [finished.value, stored.value] {
                let got = gateway.get(&store.path(&id), None)?;
                ensure!(got.value.bytes.len() == size, "{id} is not served");
                store.delete(&id)?;
            }
        }
        let [add, add_at_once] = samples.map(|mut values| {
            values.sort_unstable();
            values[values.len() / 2]
        });
        found.push(Served {
            assets: *level,
            get: small.instructions,
            unchanged: (unchanged.value.status == 304).then_some(unchanged.instructions),
            per_byte: served.instructions as f64 / whole.bytes.len() as f64,
            add,
            add_at_once,
        });
    }
    Ok(found)
}
