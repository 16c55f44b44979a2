//! The faults: each is there while an operation is done, and gone afterwards.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use darkroom_tests::{Trap, trapping, without_growth};
use ic_management_canister_types::CanisterSettings;

use crate::operation::{Operation, Request, told};
use crate::world::{Process, World};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    ClientKilled,
    ReplyLost,
    Duplicated,
    Reordered,
    Upgraded,
    Stopped,
    UpgradeRefused,
    Trap,
    InstructionsExhausted,
    HeapExhausted,
    StableMemoryFull,
    BelowFreezing,
    ClockJump,
    Killed,
}

pub(crate) const FAULTS: [Fault; 14] = [
    Fault::ClientKilled,
    Fault::ReplyLost,
    Fault::Duplicated,
    Fault::Reordered,
    Fault::Upgraded,
    Fault::Stopped,
    Fault::UpgradeRefused,
    Fault::Trap,
    Fault::InstructionsExhausted,
    Fault::HeapExhausted,
    Fault::StableMemoryFull,
    Fault::BelowFreezing,
    Fault::ClockJump,
    Fault::Killed,
];

/// More than a session rests, and than a certificate is valid.
const JUMP: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Fault::ClientKilled => "client killed",
            Fault::ReplyLost => "reply lost",
            Fault::Duplicated => "call duplicated",
            Fault::Reordered => "calls reordered",
            Fault::Upgraded => "canister upgraded",
            Fault::Stopped => "canister stopped and started",
            Fault::UpgradeRefused => "upgrade refused",
            Fault::Trap => "trap after the last write",
            Fault::InstructionsExhausted => "instructions exhausted",
            Fault::HeapExhausted => "heap exhausted",
            Fault::StableMemoryFull => "stable memory full",
            Fault::BelowFreezing => "cycles below freezing",
            Fault::ClockJump => "clock jump of 400 days",
            Fault::Killed => "localnet kill -9",
        }
    }

    /// Whether all of the arena is in use before.
    pub(crate) fn is_filled(self) -> bool {
        self == Fault::StableMemoryFull
    }

    /// Does an operation under the fault, which is gone in the end. Gives what was seen.
    pub(crate) fn apply(
        self,
        operation: Operation,
        world: &mut World,
        process: &mut Option<Killable>,
    ) -> String {
        match self {
            Fault::ClientKilled => {
                let seen = send(operation, world);
                world.darkroom.network.tick();
                seen
            }
            Fault::ReplyLost => {
                operation.act(world);
                format!("no answer; again: {}", operation.act(world))
            }
            Fault::Duplicated => duplicated(operation, world),
            Fault::Reordered => operation.reorder(world),
            Fault::Upgraded => {
                world.upgrade();
                let seen = operation.act(world);
                // Between its messages too.
                for _ in 0..3 {
                    world.upgrade();
                    world.darkroom.network.tick();
                }
                seen
            }
            Fault::Stopped => stopped(operation, world),
            Fault::UpgradeRefused => {
                let refuse = |world: &World| {
                    let module = module(&["canister_post_upgrade"], Trap::After);
                    let refused = world.darkroom.upgrade_to(module).expect_err("it traps");
                    format!("{:?}", refused.error_code)
                };
                let told = refuse(world);
                let seen = operation.act(world);
                refuse(world);
                world.darkroom.network.tick();
                refuse(world);
                format!("{seen}; the upgrade: {told}")
            }
            Fault::Trap => under(module(operation.exports(), Trap::After), operation, world),
            Fault::InstructionsExhausted => {
                under(module(operation.exports(), Trap::Exhausted), operation, world)
            }
            Fault::HeapExhausted => {
                let limit = |bytes: u64| CanisterSettings {
                    wasm_memory_limit: Some(bytes.into()),
                    ..Default::default()
                };
                let begun = operation.begin(world);
                world.set(limit(65_536));
                let seen = watched(operation, world, begun);
                world.set(limit(0));
                seen
            }
            Fault::StableMemoryFull => {
                static FULL: OnceLock<Vec<u8>> = OnceLock::new();
                under(FULL.get_or_init(|| without_growth(darkroom_wasm::HAZARDS)), operation, world)
            }
            Fault::BelowFreezing => {
                let threshold = |seconds: u64| CanisterSettings {
                    freezing_threshold: Some(seconds.into()),
                    ..Default::default()
                };
                let begun = operation.begin(world);
                world.set(threshold(1 << 50));
                let seen = watched(operation, world, begun);
                world.set(threshold(2_592_000));
                seen
            }
            Fault::ClockJump => {
                world.darkroom.network.advance_time(JUMP);
                operation.act(world)
            }
            Fault::Killed => {
                let seen = send(operation, world);
                // Before it is executed, and at other points of it.
                for rounds in 0..3 {
                    (0..rounds).for_each(|_| world.darkroom.network.tick());
                    let killable = process.take().expect("the network has a process of its own");
                    *process = Some(killable.again(world));
                    world.check(&format!("{operation:?}, killed after {rounds} rounds more"));
                }
                seen
            }
        }
    }
}

