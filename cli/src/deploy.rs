//! The canister that the binary carries: created, installed, upgraded.

use std::time::Duration;

use candid::{CandidType, Encode, Principal};
use darkroom_api as api;
use darkroom_core::Digest;
use ic_agent::{Agent, AgentError};
use ic_management_canister_types as management;

use crate::error::{Error, Result};
use crate::interrupt::Stop;
use crate::network::Network;
use crate::release::Release;
use crate::state::{Lock, State};

/// Bytes of a module that fit into one message with room for arguments.
const MESSAGE: usize = 1_900_000;

/// Bytes of a chunk of a larger module.
const CHUNK: usize = 1 << 20;
/// Cycles of a canister on a development network, where they cost nothing: fees are charged as on the Internet
/// Computer, and this lasts for years of uploads.
const DEVELOPMENT_CYCLES: u128 = 10_000_000_000_000_000;

/// Ids of networks for development, to say which subnet creates a canister.
const SUBNETS: [&str; 2] = ["lxzze-o7777-77777-aaaaa-cai", "rwlgt-iiaaa-aaaaa-aaaaa-cai"];

/// No arguments, in Candid.
const NOTHING: &[u8] = b"DIDL\0\0";

/// Waits between attempts to start a canister.
const STARTS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// What is on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Installed {
    /// No such canister.
    Missing,
    /// A canister without code.
    Empty,
    /// The module with this SHA-256.
    Module(Digest),
}

/// A network to deploy to.
#[derive(Clone, Copy)]
pub(crate) struct Deployment<'a> {
    pub(crate) agent: &'a Agent,
    pub(crate) state: &'a State,
    pub(crate) network: &'a Network,
}

/// The SHA-256 of the module that this binary carries.
pub(crate) fn carried() -> Digest {
    Digest::of(darkroom_wasm::CANISTER)
}

