//! Stable memory that takes only what was written: a memory of the canister's layout has 260 MiB, nearly all of it
//! zeros.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ic_stable_structures::Memory;

const WASM_PAGE: u64 = 65_536;
/// The most pages: 4 GiB.
const MOST: u64 = 65_536;
const BLOCK: usize = 4096;

/// Memory by blocks; a clone is the same memory.
#[derive(Clone, Default)]
pub(super) struct Sparse(Rc<RefCell<Blocks>>);

#[derive(Clone, Default)]
struct Blocks {
    pages: u64,
    blocks: HashMap<u64, Box<[u8; BLOCK]>>,
}

/// The pieces of `length` bytes from `at` on: block, place in it, and place in the whole.
fn pieces(at: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let now = at + done as u64;
        let inside = usize::try_from(now % BLOCK as u64).unwrap_or_default();
        let take = (BLOCK - inside).min(length - done);
        let piece = done..done + take;
        done += take;
        (take > 0).then_some((now / BLOCK as u64, inside, piece))
    })
}

impl Sparse {
    /// Another memory with the same bytes.
    pub(super) fn copy(&self) -> Sparse {
        Sparse(Rc::new(RefCell::new(self.0.borrow().clone())))
    }
}

impl Memory for Sparse {
    fn size(&self) -> u64 {
        self.0.borrow().pages
    }

    fn grow(&self, pages: u64) -> i64 {
        let mut memory = self.0.borrow_mut();
        let before = memory.pages;
        if pages > MOST - before {
            return -1;
        }
        memory.pages += pages;
        i64::try_from(before).unwrap_or(-1)
    }

    fn read(&self, offset: u64, into: &mut [u8]) {
        let memory = self.0.borrow();
        assert!(offset + into.len() as u64 <= memory.pages * WASM_PAGE, "read out of bounds");
        for (block, inside, piece) in pieces(offset, into.len()) {
            let into = &mut into[piece];
            match memory.blocks.get(&block) {
                Some(block) => into.copy_from_slice(&block[inside..inside + into.len()]),
                None => into.fill(0),
            }
        }
    }

    fn write(&self, offset: u64, from: &[u8]) {
        let mut memory = self.0.borrow_mut();
        assert!(offset + from.len() as u64 <= memory.pages * WASM_PAGE, "written out of bounds");
        for (block, inside, piece) in pieces(offset, from.len()) {
            let from = &from[piece];
            let block = memory.blocks.entry(block).or_insert_with(|| Box::new([0; BLOCK]));
            block[inside..inside + from.len()].copy_from_slice(from);
        }
    }
}
