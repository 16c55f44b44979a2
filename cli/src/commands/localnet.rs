//! `darkroom localnet`: the embedded network on its own.

use crate::args::{Localnet, Target};
use crate::commands::print;
use crate::error::{Error, Result};
use crate::interrupt;
use crate::network::{self, running};
use crate::state::State;

pub(super) fn run(target: &Target, command: &Localnet) -> Result<()> {
    let state = State::new(&target.state);
    match command {
        Localnet::Start { port, round_ms } => start(&state, *port, *round_ms),
        Localnet::Stop => stop(&state),
        Localnet::Status => status(&state),
    }
}

fn start(state: &State, port: Option<u16>, round_ms: Option<u32>) -> Result<()> {
    let runtime = interrupt::runtime()?;
    let network = network::start(state, port, round_ms.map(network::round))?;
    let announcement = running::announce(state, &network.url())?;
    print(&network.url())?;
    say!("localnet runs with its state in {}; Ctrl-C stops it", state.root().display());
    if let Some(canister) = state.canister("local")?
        && let Some((scheme, address)) = network.url().split_once("://127.0.0.1")
    {
        say!("assets are at {scheme}://{canister}.localhost{address}/ITEM/ASSET, the gallery, if any, at /");
    }
    let waited = runtime.block_on(interrupt::interrupted());
    drop(announcement);
    network.stop()?;
    say!("localnet has stopped; its state is kept");
    waited
}

fn stop(state: &State) -> Result<()> {
    if running::stop(state)? {
        return print("localnet has stopped; its state is kept");
    }
    say!("no localnet runs with the state in {}", state.root().display());
    Ok(())
}

fn status(state: &State) -> Result<()> {
    match running::find(state)? {
        Some(running) => print(&format!("running at {} (process {})", running.url, running.pid)),
        None => Err(Error::Local(format!("no localnet runs with the state in {}", state.root().display()))),
    }
}
