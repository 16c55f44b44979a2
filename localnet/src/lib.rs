//! An embedded single-node development network that speaks the IC's HTTP interface and the PocketIC server's protocol.
