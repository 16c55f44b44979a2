//! The processors that an application knows.
//!
//! Processors register themselves through `inventory`, and the application names them once in
//! [`processors!`](crate::processors). Both are needed: on wasm32 the linker skips archive members that nothing
//! refers to, so without LTO an `inventory` registration in a crate that is only depended on is lost silently
//! (measured with inventory 0.3.25, rustc 1.95 to 1.99). The list refers to each processor's static, which
//! holds in every profile; the registry merges both sources.

use crate::error::{Error, Result};
use crate::processor::Descriptor;

/// What [`register_processor!`](crate::register_processor) submits to `inventory`.
#[derive(Debug)]
pub struct Registration(pub &'static Descriptor);

inventory::collect!(Registration);

/// Processors by id.
#[derive(Debug, Clone)]
pub struct Registry {
    /// Sorted by id: the order of registration is link order, which is arbitrary.
    processors: Vec<&'static Descriptor>,
}

impl Registry {
    /// Merges the processors named in `listed` with those that registered themselves.
    ///
    /// # Errors
    /// [`Error::DuplicateProcessor`] when two different processors have the same id.
    pub fn new(listed: &[&'static Descriptor]) -> Result<Registry> {
        let registered = inventory::iter::<Registration>.into_iter().map(|registration| registration.0);
        Registry::merge(listed.iter().copied().chain(registered))
    }

    fn merge(all: impl Iterator<Item = &'static Descriptor>) -> Result<Registry> {
        let mut processors: Vec<&'static Descriptor> = Vec::new();
        for descriptor in all {
            match processors.iter().find(|known| known.id() == descriptor.id()) {
                None => processors.push(descriptor),
                // The same static, once from the list and once from inventory.
                Some(known) if std::ptr::eq(*known, descriptor) => {}
                Some(_) => return Err(Error::DuplicateProcessor { id: descriptor.id().to_owned() }),
            }
        }
        processors.sort_by_key(|descriptor| descriptor.id());
        Ok(Registry { processors })
    }

    /// The processor with this id.
    ///
    /// # Errors
    /// [`Error::UnknownProcessor`], which lists the registered ids.
    pub fn get(&self, id: &str) -> Result<&'static Descriptor> {
        self.processors.iter().find(|descriptor| descriptor.id() == id).copied().ok_or_else(|| {
            Error::UnknownProcessor { id: id.to_owned(), known: self.ids().collect::<Vec<_>>().join(", ") }
        })
    }

    /// The registered ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.processors.iter().map(|descriptor| descriptor.id())
    }

    /// All processors, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &'static Descriptor> + '_ {
        self.processors.iter().copied()
    }
}

/// Exports a processor's descriptor as `pub static PROCESSOR` and submits it to the registry.
/// Called once in a processor's crate; the processor is a unit struct with `Default`.
#[macro_export]
macro_rules! register_processor {
    ($processor:ty) => {
        /// This crate's processor, for [`processors!`](darkroom_core::processors).
        pub static PROCESSOR: $crate::processor::Descriptor =
            $crate::processor::Descriptor::of::<$processor>();
        $crate::__inventory::submit! { $crate::registry::Registration(&PROCESSOR) }
    };
}

/// The list of an application's processors, by crate: `processors![darkroom_thumbnail, darkroom_preview]` is a
/// `[&'static Descriptor; 2]` for [`Registry::new`](crate::registry::Registry::new).
#[macro_export]
macro_rules! processors {
    ($($krate:ident),* $(,)?) => {
        [$(&$krate::PROCESSOR as &'static $crate::processor::Descriptor),*]
    };
}
