//! Tasks that wait for a place in the window, first come, first served.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use crate::window::Window;

/// Where messages with many bytes wait. All uploads of one [`Darkroom`](crate::Darkroom) and its clones share one:
/// they share the way to the canister, and what one learns of it holds for all.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Free places. Waiting tasks get them in the order in which they came.
    free: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    window: Window,
    /// Places that the window no longer has, but which are in use; they are not given back.
    owed: usize,
    in_flight: usize,
    next: u64,
}

/// A place in the window, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    gate: Arc<Gate>,
    number: u64,
}

impl Gate {
    /// A gate whose window has so many places at most.
    pub(crate) fn new(most: usize) -> Gate {
        let window = Window::new(most);
        Gate {
            free: Semaphore::new(window.size()),
            state: Mutex::new(State { window, owed: 0, in_flight: 0, next: 0 }),
        }
    }

    /// Waits for a place. Dropping the future loses none.
    pub(crate) async fn enter(self: &Arc<Self>) -> Pass {
        // The semaphore is never closed.
        if let Ok(permit) = self.free.acquire().await {
            permit.forget();
        }
        self.pass(&mut self.state())
    }

    /// Takes a place at once, one too many if need be: for the single message beside the chunks, which would wait
    /// behind all of them.
    pub(crate) fn enter_now(self: &Arc<Self>) -> Pass {
        let mut state = self.state();
        self.take(&mut state);
        self.pass(&mut state)
    }

    fn pass(self: &Arc<Self>, state: &mut State) -> Pass {
        state.in_flight += 1;
        state.next += 1;
        Pass { gate: self.clone(), number: state.next - 1 }
    }

    /// Takes a place away: a free one, or the next that comes back.
    fn take(&self, state: &mut State) {
        match self.free.try_acquire() {
            Ok(permit) => permit.forget(),
            Err(_) => state.owed += 1,
        }
    }

    /// Gives a place, to what is owed first.
    fn give(&self, state: &mut State) {
        if state.owed > 0 {
            state.owed -= 1;
        } else {
            self.free.add_permits(1);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The message got through.
    pub(crate) fn delivered(&self) {
        let mut state = self.gate.state();
        let before = state.window.size();
        let full = state.in_flight >= before;
        state.window.delivered(full);
        for _ in before..state.window.size() {
            self.gate.give(&mut state);
        }
    }

    /// The message was turned away for overload.
    pub(crate) fn overloaded(&self) {
        let mut state = self.gate.state();
        let (before, next) = (state.window.size(), state.next);
        state.window.overloaded(self.number, next);
        for _ in state.window.size()..before {
            self.gate.take(&mut state);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        state.in_flight -= 1;
        self.gate.give(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::MOST;
    use futures_util::FutureExt;
    use proptest::prelude::*;

    fn entered(gate: &Arc<Gate>, count: usize) -> Vec<Pass> {
        (0..count).map(|_| gate.enter().now_or_never().expect("there is room")).collect()
    }

    #[test]
    fn as_many_enter_as_the_window_has_places() {
        let gate = Arc::new(Gate::new(MOST));
        let passes = entered(&gate, 4);
        assert!(gate.enter().now_or_never().is_none());
        // A delivery makes two places of one.
        passes[0].delivered();
        let more = entered(&gate, 1);
        assert!(gate.enter().now_or_never().is_none());
        drop((passes, more));
        entered(&gate, 5);
    }

    #[test]
    fn one_may_go_ahead_and_is_counted() {
        let gate = Arc::new(Gate::new(MOST));
        let passes = entered(&gate, 4);
        let ahead = gate.enter_now();
        drop(passes);
        let passes = entered(&gate, 3);
        assert!(gate.enter().now_or_never().is_none(), "the one ahead has the fourth place");
        drop(ahead);
        entered(&gate, 1);
        drop(passes);
    }

    #[test]
    fn overload_takes_places_that_are_in_use() {
        let gate = Arc::new(Gate::new(MOST));
        let mut passes = entered(&gate, 4);
        passes[0].overloaded();
        passes[1].overloaded();
        passes.truncate(2);
        assert!(gate.enter().now_or_never().is_none(), "two are on their way and two may be");
        passes.truncate(1);
        entered(&gate, 1);
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_and_whoever_gives_up_takes_nothing() {
        let gate = Arc::new(Gate::new(MOST));
        let passes = entered(&gate, 4);
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(1), gate.enter()).await;
        assert!(given_up.is_err());
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { drop(gate.enter().await) }
        });
        tokio::task::yield_now().await;
        drop(passes);
        waiting.await.unwrap();
        entered(&gate, 4);
    }

    proptest! {
        #[test]
        fn no_place_is_lost_or_won(steps in proptest::collection::vec((0u8..5, any::<prop::sample::Index>()), 0..300)) {
            let gate = Arc::new(Gate::new(MOST));
            let mut passes: Vec<Pass> = Vec::new();
            for (step, which) in steps {
                match step {
                    0 => passes.extend(gate.enter().now_or_never()),
                    1 => passes.push(gate.enter_now()),
                    _ if passes.is_empty() => {}
                    2 => passes[which.index(passes.len())].delivered(),
                    3 => passes[which.index(passes.len())].overloaded(),
                    _ => drop(passes.swap_remove(which.index(passes.len()))),
                }
                let state = gate.state();
                prop_assert_eq!(state.in_flight, passes.len());
                prop_assert_eq!(gate.free.available_permits() + passes.len(), state.window.size() + state.owed);
            }
            drop(passes);
            let state = gate.state();
            prop_assert_eq!((gate.free.available_permits(), state.owed), (state.window.size(), 0));
        }
    }
}
