//! A canister on a localnet of its own, and what its messages cost in instructions.
//!
//! Localnet charges an ingress message a base fee, a fee for each byte of method name and argument, a base fee for
//! the execution and one cycle for each instruction. Nothing else is charged while its clock stands still, so the
//! instructions are what remains of the cycles spent; [`check`] proves that before anything is measured.

use anyhow::{Context, Result, anyhow, ensure};
use candid::utils::ArgumentEncoder;
use candid::{CandidType, Principal};
use darkroom_localnet::{Fees, PocketIcServer};
use pocket_ic::{PocketIc, PocketIcBuilder};
use serde::de::DeserializeOwned;

use crate::gateway::Gateway;

/// Enough for everything that is sent here.
const CYCLES: u128 = 10_000_000_000_000_000;
/// Calls that are under way at a time when nothing is measured.
const IN_FLIGHT: usize = 4;

/// A value, and the instructions of the messages that gave it.
#[derive(Debug)]
pub(crate) struct Measured<T> {
    pub(crate) value: T,
    pub(crate) instructions: u64,
}

/// What a canister holds, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    pub(crate) stable: u64,
    pub(crate) heap: u64,
}

/// A canister that is measured.
pub(crate) struct Meter {
    network: PocketIc,
    id: Principal,
    owner: Principal,
}

impl Meter {
    /// Installs a module on a new network of the server.
    pub(crate) fn install(server: &PocketIcServer, module: &[u8], arg: Vec<u8>) -> Result<Meter> {
        let url = server.url().parse().context("the server's URL")?;
        let network = PocketIcBuilder::new().with_application_subnet().with_server_url(url).build();
        let owner = Principal::self_authenticating([1]);
        let id = network.create_canister_with_settings(Some(owner), None);
        network.add_cycles(id, CYCLES);
        network.install_canister(id, module.to_vec(), arg, Some(owner));
        Ok(Meter { network, id, owner })
    }

    /// A call with its reply in bytes. A query is executed as an update.
    pub(crate) fn raw(&self, method: &str, arg: Vec<u8>) -> Result<Measured<Vec<u8>>> {
        let sent = (method.len() + arg.len()) as u128;
        let before = self.settled();
        let reply = self.network.update_call(self.id, self.owner, method, arg);
        let spent = before - self.network.cycle_balance(self.id);
        let fees = Fees::default();
        let fixed = fees.ingress + fees.ingress_byte * sent + fees.execution;
        let value = reply.map_err(|reject| anyhow!("{method}: {}", reject.reject_message))?;
        let instructions = spent.checked_sub(fixed).context("a message cost less than its fees")?;
        Ok(Measured { value, instructions: u64::try_from(instructions / fees.instruction)? })
    }

    /// A gateway in front of the canister.
    pub(crate) fn gateway(&self) -> Result<Gateway> {
        Gateway::open(&self.network, self.id)
    }

    /// The balance once nothing is left to do of earlier messages, which is not to count with the next.
    fn settled(&self) -> u128 {
        let mut before = self.network.cycle_balance(self.id);
        loop {
            self.network.tick();
            let now = self.network.cycle_balance(self.id);
            if now == before {
                return now;
            }
            before = now;
        }
    }

    /// A call with Candid arguments and a Candid reply.
    pub(crate) fn call<R>(&self, method: &str, args: impl ArgumentEncoder) -> Result<Measured<R>>
    where
        R: CandidType + DeserializeOwned,
    {
        let Measured { value, instructions } = self.raw(method, candid::encode_args(args)?)?;
        let value = candid::decode_one(&value).with_context(|| format!("the reply of {method}"))?;
        Ok(Measured { value, instructions })
    }

    /// Many calls of a method, not measured; their replies in order.
    pub(crate) fn many<R>(&self, method: &str, args: Vec<Vec<u8>>) -> Result<Vec<R>>
    where
        R: CandidType + DeserializeOwned + Send,
    {
        let share = args.len().div_ceil(IN_FLIGHT).max(1);
        let one = |arg: &Vec<u8>| -> Result<R> {
            let reply = self.network.update_call(self.id, self.owner, method, arg.clone());
            let reply = reply.map_err(|reject| anyhow!("{method}: {}", reject.reject_message))?;
            candid::decode_one(&reply).with_context(|| format!("the reply of {method}"))
        };
        let one = &one;
        let shares: Vec<Result<Vec<R>>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                args.chunks(share).map(|args| scope.spawn(move || args.iter().map(one).collect())).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined.map(|joined| joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        Ok(shares.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// What the canister holds now.
    pub(crate) fn sizes(&self) -> Result<Sizes> {
        let status = self.network.canister_status(self.id, Some(self.owner));
        let metrics = status.map_err(|reject| anyhow!("{}", reject.reject_message))?.memory_metrics;
        Ok(Sizes {
            stable: u64::try_from(metrics.stable_memory_size.0)?,
            heap: u64::try_from(metrics.wasm_memory_size.0)?,
        })
    }
}

/// Proves that fees are as this module takes them to be: an empty method costs the same few instructions with any
/// argument.
pub(crate) fn check(server: &PocketIcServer) -> Result<()> {
    let module = r#"(module
        (import "ic0" "msg_reply" (func $reply))
        (func (export "canister_update empty") (call $reply)))"#;
    let meter = Meter::install(server, &wat::parse_str(module)?, Vec::new())?;
    let instructions = |bytes| Ok(meter.raw("empty", vec![0; bytes])?.instructions);
    let found: Vec<u64> = [0, 1, 1_000_000].into_iter().map(instructions).collect::<Result<_>>()?;
    ensure!(
        found.iter().all(|n| *n == found[0] && *n < 10_000),
        "this network does not charge what localnet charges: an empty method took {found:?} instructions"
    );
    Ok(())
}
