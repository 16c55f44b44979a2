//! The contexts in which a canister's code runs, and how to have it run in each.

use super::module::{self, HEARTBEAT, PRE_UPGRADE, START, TIMER};
use super::table::{FUNCTIONS, Function};
use candid::Principal;
use darkroom_tests::network;
use pocket_ic::{ErrorCode, PocketIc, RejectResponse};

/// A context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Init,
    PostUpgrade,
    PreUpgrade,
    Start,
    Update,
    ReplicatedQuery,
    Query,
    CompositeQuery,
    Reply,
    Reject,
    CompositeReply,
    CompositeReject,
    CleanupOfReply,
    CleanupOfReject,
    CompositeCleanupOfReply,
    CompositeCleanupOfReject,
    Inspect,
    Heartbeat,
    Timer,
}

impl Place {
    /// Its letters in the interface specification.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Place::Init | Place::PostUpgrade => "I",
            Place::PreUpgrade => "G",
            Place::Start => "s",
            Place::Update => "U",
            Place::ReplicatedQuery => "RQ",
            Place::Query => "NRQ",
            Place::CompositeQuery => "CQ",
            Place::Reply => "Ry",
            Place::Reject => "Rt",
            Place::CompositeReply => "CRy",
            Place::CompositeReject => "CRt",
            Place::CleanupOfReply | Place::CleanupOfReject => "C",
            Place::CompositeCleanupOfReply | Place::CompositeCleanupOfReject => "CC",
            Place::Inspect => "F",
            Place::Heartbeat | Place::Timer => "T",
        }
    }
}

/// What was seen of a call.
#[derive(Debug)]
pub(crate) struct Seen {
    /// None where only the text of the failure is seen.
    pub(crate) code: Option<ErrorCode>,
    /// None where a failure is seen by what is missing only: nobody is told of a system task's.
    pub(crate) text: Option<String>,
}

impl Seen {
    /// The result, if the call came to one.
    pub(crate) fn result(&self) -> Option<Vec<u8>> {
        let (_, after) = self.text.as_ref()?.split_once("ok:")?;
        let digits: Vec<u32> = after.chars().map_while(|c| c.to_digit(16)).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair.get(1)?).ok()).collect()
    }

    /// Whether the function may not be called there.
    pub(crate) fn refused(&self) -> bool {
        let contract = self.code.is_none_or(|code| code == ErrorCode::CanisterContractViolation);
        contract && self.text.as_ref().is_none_or(|text| text.contains("cannot be executed in"))
    }
}

/// The canister under test and all it needs.
pub(crate) struct World {
    pub(crate) pic: PocketIc,
    pub(crate) owner: Principal,
    pub(crate) id: Principal,
    /// A second one, for composite queries to call.
    peer: Principal,
    wasm: Vec<u8>,
    pub(crate) functions: Vec<Function>,
}

impl World {
    pub(crate) fn new(place: Place) -> World {
        let pic = network();
        let owner = Principal::self_authenticating([7]);
        let functions = known(&pic, owner);
        let wasm = module::canister(&functions, owner.as_slice(), place == Place::Heartbeat);
        let [id, peer] = [(); 2].map(|()| {
            let variable = pocket_ic::EnvironmentVariable { name: "NAME".into(), value: "value".into() };
            let settings = pocket_ic::CanisterSettings {
                environment_variables: Some(vec![variable]),
                ..Default::default()
            };
            let id = pic.create_canister_with_settings(Some(owner), Some(settings));
            pic.install_canister(id, wasm.clone(), vec![], Some(owner));
            id
        });
        World { pic, owner, id, peer, wasm, functions }
    }

