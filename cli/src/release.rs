//! Which Darkroom a module is, by what it says of itself, and whether this binary's may take its place.

use candid::Principal;
use darkroom_core::Digest;
use ic_agent::{Agent, AgentError};
use semver::Version;

use crate::deploy::{carried, failed};
use crate::error::{Error, Result};

/// A method that every Darkroom has.
const METHOD: &str = "begin_upload";

/// A module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// Its SHA-256.
    pub(crate) module: Digest,
    /// The version of the code; the first ones did not tell.
    pub(crate) version: Option<Version>,
    /// The version of its layout of stable memory; likewise.
    pub(crate) layout: Option<u32>,
}

impl Release {
    /// The one that this binary carries.
    pub(crate) fn carried() -> Release {
        Release {
            module: carried(),
            version: darkroom_wasm::metadata(VERSION).and_then(number),
            layout: darkroom_wasm::metadata(LAYOUT).and_then(number),
        }
    }

    /// The one that a canister has; nothing for code that is no Darkroom.
    pub(crate) async fn of(agent: &Agent, canister: Principal, module: Digest) -> Result<Option<Release>> {
        let version = metadata(agent, canister, VERSION).await?.and_then(number);
        let layout = metadata(agent, canister, LAYOUT).await?.and_then(number);
        if version.is_none() {
            let interface = metadata(agent, canister, "candid:service").await?.unwrap_or_default();
            if !String::from_utf8_lossy(&interface).contains(METHOD) {
                return Ok(None);
            }
        }
        Ok(Some(Release { module, version, layout }))
    }

    /// Whether `next` may take its place.
    ///
    /// # Errors
    /// [`Error::Refused`] for an older one, with the reason.
    pub(crate) fn check_successor(&self, next: &Release) -> Result<()> {
        let refuse = |what: &str, found: String, carried: String| {
            Err(Error::Refused(format!(
                "the canister has {what} {found}, this binary carries {carried}: an older version may not understand what \
                 a newer one has stored\n  hint: use a newer `darkroom`"
            )))
        };
        match (self.layout, next.layout) {
            (Some(found), Some(carried)) if found > carried => {
                return refuse("layout", found.to_string(), carried.to_string());
            }
            _ => {}
        }
        match (&self.version, &next.version) {
            (Some(found), Some(carried)) if found > carried => {
                refuse("version", found.to_string(), carried.to_string())
            }
            _ => Ok(()),
        }
    }

    /// The version as people read it.
    pub(crate) fn shown(&self) -> String {
        self.version.as_ref().map_or_else(|| "unknown".to_owned(), Version::to_string)
    }
}

const VERSION: &str = "darkroom:version";
const LAYOUT: &str = "darkroom:layout";

fn number<T: std::str::FromStr>(bytes: Vec<u8>) -> Option<T> {
    String::from_utf8(bytes).ok()?.parse().ok()
}

async fn metadata(agent: &Agent, canister: Principal, name: &str) -> Result<Option<Vec<u8>>> {
    match agent.read_state_canister_metadata(canister, name).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(AgentError::LookupPathAbsent(_)) => Ok(None),
        Err(error) => Err(failed("look at the canister", &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(version: Option<&str>, layout: Option<u32>) -> Release {
        let version = version.map(|version| version.parse().unwrap());
        Release { module: Digest([0; 32]), version, layout }
    }

    #[test]
    fn nothing_older_takes_the_place() {
        let carried = release(Some("0.2.0"), Some(4));
        for good in [(Some("0.1.9"), Some(3)), (Some("0.2.0"), Some(4)), (None, None), (None, Some(4))] {
            assert!(release(good.0, good.1).check_successor(&carried).is_ok(), "{good:?}");
        }
        for (version, layout, what) in [
            (Some("0.2.1"), Some(4), "version 0.2.1"),
            (Some("0.2.0"), Some(5), "layout 5"),
            (None, Some(5), "layout 5"),
        ] {
            let error = release(version, layout).check_successor(&carried).unwrap_err();
            assert_eq!(error.exit_code(), crate::error::REFUSED);
            assert!(error.to_string().contains(what), "{error}");
        }
    }

    #[test]
    fn the_carried_one_tells() {
        let carried = Release::carried();
        assert_eq!(carried.shown(), env!("CARGO_PKG_VERSION"));
        assert!(carried.layout.is_some());
    }
}
