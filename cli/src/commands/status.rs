//! `darkroom status`: the network, the canister, its pipelines.

use darkroom_api as api;
use darkroom_client::Darkroom;

use crate::args::Target;
use crate::commands::print;
use crate::connection::{identity, with_identity};
use crate::deploy::{Deployment, Installed, carried};
use crate::error::{Error, Result};
use crate::site::Site;
use crate::toolkit;

pub(super) fn run(target: &Target) -> Result<()> {
    let site = Site::new(target)?;
    let choice = site.canister(target.canister.as_deref())?;
    let chosen = identity(target, &site)?;
    with_identity(chosen.identity, &site, async |agent, endpoint| {
        let running = if endpoint.is_embedded() { ", in this process" } else { "" };
        print(&format!("network    {} at {}{running}", site.network.key(), endpoint.url))?;
        print(&format!("state      {}", site.state.root().display()))?;
        let principal = agent.get_principal().map_err(Error::Local)?;
        print(&format!("identity   {principal}, {}", chosen.source))?;
        let Some(canister) = choice.id() else {
            return print("canister   none deployed; `darkroom deploy` or `darkroom run` does it");
        };
        let deployment = Deployment { agent, state: &site.state, network: &site.network };
        match deployment.installed(canister).await? {
            Installed::Missing => return print(&format!("canister   {canister} is not on this network")),
            Installed::Empty => return print(&format!("canister   {canister} has no code")),
            Installed::Module(found) if found == carried() => {
                print(&format!("canister   {canister}, module {found} as in this binary"))?;
            }
            Installed::Module(found) => {
                print(&format!("canister   {canister}, module {found}; this binary carries {}", carried()))?;
            }
        }
        let darkroom = Darkroom::new(agent.clone(), canister, toolkit::toolkit()?);
        for pipeline in darkroom.pipelines().await? {
            print(&format!("pipeline   {}: {}", pipeline.name, stages(&pipeline)))?;
        }
        Ok(())
    })
}

fn stages(pipeline: &api::Pipeline) -> String {
    let lane = |lane: &api::Lane| {
        let stages = lane.stages.iter().map(|stage| match stage.placement {
            Some(api::Placement::Canister) => format!("{} on the canister", stage.asset),
            _ => stage.asset.clone(),
        });
        format!("lane {} ({})", lane.name, stages.collect::<Vec<_>>().join(", "))
    };
    pipeline.lanes.iter().map(lane).collect::<Vec<_>>().join(", ")
}
