//! The PocketIC server's protocol: instances, the blob store, gateways.

mod instance;
mod server;
mod wire;

pub(crate) use server::{Server, network_router, router};
