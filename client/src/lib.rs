//! Uploads files through both lanes of a pipeline to a Darkroom canister, and reads items back.
//!
//! [`Darkroom`] is the entry: a canister, the agent that speaks to it, and a [`Toolkit`] of the processors and
//! decoders that the application knows. While lane A sends the file's chunks, several at a time, lane B makes
//! the derivatives on threads of its own. Every asset of an outcome has been checked against a certified
//! answer of the canister.
//!
//! The library prints nothing, ends no process and keeps no state outside its values but the journal, if one is
//! asked for. It knows no codec and no processor: those come in through the toolkit.
//!
//! ```no_run
//! # async fn example(
//! #     registry: darkroom_core::registry::Registry,
//! #     decoder: &'static dyn darkroom_core::decode::Decode,
//! #     identity: ic_agent::identity::BasicIdentity,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! use darkroom_client::{Darkroom, Toolkit, UploadOptions};
//!
//! let darkroom = Darkroom::connect("https://icp-api.io", "ryjl3-tyaaa-aaaaa-aaaba-cai".parse()?)
//!     .identity(identity)
//!     .toolkit(Toolkit { registry, decoder })
//!     .await?;
//! let outcome = darkroom.upload_path("photo.jpg", UploadOptions::default(), |event| drop(event)).await?;
//! for asset in &outcome.assets {
//!     println!("{} {} bytes", asset.name, asset.bytes);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The folder `examples` has whole programs.
//!
//! # Cancellation
//!
//! Dropping the future of a call ends it, at any time: nothing is sent after that, and no thread goes on but for the
//! stage that it is in. What the canister has taken of an upload stays until its session expires, by default after a
//! day: the same upload, by this process or another, goes on from there. What a download has fetched stays beside its
//! target. A call that has gone out may be carried out all the same; each may be repeated.
//!
//! | file | what is in it |
//! |---|---|
//! | `connect.rs` | from a URL to the entry |
//! | `darkroom.rs` | the entry, and the calls that need no more than one message |
//! | `upload/` | one upload: its options, both lanes, its outcome |
//! | `schedule/` | what to send and what to make, decided without I/O |
//! | `window/` | how many messages with many bytes are on their way at once |
//! | `line.rs` | large messages on the line, a few at a time |
//! | `journal/` | uploads in flight, kept on disk |
//! | `clock.rs` | the time of day, read nowhere else |
//! | `derive/` | lane B: stages on threads |
//! | `reprocess.rs` | derivatives of a stored item made again |
//! | `download/`, `verify.rs` | assets read back and checked, into files too; derivatives made again |
//! | `catalog.rs`, `remembered.rs` | the canister's pipelines and processors, checked against the toolkit |
//! | `calls.rs`, `retry.rs` | calls with their types, and which failures are worth another try |
//! | `config/` | pipelines as people write them and as they travel, and what is wrong with them |

mod calls;
mod catalog;
mod clock;
pub mod config;
mod connect;
mod darkroom;
mod derive;
mod download;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod journal;
mod line;
mod remembered;
mod reprocess;
mod retry;
mod schedule;
#[cfg(test)]
mod spawned;
mod thread;
mod upload;
mod verify;
mod window;

pub use crate::connect::{Connect, http_service};
pub use crate::darkroom::{Darkroom, Toolkit};
pub use crate::download::{DownloadEvent, DownloadOptions, Downloaded};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::reprocess::{ReprocessOptions, Reprocessed};
pub use crate::retry::{RetryPolicy, refusal};
pub use crate::upload::{Event, FailedStage, LaneTime, Outcome, Prepared, StoredAsset, Unit, UploadOptions};
pub use crate::verify::{AssetReport, Check};