    /// Has the canister call function number `n` in this context.
    pub(crate) fn call(&self, place: Place, n: usize, right: bool) -> Seen {
        let told = [u8::try_from(n).unwrap(), u8::from(right)];
        let out = |kind: u8, callee: Principal| [&told[..], &[kind], callee.as_slice()].concat();
        match place {
            Place::Init => {
                let outcome =
                    self.pic.reinstall_canister(self.id, self.wasm.clone(), told.to_vec(), Some(self.owner));
                seen(outcome)
            }
            Place::PostUpgrade => self.upgrade(&told),
            Place::PreUpgrade => {
                self.set(PRE_UPGRADE, told);
                self.upgrade(&[])
            }
            Place::Start => {
                self.set(START, told);
                self.upgrade(&[])
            }
            Place::Update => self.update("update", told.to_vec()),
            Place::ReplicatedQuery => self.update("query", told.to_vec()),
            Place::Inspect => self.update("inspected", told.to_vec()),
            Place::Query => self.query("query", told.to_vec()),
            Place::CompositeQuery => self.query("composite", told.to_vec()),
            Place::Reply => self.update("out", out(0, self.id)),
            Place::Reject => self.update("out", out(1, self.id)),
            Place::CleanupOfReply => cleanup(self.update("out", out(2, self.id))),
            Place::CleanupOfReject => cleanup(self.update("out", out(3, self.id))),
            Place::CompositeReply => self.query("out_query", out(4, self.peer)),
            Place::CompositeReject => self.query("out_query", out(5, self.peer)),
            Place::CompositeCleanupOfReply => cleanup(self.query("out_query", out(6, self.peer))),
            Place::CompositeCleanupOfReject => cleanup(self.query("out_query", out(7, self.peer))),
            Place::Heartbeat => self.task(HEARTBEAT, told),
            Place::Timer => self.task(TIMER, told),
        }
    }

    fn update(&self, method: &str, arg: Vec<u8>) -> Seen {
        seen(self.pic.update_call(self.id, self.owner, method, arg))
    }

    fn query(&self, method: &str, arg: Vec<u8>) -> Seen {
        seen(self.pic.query_call(self.id, self.owner, method, arg))
    }

    fn upgrade(&self, arg: &[u8]) -> Seen {
        seen(self.pic.upgrade_canister(self.id, self.wasm.clone(), arg.to_vec(), Some(self.owner)))
    }

    fn set(&self, mode: u8, told: [u8; 2]) {
        let arg = vec![mode, told[0], told[1], 0];
        self.pic.update_call(self.id, self.owner, "set", arg).unwrap_or_else(|e| panic!("set: {e:?}"));
    }

    /// What system tasks do is seen in the log: nobody called them.
    fn task(&self, mode: u8, told: [u8; 2]) -> Seen {
        self.set(mode, told);
        self.pic.tick();
        self.pic.tick();
        let log = self.pic.fetch_canister_logs(self.id, self.owner).unwrap();
        let lines: Vec<String> =
            log.iter().map(|line| String::from_utf8_lossy(&line.content).into_owned()).collect();
        let begin = lines.iter().rposition(|line| line == "set").unwrap_or_default();
        let text = lines[begin..].join("\n");
        assert!(text.contains("begin"), "the task did not run: {text}");
        Seen { code: None, text: text.contains("ok:").then_some(text) }
    }
}

fn seen<T>(outcome: Result<T, RejectResponse>) -> Seen {
    match outcome {
        Ok(_) => Seen { code: None, text: Some("nothing failed".into()) },
        Err(reject) => Seen { code: Some(reject.error_code), text: Some(reject.reject_message) },
    }
}

/// A cleanup's failure stands after its callback's, whose code it has.
fn cleanup(seen: Seen) -> Seen {
    let text = seen.text.unwrap_or_default();
    let text = match text.split_once("call_on_cleanup also failed") {
        Some((_, after)) => after.to_owned(),
        None => format!("no cleanup failed: {text}"),
    };
    Seen { code: None, text: Some(text) }
}

/// The functions that the server has: a server may be older than the newest of them.
pub(crate) fn known(pic: &PocketIc, owner: Principal) -> Vec<Function> {
    let has = |function: &Function| install(pic, owner, &[*function], false).is_ok();
    let on_localnet = std::env::var_os("POCKET_IC_BIN").is_none();
    let kept = |function: &&Function| {
        let keep = !function.recent || on_localnet || has(function);
        if !keep {
            println!("ic0.{} is not known to this server: left out", function.name);
        }
        keep
    };
    FUNCTIONS.iter().filter(kept).copied().collect()
}

/// Installs a module that imports these functions, if the server takes it.
pub(crate) fn install(
    pic: &PocketIc,
    owner: Principal,
    functions: &[Function],
    wide: bool,
) -> Result<(), RejectResponse> {
    let id = pic.create_canister_with_settings(Some(owner), None);
    // Also installs what was not installed yet, and returns an error that `install_canister` would panic with.
    pic.reinstall_canister(id, module::importing(functions, wide), vec![], Some(owner))
}
