//! `darkroom upgrade`: the canister brought to the version that this binary carries.

use darkroom_api as api;
use darkroom_client::Darkroom;

use crate::args::{Target, Upgrade};
use crate::commands::print;
use crate::connection::{require, with_network};
use crate::deploy::{Deployment, Installed};
use crate::error::{Error, Result};
use crate::release::Release;
use crate::site::Site;
use crate::toolkit;

pub(super) fn run(target: &Target, args: &Upgrade) -> Result<()> {
    let site = Site::new(target)?;
    let canister = require(&site, &site.canister(target.canister.as_deref())?)?;
    with_network(target, &site, async |agent, _| {
        let deployment = Deployment { agent, state: &site.state, network: &site.network };
        let module = match deployment.installed(canister).await? {
            Installed::Module(module) => module,
            Installed::Missing => {
                return Err(Error::Refused(format!("there is no canister {canister} on this network")));
            }
            Installed::Empty => {
                return Err(Error::Usage(format!(
                    "canister {canister} has no code; `darkroom deploy --canister {canister}` installs it"
                )));
            }
        };
        let carried = Release::carried();
        let found = Release::of(agent, canister, module).await?.ok_or_else(|| {
            Error::Refused(format!("canister {canister} is not a Darkroom; check --canister and --network"))
        })?;
        if found.module == carried.module {
            if !args.dry_run {
                deployment.revive(canister).await?;
            }
            return print(&format!(
                "canister {canister} is up to date: version {}, module {module}",
                found.shown()
            ));
        }
        found.check_successor(&carried)?;
        if args.dry_run && deployment.is_stopped(canister).await {
            return Err(Error::Refused(format!(
                "canister {canister} is stopped, and cannot be asked\n  hint: `darkroom upgrade` starts it"
            )));
        }
        deployment.revive(canister).await?;
        let darkroom = Darkroom::new(agent.clone(), canister, toolkit::toolkit()?);
        let changes = changes(&found, &carried, &darkroom.processors().await?)?;
        if !args.dry_run {
            deployment.install(canister, true, &api::InitArgs::default()).await?;
        }
        let what = if args.dry_run { "would be upgraded" } else { "upgraded" };
        print(&format!("canister {canister} {what}\n{}", changes.join("\n")))
    })
}

/// What becomes another, a line each.
fn changes(found: &Release, carried: &Release, processors: &[api::ProcessorInfo]) -> Result<Vec<String>> {
    let mut lines = vec![match found.version == carried.version {
        true => format!("version    {}, another build", found.shown()),
        false => format!("version    {} -> {}", found.shown(), carried.shown()),
    }];
    if let (Some(from), Some(to)) = (found.layout, carried.layout)
        && from != to
    {
        lines.push(format!("layout     {from} -> {to}, what is stored is migrated"));
    }
    lines.push(format!("module     {} -> {}", found.module, carried.module));
    let registry = toolkit::registry()?;
    for id in registry.ids() {
        let Ok(processor) = registry.get(id) else { continue };
        let version = processor.version();
        match processors.iter().find(|known| known.id == id).map(|known| known.version) {
            Some(known) if known == version => {}
            Some(known) => {
                lines.push(format!("processor  {id} {known} -> {version}, `reprocess` makes its assets anew"))
            }
            None => lines.push(format!("processor  {id} {version} is new")),
        }
    }
    for gone in processors.iter().filter(|known| registry.get(&known.id).is_err()) {
        lines.push(format!("processor  {} {} is gone", gone.id, gone.version));
    }
    Ok(lines)
}
