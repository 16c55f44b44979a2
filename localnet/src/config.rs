//! How a network is set up.

use crate::Fees;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of a [`Network`](crate::Network).
#[derive(Clone, Debug, Default)]
pub struct NetworkConfig {
    /// Where the state is kept; without one it is gone when the network stops.
    pub state_dir: Option<PathBuf>,
    /// Port to listen on; 0 for any free one.
    pub port: u16,
    /// A subnet's rounds; without them every message is executed at once.
    pub round: Option<RoundConfig>,
    /// What canisters pay; by default what they pay on the Internet Computer.
    pub fees: Fees,
}

/// Rounds as a subnet has them, to time uploads under real limits.
#[derive(Clone, Copy, Debug)]
pub struct RoundConfig {
    /// Time from one round to the next.
    pub length: Duration,
    /// Bytes of ingress messages that one round takes.
    pub ingress_bytes: u64,
}
