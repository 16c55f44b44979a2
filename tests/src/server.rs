//! The server that a suite runs on.

use std::sync::{Mutex, PoisonError};

use darkroom_localnet::PocketIcServer;
use pocket_ic::{PocketIc, PocketIcBuilder};

/// One server for all tests of a process.
static LOCALNET: Mutex<Option<PocketIcServer>> = Mutex::new(None);

/// A new network with one application subnet. The first call of a process prints which server it is.
pub fn network() -> PocketIc {
    build(PocketIcBuilder::new().with_application_subnet())
}

/// A new network that has a root key too, which comes with a system subnet.
pub fn network_with_root_key() -> PocketIc {
    build(PocketIcBuilder::new().with_nns_subnet().with_application_subnet())
}

fn build(builder: PocketIcBuilder) -> PocketIc {
    let mut localnet = LOCALNET.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = std::env::var_os("POCKET_IC_BIN") {
        println!("suites run on the PocketIC server {}", server.display());
        return builder.build();
    }
    let server = localnet.get_or_insert_with(|| {
        println!("suites run on localnet (POCKET_IC_BIN is not set)");
        PocketIcServer::start(0).unwrap_or_else(|error| panic!("localnet does not start: {error}"))
    });
    let url = server.url().parse().unwrap_or_else(|error| panic!("{}: {error}", server.url()));
    builder.with_server_url(url).build()
}
