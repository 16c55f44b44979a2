//! The server under test: a process of its own, whose standard error and memory are watched.

use crate::raw::{self, Reply};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use candid::{CandidType, Encode, Principal};
use ic_management_canister_types as types;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Seek};
use std::process::{Child, Command, Stdio};

/// Replies with the number of calls so far, four bytes; a query does the same without counting.
pub(crate) const WITNESS: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (memory 1)
  (func $bump (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (call $show))
  (func $show (call $append (i32.const 0) (i32.const 4)) (call $reply))
  (export "canister_update bump" (func $bump))
  (export "canister_query show" (func $show)))"#;

/// The management canister.
pub(crate) const IC: Principal = Principal::management_canister();

/// Growth of the resident memory that is no leak: pools, arenas of the allocator, the last modules compiled.
const SLACK: u64 = 192 << 20;

/// The outcome of a call, as a client of PocketIC reads it.
pub(crate) type Answer = Result<Vec<u8>, Value>;

pub(crate) struct Victim {
    process: Child,
    pub(crate) address: String,
    stderr: std::fs::File,
    /// Path of the instance under attack.
    pub(crate) base: String,
    /// The canister that has to go on working.
    pub(crate) witness: Principal,
}

impl Victim {
    /// A server with one instance, in which a canister counts.
    pub(crate) fn start() -> Victim {
        let stderr = tempfile::tempfile().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_darkroom-localnet"))
            .args(["--ttl", "600"])
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = format!("127.0.0.1:{}", line.trim());
        let mut victim = Victim { process, address, stderr, base: String::new(), witness: IC };
        victim.base =
            victim.instance(&json!({ "subnet_config_set": { "application": [{ "state_config": "New" }] } }));
        victim.witness = victim.install(&wat::parse_str(WITNESS).unwrap());
        victim
    }

    /// A new instance; gives its path.
    pub(crate) fn instance(&self, config: &Value) -> String {
        let reply = self.post("/instances", config);
        let reply: Value = serde_json::from_slice(&reply.body).unwrap();
        format!("/instances/{}", reply["Created"]["instance_id"])
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Reply {
        match raw::request(&self.address, method, path, headers, body) {
            Ok(reply) => reply,
            Err(e) => panic!("{method} {path:?} was not answered: {e}; {}", self.said()),
        }
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, "content-type: application/json\r\n", body.to_string().as_bytes())
    }

    /// What an endpoint of the instance gives.
    pub(crate) fn ask(&self, endpoint: &str, body: &Value) -> Value {
        let reply = self.post(&format!("{}/{endpoint}", self.base), body);
        assert_eq!(reply.status, 200, "{endpoint}: {}", reply.text());
        serde_json::from_slice(&reply.body).unwrap()
    }

    /// Submits a call and awaits its answer; a call that takes too many rounds gives the server's message.
    pub(crate) fn call(&self, canister: Principal, method: &str, arg: &[u8]) -> Answer {
        let submitted = self.ask("update/submit_ingress_message", &call(canister, method, arg));
        let Some(id) = submitted.get("Ok") else { return Err(submitted["Err"].clone()) };
        let reply = self.post(&format!("{}/update/await_ingress_message", self.base), id);
        assert!([200, 400].contains(&reply.status), "{method}: {}", reply.text());
        answer(serde_json::from_slice(&reply.body).unwrap())
    }

    pub(crate) fn query(&self, canister: Principal, method: &str, arg: &[u8]) -> Answer {
        answer(self.ask("read/query", &call(canister, method, arg)))
    }

    /// A call of the management canister.
    pub(crate) fn manage(&self, method: &str, arg: impl CandidType) -> Answer {
        self.call(IC, method, &Encode!(&arg).unwrap())
    }

    pub(crate) fn create(&self) -> Principal {
        let args = types::ProvisionalCreateCanisterWithCyclesArgs {
            amount: Some((1u64 << 62).into()),
            settings: None,
            specified_id: None,
            sender_canister_version: None,
        };
        let reply = self.manage("provisional_create_canister_with_cycles", args).unwrap();
        candid::decode_one::<types::CanisterIdRecord>(&reply).unwrap().canister_id
    }

    pub(crate) fn install_at(&self, canister_id: Principal, module: &[u8]) -> Answer {
        let args = types::InstallCodeArgs {
            mode: types::CanisterInstallMode::Reinstall,
            canister_id,
            wasm_module: module.to_vec(),
            arg: vec![],
            sender_canister_version: None,
        };
        self.manage("install_code", args)
    }

    pub(crate) fn install(&self, module: &[u8]) -> Principal {
        let id = self.create();
        self.install_at(id, module).unwrap();
        id
    }

    /// Asserts that a call and a query are still served properly, and that nothing has panicked.
    #[track_caller]
    pub(crate) fn check(&mut self) {
        let ended = self.process.try_wait().unwrap();
        assert!(ended.is_none(), "the server has ended: {ended:?}; {}", self.said());
        let bumped = self.call(self.witness, "bump", &[]).unwrap();
        assert_eq!(self.query(self.witness, "show", &[]).unwrap(), bumped);
        let said = self.said();
        assert!(!said.contains("panicked"), "{said}");
    }

    /// What the server wrote to standard error.
    pub(crate) fn said(&self) -> String {
        let mut file = self.stderr.try_clone().unwrap();
        let mut bytes = Vec::new();
        // The server shares the file's position: it only ever appends, and so it is put back to the end.
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Resident bytes of the process.
    pub(crate) fn resident(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.process.id())).unwrap();
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        pages * 4096
    }

    /// Runs `round` several times with the numbers from 0, the server being checked after each one, and asserts
    /// that it is no larger at the end than after the first rounds.
    pub(crate) fn endure(&mut self, rounds: usize, mut round: impl FnMut(&mut Victim, u64)) {
        let warm = rounds.div_ceil(3);
        let mut before = 0;
        for n in 0..rounds {
            round(self, n as u64);
            self.check();
            // Answers are kept for minutes of the network's time.
            self.leap(400);
            if n < warm {
                before = before.max(self.resident());
            }
        }
        let after = self.resident();
        assert!(after < before + SLACK, "resident memory grew from {before} to {after} bytes");
    }

    /// Moves the instance's clock.
    pub(crate) fn leap(&self, seconds: u64) {
        let reply = self.send("GET", &format!("{}/read/get_time", self.base), "", &[]);
        let now: Value = serde_json::from_slice(&reply.body).unwrap();
        let later = now["nanos_since_epoch"].as_u64().unwrap() + seconds * 1_000_000_000;
        self.ask("update/set_time", &json!({ "nanos_since_epoch": later }));
        self.ask("update/tick", &json!({ "blockmakers": null }));
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// A call as the PocketIC endpoints take it.
pub(crate) fn call(canister: Principal, method: &str, arg: &[u8]) -> Value {
    json!({
        "sender": b64(Principal::anonymous()),
        "canister_id": b64(canister),
        "effective_principal": "None",
        "method": method,
        "payload": b64(arg),
    })
}

fn answer(value: Value) -> Answer {
    match value.get("Ok") {
        Some(reply) => Ok(BASE64_STANDARD.decode(reply.as_str().unwrap()).unwrap()),
        None => Err(value.get("Err").unwrap_or(&value).clone()),
    }
}

/// Asserts that a call failed for this reason, a part of its message.
#[track_caller]
pub(crate) fn refused(answer: &Answer, why: &str) {
    let text = answer.as_ref().expect_err("the call should have failed").to_string();
    assert!(text.contains(why), "{why:?} is not in {text}");
}
