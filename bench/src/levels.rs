//! Small files, while the canister fills up: the cost of one more at each level.

use std::time::Instant;

use anyhow::Result;

use crate::meter::Sizes;
use crate::store::{File, Store};

/// How often each operation is measured at a level; the median counts.
const SAMPLES: u64 = 5;
/// Numbers of the files that are measured; those that fill the store are smaller.
const MEASURED: u64 = 1 << 32;

/// Instructions of each operation with so many assets in the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) assets: u64,
    pub(crate) begin: u64,
    pub(crate) put: u64,
    pub(crate) finish: u64,
    pub(crate) get: u64,
    pub(crate) delete: u64,
    pub(crate) sizes: Sizes,
}

/// The levels that were reached, and why no more were.
#[derive(Debug, Default)]
pub(crate) struct Levels {
    pub(crate) reached: Vec<Level>,
    pub(crate) stopped: Option<String>,
}

/// Fills the store to each level, lowest first, and measures there. A canister that cannot go on is a result.
pub(crate) fn measure(store: &mut impl Store, levels: &[u64], size: usize) -> Levels {
    let mut found = Levels::default();
    let mut filled = 0;
    for level in levels {
        let started = Instant::now();
        let measured = store.fill(filled..*level, size).and_then(|last| {
            eprintln!("  {level} assets after {:.1?}", started.elapsed());
            at(store, *level, &last, size)
        });
        match measured {
            Ok(level) => found.reached.push(level),
            Err(error) => {
                found.stopped = Some(format!("between {filled} and {level} assets: {error:#}"));
                break;
            }
        }
        filled = *level;
    }
    found
}

fn at(store: &mut impl Store, assets: u64, last: &str, size: usize) -> Result<Level> {
    let sizes = store.meter().sizes()?;
    let mut samples = [const { Vec::new() }; 5];
    for sample in 0..SAMPLES {
        let file = File::new(MEASURED + assets * SAMPLES + sample, size);
        let begun = store.begin(&file)?;
        let mut session = begun.value;
        let put = store.put(&mut session, 0, &file.bytes)?;
        let finished = store.finish(session)?;
        let get = store.get(last, size)?;
        let delete = store.delete(&finished.value)?;
        for (samples, value) in
            samples.iter_mut().zip([begun.instructions, put, finished.instructions, get, delete])
        {
            samples.push(value);
        }
    }
    let [begin, put, finish, get, delete] = samples.map(|mut values| {
        values.sort_unstable();
        values[values.len() / 2]
    });
    Ok(Level { assets, begin, put, finish, get, delete, sizes })
}
