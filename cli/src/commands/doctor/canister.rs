//! What there is of the canister.

use candid::{Encode, Nat, Principal};
use darkroom_api as api;
use ic_agent::AgentError;

use super::Check;
use crate::deploy::{Deployment, Installed};
use crate::error::Result;
use crate::release::Release;
use crate::site::{Choice, Site};

/// Days that a canister should live from what it has.
const DAYS: u64 = 30;

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

pub(super) async fn examine(site: &Site, given: Option<&str>, deployment: Deployment<'_>) -> Vec<Check> {
    let choice = match site.canister(given) {
        Ok(choice) => choice,
        Err(error) => return vec![Check::error("canister", &error)],
    };
    let Some(canister) = choice.id() else {
        let found = match &choice {
            Choice::Unborn(name) => format!("`{name}` has none on `{}`", site.network.key()),
            _ => format!("none is known on `{}`", site.network.key()),
        };
        return vec![Check::warn("canister", found, "`darkroom deploy` makes one, --canister names one")];
    };
    match of_canister(canister, deployment).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::error("canister", &error)],
    }
}

async fn of_canister(canister: Principal, deployment: Deployment<'_>) -> Result<Vec<Check>> {
    let remedy = format!("darkroom deploy --canister {canister}");
    let module = match deployment.installed(canister).await? {
        Installed::Missing => {
            let found = format!("{canister} is not on this network");
            return Ok(vec![Check::fail("canister", found, "check --canister and --network")]);
        }
        Installed::Empty => {
            return Ok(vec![Check::fail("canister", format!("{canister} has no code"), remedy)]);
        }
        Installed::Module(module) => module,
    };
    let carried = Release::carried();
    let Some(release) = Release::of(deployment.agent, canister, module).await? else {
        let found = format!("{canister} is not a Darkroom");
        return Ok(vec![Check::fail("canister", found, "check --canister and --network")]);
    };
    if deployment.is_stopped(canister).await {
        return Ok(vec![Check::fail("canister", format!("{canister} is stopped"), remedy)]);
    }
    let version = format!("{canister}, version {}, module {module}", release.shown());
    let first = match (release.module == carried.module, release.check_successor(&carried)) {
        (true, _) => Check::ok("canister", format!("{version} as in this binary")),
        (false, Ok(())) => {
            Check::warn("canister", format!("{version}, not this binary's"), "darkroom upgrade")
        }
        (false, Err(_)) => {
            let found = format!("{version}, newer than this binary");
            Check::warn("canister", found, "use a newer `darkroom`")
        }
    };
    Ok(vec![first, rights(canister, deployment).await, cycles(canister, deployment).await])
}

/// Whether the caller may upload: an upload without a file name is refused for what comes first.
async fn rights(canister: Principal, deployment: Deployment<'_>) -> Check {
    let upload = api::BeginUpload {
        pipeline: None,
        file_name: String::new(),
        media_type: String::new(),
        size: 0,
        sha256: None,
        visibility: None,
        idempotency_key: None,
    };
    match begin(canister, deployment, &upload).await {
        Ok(Err(error)) if error.code == api::code::FORBIDDEN => Check::fail(
            "rights",
            error.message,
            "name another identity with --identity, or have a controller run `darkroom deploy --access` with all that may upload, \
             this one among them",
        ),
        Ok(_) => Check::ok("rights", "this identity may upload"),
        Err(error) => Check::fail("rights", error.to_string(), "check that the canister runs"),
    }
}

async fn begin(
    canister: Principal,
    deployment: Deployment<'_>,
    upload: &api::BeginUpload,
) -> Result<api::Result<api::Upload>, AgentError> {
    let call = deployment.agent.update(&canister, "begin_upload").with_arg(Encode!(upload)?);
    match call.call_and_wait().await {
        Ok(answer) => Ok(api::read_answer(&answer)?),
        Err(error) => darkroom_client::refusal(&error).map(Err).ok_or(error),
    }
}

/// How long the canister lives from the cycles that it has.
async fn cycles(canister: Principal, deployment: Deployment<'_>) -> Check {
    let status = match deployment.status(canister).await {
        Ok(status) => status,
        Err(AgentError::CertifiedReject { .. } | AgentError::UncertifiedReject { .. }) => {
            return Check::skip("cycles", "only controllers can see them");
        }
        Err(error) => return Check::skip("cycles", format!("cannot be seen: {error}")),
    };
    // An older canister may have other limits; then only the network's count.
    let limits = limits(canister, deployment).await.unwrap_or_default();
    let minimum = limits.min_cycles.unwrap_or_default();
    let settings = &status.settings;
    judge(&status.cycles, &status.idle_cycles_burned_per_day, &settings.freezing_threshold, minimum)
}

async fn limits(canister: Principal, deployment: Deployment<'_>) -> Result<api::Limits, AgentError> {
    let query = deployment.agent.query(&canister, "limits").with_arg(Encode!()?);
    Ok(api::read_answer(&query.call().await?)?)
}

/// `minimum` is what must be there above the freezing threshold for an upload to begin.
fn judge(balance: &Nat, per_day: &Nat, freezing_seconds: &Nat, minimum: u64) -> Check {
    let frozen = per_day.clone() * freezing_seconds.clone() / SECONDS_PER_DAY;
    let found = format!("{balance}, {per_day} a day; frozen below {frozen}, uploads need {minimum} more");
    let remedy = "top it up: `icp canister top-up`, or https://nns.ic0.app";
    if *balance < frozen {
        return Check::fail("cycles", format!("{found}: it is frozen"), remedy);
    }
    let left = balance.clone() - frozen;
    if left < minimum {
        return Check::fail("cycles", format!("{found}: uploads are refused"), remedy);
    }
    if *per_day != 0u32 && left.clone() / per_day.clone() < DAYS {
        return Check::warn("cycles", format!("{found}: less than {DAYS} days are left"), remedy);
    }
    Check::ok("cycles", found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Status;

    #[test]
    fn cycles_are_held_against_the_freezing_threshold() {
        let day = SECONDS_PER_DAY;
        let status = |balance: u64, per_day: u64, days: u64, minimum: u64| {
            judge(&balance.into(), &per_day.into(), &(days * day).into(), minimum).status
        };
        assert_eq!(status(1_000, 1, 30, 0), Status::Ok);
        assert_eq!(status(59, 1, 30, 0), Status::Warn);
        assert_eq!(status(29, 1, 30, 0), Status::Fail);
        assert_eq!(status(0, 0, 30, 0), Status::Ok);
        assert_eq!(status(1_000, 1, 30, 971), Status::Fail);
        assert_eq!(status(1_000, 1, 30, 970), Status::Ok);
    }
}
