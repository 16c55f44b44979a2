//! What work takes, estimated before it begins, and what it may take.

use crate::error::{Error, Result};

/// What a piece of work takes, or may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// WebAssembly instructions as the Internet Computer counts them, of the code with SIMD128.
    pub instructions: u64,
    /// Bytes of heap at the peak, beside the source's bytes.
    pub memory: u64,
}

impl Cost {
    /// One after the other, where nothing of the first stays.
    #[must_use]
    pub fn then(self, next: Cost) -> Cost {
        Cost {
            instructions: self.instructions.saturating_add(next.instructions),
            memory: self.memory.max(next.memory),
        }
    }

    /// With `memory` more bytes all along.
    #[must_use]
    pub fn beside(self, memory: u64) -> Cost {
        Cost { memory: self.memory.saturating_add(memory), ..self }
    }

    /// Refuses what takes more than `allowed`.
    ///
    /// # Errors
    /// [`Error::TooCostly`] with the estimate and the limit.
    pub fn check(self, allowed: Cost) -> Result<()> {
        for (what, found, allowed) in [
            ("instructions", self.instructions, allowed.instructions),
            ("bytes of memory", self.memory, allowed.memory),
        ] {
            if found > allowed {
                return Err(Error::TooCostly { what, found, allowed });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(instructions: u64, memory: u64) -> Cost {
        Cost { instructions, memory }
    }

    #[test]
    fn instructions_add_up_and_memory_peaks() {
        assert_eq!(cost(1, 10).then(cost(2, 7)).beside(5), cost(3, 15));
        assert_eq!(cost(u64::MAX, 0).then(cost(1, 1)), cost(u64::MAX, 1));
    }

    #[test]
    fn refusals_name_estimate_and_limit() {
        let text = |cost: Cost| cost.check(Cost { instructions: 9, memory: 8 }).unwrap_err().to_string();
        assert!(cost(9, 8).check(cost(9, 8)).is_ok());
        assert_eq!(text(cost(10, 8)), "estimated at 10 instructions; at most 9 are allowed");
        assert_eq!(text(cost(9, 9)), "estimated at 9 bytes of memory; at most 8 are allowed");
    }
}
