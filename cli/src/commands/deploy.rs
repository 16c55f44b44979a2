//! `darkroom deploy`: the canister that this binary carries, installed or upgraded to.

use std::path::Path;

use candid::Principal;
use darkroom_api as api;

use crate::args::{Deploy, Switch, Target};
use crate::commands::{config, print};
use crate::connection::with_network;
use crate::deploy::{Deployment, Installed, carried};
use crate::error::{Error, Result};
use crate::network::{NetworkName, RootKey};
use crate::project::CANISTER;
use crate::site::{Choice, Site};

pub(super) fn run(target: &Target, args: &Deploy) -> Result<()> {
    let site = Site::new(target)?;
    let init = init_args(args)?;
    let unlocked = site.canister(target.canister.as_deref())?;
    if unlocked.id().is_none() && site.network.name == NetworkName::Ic {
        return Err(Error::Usage(
            "creating a canister on `ic` takes cycles; create one with `icp canister create` and name it with \
             --canister ID"
                .to_owned(),
        ));
    }
    with_network(target, &site, async |agent, endpoint| {
        let deployment = Deployment { agent, state: &site.state, network: &site.network };
        let lock = deployment.lock().await?;
        // Whoever had the lock before may have deployed one.
        let choice = site.canister(target.canister.as_deref())?;
        let is_mainnet = *endpoint.root_key() == RootKey::Mainnet;
        let (canister, found) = match choice.id() {
            Some(canister) => (canister, deployment.installed(canister).await?),
            None => (deployment.create(&lock).await?, Installed::Empty),
        };
        let (canister, found) = match (found, &choice) {
            // A name or a memory may outlive a network for development; an id is meant as it is.
            (Installed::Missing, Choice::Id(_)) => {
                return Err(Error::Refused(format!("there is no canister {canister} on this network")));
            }
            (Installed::Missing, _) if is_mainnet => {
                return Err(Error::Refused(format!(
                    "canister {canister} is not there any more; name another"
                )));
            }
            (Installed::Missing, _) => (deployment.create(&lock).await?, Installed::Empty),
            (Installed::Empty, choice) if is_mainnet && is_perhaps_another(choice) => {
                return Err(Error::Usage(format!(
                    "canister {canister} is the project's only one on `{}`, and has no code; name it with --canister if \
                     it is to be a Darkroom",
                    site.network.key()
                )));
            }
            // The project's only canister is something else: it gets company, where that costs nothing.
            (Installed::Module(_), Choice::OfProject(..))
                if !is_mainnet && !deployment.is_darkroom(canister).await? =>
            {
                (deployment.create(&lock).await?, Installed::Empty)
            }
            (found, _) => (canister, found),
        };
        let upgrade = found != Installed::Empty;
        let unchanged = found == Installed::Module(carried()) && init == api::InitArgs::default();
        if !unchanged {
            if let Installed::Module(module) = found {
                deployment.check_upgrade(canister, module).await?;
            }
            deployment.install(canister, upgrade, &init).await?;
        }
        if unchanged {
            deployment.revive(canister).await?;
        }
        site.state.set_canister(&lock, site.network.key(), canister)?;
        tell_project(&site, deployment, &endpoint.url, &choice, canister).await?;
        let what = match (unchanged, upgrade) {
            (true, _) => "is up to date",
            (false, true) => "upgraded",
            (false, false) => "installed",
        };
        print(&format!("canister {canister} {what}, module {}", carried()))
    })
}

/// Whether a canister is meant only because the project has no other: its name says nothing of a Darkroom.
fn is_perhaps_another(choice: &Choice) -> bool {
    matches!(choice, Choice::OfProject(name, _) if name != CANISTER)
}

/// Writes the id where icp and dfx look for it, unless another canister that is still there has its place.
async fn tell_project(
    site: &Site,
    deployment: Deployment<'_>,
    url: &url::Url,
    choice: &Choice,
    canister: Principal,
) -> Result<()> {
    for (place, name) in site.homes(url, choice) {
        let file = place.ids().unwrap_or(Path::new("")).display();
        match place.canisters()?.get(&name) {
            Some(known) if *known == canister => continue,
            Some(known) if deployment.installed(*known).await? != Installed::Missing => {
                note!("note: {file} has canister {known} as `{name}`, and keeps it");
                continue;
            }
            _ => {}
        }
        place.set_canister(&name, canister)?;
        note!("{file} has it as `{name}` now");
    }
    Ok(())
}

fn init_args(args: &Deploy) -> Result<api::InitArgs> {
    let mut init = match &args.config {
        Some(path) => config::init_args(&config::read(path)?.0),
        None => api::InitArgs::default(),
    };
    init.access = access(&args.access)?;
    init.cors = cors(&args.cors)?;
    init.gallery = args.gallery.map(|gallery| gallery == Switch::On);
    Ok(init)
}

fn access(named: &[String]) -> Result<Option<api::Access>> {
    let principal = |named: &String| match named.parse::<Principal>() {
        Ok(principal) if principal != Principal::anonymous() => Ok(principal),
        Ok(_) => Err(Error::Usage("--access: the anonymous principal never uploads".to_owned())),
        Err(error) => Err(Error::Usage(format!(
            "--access: `{named}` is none of `controllers`, `authenticated` and principals: {error}"
        ))),
    };
    Ok(match named.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["controllers"] => Some(api::Access::Controllers),
        ["authenticated"] => Some(api::Access::Authenticated),
        ref many if many.contains(&"controllers") || many.contains(&"authenticated") => {
            return Err(Error::Usage("--access: `controllers` and `authenticated` stand alone".to_owned()));
        }
        _ => Some(api::Access::Principals(named.iter().map(principal).collect::<Result<_>>()?)),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_upload_is_one_word_or_principals() {
        let read = |named: &[&str]| access(&named.iter().map(ToString::to_string).collect::<Vec<_>>());
        let (one, two) = (Principal::management_canister(), Principal::from_slice(&[1]));
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["controllers"]).unwrap(), Some(api::Access::Controllers));
        assert_eq!(read(&["authenticated"]).unwrap(), Some(api::Access::Authenticated));
        let named = [one.to_text(), two.to_text()];
        let found = read(&[&named[0], &named[1]]).unwrap();
        assert_eq!(found, Some(api::Access::Principals(vec![one, two])));
        for (wrong, says) in [
            (&["nobody"][..], "`nobody` is none of"),
            (&["controllers", &named[0]], "stand alone"),
            (&["2vxsx-fae"], "the anonymous principal never uploads"),
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn only_a_canister_that_was_named_or_is_called_so_is_a_darkroom_for_sure() {
        let id = Principal::anonymous();
        assert!(is_perhaps_another(&Choice::OfProject("backend".into(), id)));
        assert!(!is_perhaps_another(&Choice::OfProject(CANISTER.into(), id)));
        assert!(!is_perhaps_another(&Choice::Named("backend".into(), id)));
        assert!(!is_perhaps_another(&Choice::Id(id)) && !is_perhaps_another(&Choice::Remembered(id)));
    }
}
