//! Memory that does not grow for ever, for tests.

use std::cell::Cell;
use std::rc::Rc;

use ic_stable_structures::{Memory, VectorMemory};

/// Memory that grows by so many pages; a clone is the same memory.
#[derive(Clone)]
pub(crate) struct Limited(VectorMemory, Rc<Cell<u64>>);

impl Limited {
    /// Empty memory.
    pub(crate) fn new(pages: u64) -> Limited {
        Limited(VectorMemory::default(), Rc::new(Cell::new(pages)))
    }

    /// Lets it grow by so many pages from now on.
    pub(crate) fn allow(&self, pages: u64) {
        self.1.set(pages);
    }

    /// Pages by which it may still grow.
    pub(crate) fn left(&self) -> u64 {
        self.1.get()
    }
}

impl Memory for Limited {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn grow(&self, pages: u64) -> i64 {
        match self.1.get().checked_sub(pages) {
            Some(left) => {
                self.1.set(left);
                self.0.grow(pages)
            }
            None => -1,
        }
    }

    fn read(&self, offset: u64, bytes: &mut [u8]) {
        self.0.read(offset, bytes);
    }

    fn write(&self, offset: u64, bytes: &[u8]) {
        self.0.write(offset, bytes);
    }
}
