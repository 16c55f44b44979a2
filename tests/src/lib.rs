//! The harness of the PocketIC suites: a network, a Darkroom canister on it, and an uploader that follows the
//! interface call by call, so that the suites can stop between any two calls.
//!
//! The suites run on the PocketIC server that `POCKET_IC_BIN` names, else on localnet.
#![allow(clippy::missing_panics_doc, reason = "a harness fails by panicking")]

mod calls;
mod canister;
mod configured;
mod file;
mod gateway;
mod inject;
mod module;
mod photos;
mod probe;
mod server;
mod uploader;

pub use calls::{files_from_all, originals_only, principal};
pub use canister::Darkroom;
pub use configured::{pipeline, stage};
pub use file::{Dice, File};
pub use gateway::Gateway;
pub use inject::{Trap, trapping, without_growth};
pub use module::{entry_points, without};
pub use photos::{Photo, photo_of_20_mb, small_photos};
pub use probe::Probe;
pub use server::{network, network_with_root_key};
pub use uploader::{derivatives, derivatives_of, put_assets_args, toolkit};
