//! What was asked once and is asked anew when that is wanted.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;

/// A value that is loaded when it is first needed. Nothing waits for anything but its own load: who does not go on with
/// one keeps nobody from another, and two at once do no harm.
#[derive(Debug)]
pub(crate) struct Remembered<T> {
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    value: Option<Arc<T>>,
    /// How often it was forgotten: what was loaded before the last time is not kept.
    forgotten: u64,
}

impl<T> Remembered<T> {
    pub(crate) fn nothing() -> Remembered<T> {
        Remembered { state: Mutex::new(State { value: None, forgotten: 0 }) }
    }

    /// The value, or what `load` gives, which is kept unless it is forgotten meanwhile.
    ///
    /// # Errors
    /// Those of `load`; then nothing is kept.
    pub(crate) async fn get_or(&self, load: impl Future<Output = Result<T>>) -> Result<Arc<T>> {
        let begun = self.with(|state| state.value.clone().ok_or(state.forgotten));
        let begun = match begun {
            Ok(value) => return Ok(value),
            Err(forgotten) => forgotten,
        };
        let loaded = Arc::new(load.await?);
        self.with(|state| {
            if state.forgotten == begun {
                state.value = Some(loaded.clone());
            }
        });
        Ok(loaded)
    }

    /// Loads it anew when it is needed next.
    pub(crate) fn forget(&self) {
        self.with(|state| {
            state.value = None;
            state.forgotten = state.forgotten.wrapping_add(1);
        });
    }

    fn with<R>(&self, work: impl FnOnce(&mut State<T>) -> R) -> R {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_load_that_nobody_goes_on_with_keeps_nobody_waiting() {
        let remembered = Remembered::nothing();
        let mut left = pin!(remembered.get_or(std::future::pending::<Result<u8>>()));
        assert!(left.as_mut().now_or_never().is_none());
        let others = async {
            remembered.forget();
            remembered.get_or(async { Ok(1) }).await.unwrap()
        };
        let value =
            timeout(Duration::from_secs(60), others).await.expect("it waits for the load that is left");
        assert_eq!(*value, 1);
        assert_eq!(*remembered.get_or(std::future::pending()).await.unwrap(), 1, "it is loaded once");
    }

    #[tokio::test]
    async fn what_is_forgotten_while_it_is_loaded_is_not_kept() {
        let remembered = Remembered::nothing();
        let (send, receive) = oneshot::channel();
        let mut loading = pin!(remembered.get_or(async { Ok(receive.await.unwrap()) }));
        assert!(loading.as_mut().now_or_never().is_none());
        remembered.forget();
        send.send(1).unwrap();
        assert_eq!(*loading.await.unwrap(), 1, "who asked before gets it");
        assert_eq!(*remembered.get_or(async { Ok(2) }).await.unwrap(), 2);
        assert_eq!(*remembered.get_or(async { Ok(3) }).await.unwrap(), 2);
    }
}
