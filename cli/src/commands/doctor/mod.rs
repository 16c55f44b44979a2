//! `darkroom doctor`: what is missing, and what to do about it.

mod canister;
mod machine;

use std::sync::Arc;

use ic_agent::identity::AnonymousIdentity;
use serde::Serialize;

use crate::args::{Doctor, Target};
use crate::commands::{json, print};
use crate::connection::{identity, with_identity};
use crate::deploy::Deployment;
use crate::error::{Error, Result};
use crate::network::RootKey;
use crate::site::Site;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// As it should be.
    Ok,
    /// It works, and something should be done.
    Warn,
    /// Something does not work.
    Fail,
    /// It could not be asked, or does not matter here.
    Skip,
}

/// A check, as it is printed.
#[derive(Clone, Debug, Serialize)]
struct Check {
    check: &'static str,
    status: Status,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Check {
    fn ok(check: &'static str, found: impl Into<String>) -> Check {
        Check { check, status: Status::Ok, found: found.into(), remedy: None }
    }

    fn skip(check: &'static str, found: impl Into<String>) -> Check {
        Check { status: Status::Skip, ..Check::ok(check, found) }
    }

    fn warn(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check { status: Status::Warn, remedy: Some(remedy.into()), ..Check::ok(check, found) }
    }

    fn fail(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check { status: Status::Fail, remedy: Some(remedy.into()), ..Check::ok(check, found) }
    }

    /// A failure that says itself what to do.
    fn error(check: &'static str, error: &Error) -> Check {
        let text = error.text().unwrap_or_default();
        match text.split_once("\n  hint: ") {
            Some((found, remedy)) => Check::fail(check, found, remedy),
            None => Check { status: Status::Fail, ..Check::ok(check, text) },
        }
    }

    fn show(&self, as_json: bool) -> Result<()> {
        if as_json {
            return print(&json(self)?);
        }
        let status = match self.status {
            Status::Ok => "ok  ",
            Status::Warn => "warn",
            Status::Fail => "FAIL",
            Status::Skip => "-   ",
        };
        print(&format!("{status}  {:<9}  {}", self.check, self.found.replace('\n', "\n                 ")))?;
        self.remedy.iter().try_for_each(|remedy| print(&format!("                 remedy: {remedy}")))
    }
}

pub(super) fn run(target: &Target, args: &Doctor) -> Result<()> {
    let checks = examine(target);
    checks.iter().try_for_each(|check| check.show(args.json))?;
    match checks.iter().any(|check| check.status == Status::Fail) {
        true => Err(Error::Reported),
        false => Ok(()),
    }
}

fn examine(target: &Target) -> Vec<Check> {
    let mut checks = vec![machine::state(&target.state), machine::target()];
    let site = match Site::new(target) {
        Ok(site) => site,
        Err(error) => {
            checks.push(Check::error("network", &error));
            return checks;
        }
    };
    checks.extend(machine::tools(&site.project));
    let identity = match identity(target, &site) {
        Ok(chosen) => {
            checks.push(match chosen.identity.sender() {
                Ok(sender) => Check::ok("identity", format!("{sender}, {}", chosen.source)),
                Err(reason) => Check::fail("identity", reason, "name another with --identity"),
            });
            chosen.identity
        }
        Err(error) => {
            checks.push(Check::error("identity", &error));
            Arc::new(AnonymousIdentity)
        }
    };
    let on_network = with_identity(identity, &site, async |agent, endpoint| {
        let mut found = Vec::new();
        let status = agent.status().await;
        match status {
            Ok(_) => found.push(Check::ok("network", format!("{} at {}", site.network.key(), endpoint.url))),
            Err(error) => {
                let text = format!("cannot reach {}: {error}", endpoint.url);
                found.push(Check::fail("network", text, "check --network and that it runs"));
                return Ok(found);
            }
        }
        found.push(Check::ok(
            "root key",
            match endpoint.root_key() {
                RootKey::Mainnet => "mainnet's, which is built in",
                RootKey::Fetch => "fetched: the network is on this machine",
                RootKey::Known(_) if endpoint.is_embedded() => "that of the embedded network",
                RootKey::Known(_) => "as icp.yaml gives it",
            },
        ));
        let deployment = Deployment { agent, state: &site.state, network: &site.network };
        found.extend(canister::examine(&site, target.canister.as_deref(), deployment).await);
        Ok(found)
    });
    match on_network {
        Ok(found) => checks.extend(found),
        Err(error) => checks.push(Check::error("network", &error)),
    }
    checks
}
