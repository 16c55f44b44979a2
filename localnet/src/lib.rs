//! An embedded single-node development network that speaks the IC's HTTP interface and the PocketIC server's
//! protocol.

#[cfg(not(all(target_pointer_width = "64", target_os = "linux")))]
compile_error!("darkroom-localnet maps canister memories with the means of 64-bit Linux");

mod clock;
mod config;
mod crypto;
mod cycles;
mod error;
mod exec;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod memory;
mod mgmt;
mod net;
mod network;
mod reject;
mod server;
mod state;
mod wasm;

pub use config::{NetworkConfig, RoundConfig};
pub use cycles::Fees;
pub use error::Error;
pub use http::untrusted::check_certification;
pub use network::Network;
pub use server::PocketIcServer;

/// The example of README.md, compiled with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