/// A network in a process that can be killed, and the directory that its state is in.
pub(crate) struct Killable {
    process: Process,
    state: tempfile::TempDir,
}

impl Killable {
    pub(crate) fn start() -> (Killable, pocket_ic::PocketIc) {
        let state = tempfile::tempdir().unwrap();
        let process = Process::start();
        let network = process.network(state.path());
        (Killable { process, state }, network)
    }

    /// Kills the process and starts another on the same directory.
    fn again(self, world: &mut World) -> Killable {
        self.process.kill();
        let process = Process::start();
        world.reopen(process.network(self.state.path()));
        Killable { process, state: self.state }
    }

    pub(crate) fn end(self, world: World) {
        drop(world);
        self.process.kill();
    }
}

impl World {
    fn upgrade(&self) {
        self.darkroom.upgrade_to(darkroom_wasm::HAZARDS).unwrap();
    }

    fn set(&self, settings: CanisterSettings) {
        self.darkroom
            .network
            .update_canister_settings(self.darkroom.id, Some(self.darkroom.owner), settings)
            .unwrap();
    }
}

/// Sends the message and asks for no answer. Time passes without anybody, and a query is over when it is answered.
fn send(operation: Operation, world: &mut World) -> String {
    match operation.request(world) {
        Some(Request { method, args }) => {
            let (id, owner) = (world.darkroom.id, world.darkroom.owner);
            world.darkroom.network.submit_call(id, owner, method, args).unwrap();
            "no answer".to_owned()
        }
        None => operation.act(world),
    }
}

/// Both in one round.
fn duplicated(operation: Operation, world: &mut World) -> String {
    let Some(Request { method, args }) = operation.request(world) else {
        return format!("{}; again: {}", operation.act(world), operation.act(world));
    };
    let (id, owner) = (world.darkroom.id, world.darkroom.owner);
    let network = &world.darkroom.network;
    let sent = [args.clone(), args].map(|args| network.submit_call(id, owner, method, args).unwrap());
    let answers = sent.map(|sent| world.darkroom.network.await_call(sent));
    for reply in answers.iter().flatten() {
        operation.learn(world, reply);
    }
    let [first, second] = answers.map(told);
    format!("{first}; the other: {second}")
}

fn stopped(operation: Operation, world: &mut World) -> String {
    let (id, owner) = (world.darkroom.id, world.darkroom.owner);
    world.darkroom.network.stop_canister(id, Some(owner)).unwrap();
    let seen = operation.act(world);
    world.darkroom.network.start_canister(id, Some(owner)).unwrap();
    // And once more when it has begun.
    send(operation, world);
    world.darkroom.network.stop_canister(id, Some(owner)).unwrap();
    world.darkroom.network.start_canister(id, Some(owner)).unwrap();
    seen
}

/// Does it unless it is begun, and gives time to what goes on behind it.
fn watched(operation: Operation, world: &mut World, begun: Option<String>) -> String {
    let seen = begun.unwrap_or_else(|| operation.act(world));
    (0..12).for_each(|_| world.darkroom.network.tick());
    seen
}

/// While the canister runs another module.
fn under(module: &[u8], operation: Operation, world: &mut World) -> String {
    world.darkroom.upgrade_to(module).unwrap();
    let seen = watched(operation, world, None);
    world.upgrade();
    seen
}

/// The module with a fault in these exports, made once.
fn module(exports: &'static [&'static str], trap: Trap) -> &'static [u8] {
    type Made = BTreeMap<(&'static [&'static str], bool), &'static [u8]>;
    static MADE: Mutex<Made> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap();
    made.entry((exports, trap == Trap::Exhausted))
        .or_insert_with(|| trapping(darkroom_wasm::HAZARDS, exports, trap).leak())
}
