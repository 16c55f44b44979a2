//! `darkroom deploy`: the canister that this binary carries, installed or upgraded to.

use candid::Principal;
use darkroom_api as api;

use crate::args::{AccessArg, Deploy, Switch, Target};
use crate::commands::{config, print};
use crate::connection::with_network;
use crate::deploy::{Deployment, Installed, carried};
use crate::error::{Error, Result};
use crate::network::NetworkName;
use crate::state::State;

pub(super) fn run(target: &Target, args: &Deploy) -> Result<()> {
    let state = State::new(&target.state);
    let init = init_args(args)?;
    let named = target.canister.as_deref().map(Principal::from_text).transpose();
    let named = named.map_err(|error| Error::Usage(format!("--canister: not a canister id: {error}")))?;
    let known = match named {
        Some(canister) => Some(canister),
        None => state.canister(target.network.key())?,
    };
    if known.is_none() && target.network == NetworkName::Ic {
        return Err(Error::Usage(
            "creating a canister on `ic` takes cycles; create one with `icp canister create` and name it with \
             --canister ID"
                .to_owned(),
        ));
    }
    with_network(target, async |agent, _| {
        let deployment = Deployment { agent, state: &state, network: &target.network };
        let (canister, found) = match known {
            Some(canister) => (canister, deployment.installed(canister).await?),
            None => (deployment.create().await?, Installed::Empty),
        };
        let (canister, found) = match found {
            Installed::Missing if named.is_some() => {
                return Err(Error::Refused(format!("there is no canister {canister} on this network")));
            }
            Installed::Missing => (deployment.create().await?, Installed::Empty),
            found => (canister, found),
        };
        state.set_canister(target.network.key(), canister)?;
        let upgrade = found != Installed::Empty;
        let unchanged = found == Installed::Module(carried()) && init == api::InitArgs::default();
        if !unchanged {
            deployment.install(canister, upgrade, &init).await?;
        }
        let what = match (unchanged, upgrade) {
            (true, _) => "is up to date",
            (false, true) => "upgraded",
            (false, false) => "installed",
        };
        print(&format!("canister {canister} {what}, module {}", carried()))
    })
}

fn init_args(args: &Deploy) -> Result<api::InitArgs> {
    let mut init = match &args.config {
        Some(path) => config::init_args(&config::read(path)?.0),
        None => api::InitArgs::default(),
    };
    init.access = args.access.map(|access| match access {
        AccessArg::Controllers => api::Access::Controllers,
        AccessArg::Authenticated => api::Access::Authenticated,
    });
    init.cors = cors(&args.cors)?;
    init.gallery = args.gallery.map(|gallery| gallery == Switch::On);
    Ok(init)
}

fn cors(named: &[String]) -> Result<Option<api::Cors>> {
    Ok(match named.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["any"] => Some(api::Cors::Any),
        ["none"] => Some(api::Cors::Origins(Vec::new())),
        ref origins if origins.contains(&"any") || origins.contains(&"none") => {
            return Err(Error::Usage("--cors: `any` and `none` stand alone".to_owned()));
        }
        _ => Some(api::Cors::Origins(named.to_vec())),
    })
}