impl Deployment<'_> {
    /// The canister of this network: created and installed where it is missing, upgraded where it is another
    /// version. True with one that was installed just now.
    pub(crate) async fn ensure(self, args: &api::InitArgs) -> Result<(Principal, bool)> {
        // The others find the canister then.
        let lock = self.lock().await?;
        if let Some(canister) = self.state.canister(self.network.key())? {
            match self.installed(canister).await? {
                Installed::Module(found) if found == carried() => {
                    self.revive(canister).await?;
                    return Ok((canister, false));
                }
                Installed::Module(module) => {
                    self.check_upgrade(canister, module).await?;
                    note!("upgrading canister {canister} to the version of this binary");
                    self.install(canister, true, &api::InitArgs::default()).await?;
                    return Ok((canister, false));
                }
                Installed::Empty => {
                    self.install(canister, false, args).await?;
                    return Ok((canister, true));
                }
                Installed::Missing => {}
            }
        }
        let canister = self.create(&lock).await?;
        self.install(canister, false, args).await?;
        note!("deployed canister {canister}");
        Ok((canister, true))
    }

    /// Keeps other processes from deploying until it is dropped.
    pub(crate) async fn lock(self) -> Result<Lock> {
        let state = self.state.clone();
        let lock = tokio::task::spawn_blocking(move || state.lock()).await;
        lock.map_err(|error| Error::Local(error.to_string()))?
    }

    /// What is there under an id.
    pub(crate) async fn installed(self, canister: Principal) -> Result<Installed> {
        match self.agent.read_state_canister_module_hash(canister).await {
            Ok(hash) => {
                let hash = <[u8; 32]>::try_from(hash.as_slice());
                Ok(hash.map_or(Installed::Empty, |hash| Installed::Module(Digest(hash))))
            }
            Err(AgentError::LookupPathAbsent(_)) => {
                match self.agent.read_state_canister_controllers(canister).await {
                    Ok(_) => Ok(Installed::Empty),
                    Err(AgentError::LookupPathAbsent(_)) => Ok(Installed::Missing),
                    Err(error) => Err(failed("look at the canister", &error)),
                }
            }
            // Some networks answer so for ids that they have never given.
            Err(AgentError::HttpError(payload)) if matches!(payload.status, 400 | 404) => {
                Ok(Installed::Missing)
            }
            Err(error) => Err(failed("look at the canister", &error)),
        }
    }

    /// Whether there is a Darkroom under an id.
    pub(crate) async fn is_darkroom(self, canister: Principal) -> Result<bool> {
        match self.installed(canister).await? {
            Installed::Module(module) => Ok(Release::of(self.agent, canister, module).await?.is_some()),
            Installed::Missing | Installed::Empty => Ok(false),
        }
    }

    /// Refuses to take the place of a newer Darkroom, and of anything that is none.
    pub(crate) async fn check_upgrade(self, canister: Principal, module: Digest) -> Result<()> {
        let found = Release::of(self.agent, canister, module).await?.ok_or_else(|| {
            Error::Refused(format!(
                "canister {canister} has code that is not a Darkroom, and keeps it\n  hint: check --canister, --network \
                 and --state"
            ))
        })?;
        found.check_successor(&Release::carried())
    }

    /// Creates an empty canister, where networks give them away, and remembers it.
    pub(crate) async fn create(self, lock: &Lock) -> Result<Principal> {
        let args = management::ProvisionalCreateCanisterWithCyclesArgs {
            amount: Some(DEVELOPMENT_CYCLES.into()),
            ..Default::default()
        };
        let mut last = None;
        for subnet in SUBNETS {
            let subnet = Principal::from_text(subnet).map_err(|error| Error::Local(error.to_string()))?;
            match self.manage("provisional_create_canister_with_cycles", subnet, &args).await {
                Ok(reply) => {
                    let record: management::CanisterIdRecord = api::read_answer(&reply)
                        .map_err(|error| Error::Network(format!("creating a canister: {error}")))?;
                    self.state.set_canister(lock, self.network.key(), record.canister_id)?;
                    return Ok(record.canister_id);
                }
                Err(error) => last = Some(error),
            }
        }
        let reason = last.map_or_else(String::new, |error| format!(": {error}"));
        Err(Error::Refused(format!(
            "this network creates no canister for us{reason}\n  hint: create one with `icp canister create` and \
             name it with --canister"
        )))
    }

    /// Installs the module that this binary carries, or upgrades to it. An interruption waits for its end.
    pub(crate) async fn install(
        self,
        canister: Principal,
        upgrade: bool,
        args: &api::InitArgs,
    ) -> Result<()> {
        let stop = Stop::in_order()?;
        let mut work = std::pin::pin!(async {
            if upgrade { self.replace(canister, args).await } else { self.put(canister, false, args).await }
        });
        tokio::select! {
            biased;
            result = &mut work => result,
            () = stop.asked() => {
                note!("stopping: canister {canister} is being installed; Ctrl-C again ends at once");
                work.await
            }
        }
    }

    /// Upgrades a canister that is stopped meanwhile, and starts it again whatever came of that.
    async fn replace(self, canister: Principal, args: &api::InitArgs) -> Result<()> {
        let target = management::CanisterIdRecord { canister_id: canister };
        // A reply to the old module must not reach the new one.
        let stopped = self.manage("stop_canister", canister, &target).await;
        let stopped = stopped.map_err(|error| failed("stop the canister", &error));
        let replaced = match stopped {
            Ok(_) => self.put(canister, true, args).await,
            // It may be stopped nevertheless: what is lost may be the answer.
            Err(error) => Err(error),
        };
        match (replaced, self.start(canister).await) {
            (Err(error @ Error::Network(_)), Err(other)) => {
                say!("error: {other}");
                Err(error)
            }
            (Err(error), _) => Err(error),
            (Ok(()), started) => started,
        }
    }

    /// Starts a canister.
    pub(crate) async fn start(self, canister: Principal) -> Result<()> {
        let target = management::CanisterIdRecord { canister_id: canister };
        let mut waits = STARTS.into_iter();
        loop {
            match (self.manage("start_canister", canister, &target).await, waits.next()) {
                (Ok(_), _) => return Ok(()),
                (Err(error), Some(wait)) if !is_rejected(&error) => {
                    tokio::time::sleep(wait).await;
                }
                (Err(error), _) => {
                    let what = format!("start canister {canister}, which may be stopped now");
                    return Err(failed(&what, &error));
                }
            }
        }
    }

    /// Starts a canister that an interrupted upgrade has left stopped; true if it was.
    pub(crate) async fn revive(self, canister: Principal) -> Result<bool> {
        let stopped = self.is_stopped(canister).await;
        if stopped {
            self.start(canister).await?;
            note!("canister {canister} was stopped, and runs again");
        }
        Ok(stopped)
    }

    /// Whether a canister is stopped, or about to be. Everybody may ask: it refuses calls then.
    pub(crate) async fn is_stopped(self, canister: Principal) -> bool {
        let call = self.agent.query(&canister, "pipelines").with_arg(NOTHING);
        match call.call().await {
            Err(
                AgentError::CertifiedReject { reject, .. } | AgentError::UncertifiedReject { reject, .. },
            ) => {
                matches!(reject.error_code.as_deref(), Some("IC0508" | "IC0509"))
            }
            _ => false,
        }
    }

    async fn put(self, canister: Principal, upgrade: bool, args: &api::InitArgs) -> Result<()> {
        let module = darkroom_wasm::CANISTER;
        let encoded = |error: candid::Error| Error::Local(error.to_string());
        let arg = Encode!(&Some(args)).map_err(encoded)?;
        let mode = if upgrade {
            management::CanisterInstallMode::Upgrade(None)
        } else {
            management::CanisterInstallMode::Install
        };
        let installed = if module.len() + arg.len() <= MESSAGE {
            let install = management::InstallCodeArgs {
                mode,
                canister_id: canister,
                wasm_module: module.to_vec(),
                arg,
                sender_canister_version: None,
            };
            self.manage("install_code", canister, &install).await
        } else {
            self.install_chunks(canister, mode, module, arg).await
        };
        installed.map(|_| ()).map_err(|error| failed("install the canister", &error))
    }

    /// What the network tells the canister's controllers of it.
    pub(crate) async fn status(
        self,
        canister: Principal,
    ) -> Result<management::CanisterStatusResult, AgentError> {
        let target = management::CanisterIdRecord { canister_id: canister };
        let reply = self.manage("canister_status", canister, &target).await?;
        Ok(api::read_answer(&reply)?)
    }

    async fn install_chunks(
        self,
        canister: Principal,
        mode: management::CanisterInstallMode,
        module: &[u8],
        arg: Vec<u8>,
    ) -> Result<Vec<u8>, AgentError> {
        let store = management::CanisterIdRecord { canister_id: canister };
        self.manage("clear_chunk_store", canister, &store).await?;
        let mut hashes = Vec::new();
        for chunk in module.chunks(CHUNK) {
            let upload = management::UploadChunkArgs { canister_id: canister, chunk: chunk.to_vec() };
            self.manage("upload_chunk", canister, &upload).await?;
            hashes.push(management::ChunkHash { hash: Digest::of(chunk).0.to_vec() });
        }
        let install = management::InstallChunkedCodeArgs {
            mode,
            target_canister: canister,
            store_canister: None,
            chunk_hashes_list: hashes,
            wasm_module_hash: carried().0.to_vec(),
            arg,
            sender_canister_version: None,
        };
        let reply = self.manage("install_chunked_code", canister, &install).await?;
        self.manage("clear_chunk_store", canister, &store).await?;
        Ok(reply)
    }

    async fn manage(
        self,
        method: &str,
        canister: Principal,
        args: &impl CandidType,
    ) -> Result<Vec<u8>, AgentError> {
        let arg = Encode!(args)?;
        let call = self.agent.update(&Principal::management_canister(), method);
        call.with_effective_canister_id(canister).with_arg(arg).call_and_wait().await
    }
}

fn is_rejected(error: &AgentError) -> bool {
    matches!(error, AgentError::CertifiedReject { .. } | AgentError::UncertifiedReject { .. })
}

/// Tells a refusal from a network that cannot be used.
pub(crate) fn failed(what: &str, error: &AgentError) -> Error {
    let text = format!("cannot {what}: {error}");
    match error {
        AgentError::CertifiedReject { reject, .. } | AgentError::UncertifiedReject { reject, .. } => {
            let hint = match reject.error_code.as_deref() {
                Some("IC0512") => {
                    "\n  hint: only its controllers may do that; name their key with --identity"
                }
                _ => "",
            };
            Error::Refused(format!("cannot {what}: {}{hint}", reject.reject_message))
        }
        _ => Error::Network(text),
    }
}
