//! What the targets share: a server without sockets, started anew now and then so that what it keeps stays small.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use darkroom_localnet::fuzzing::Server;
use std::cell::RefCell;

/// A canister that counts.
const WITNESS: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (memory 1)
  (func $bump (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (call $show))
  (func $show (call $append (i32.const 0) (i32.const 4)) (call $reply))
  (export "canister_update bump" (func $bump))
  (export "canister_query show" (func $show)))"#;

/// The first canister of an instance, as bytes and as text.
pub const CANISTER: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xe0, 0, 0, 1, 1];
/// As above.
pub const CANISTER_TEXT: &str = "lxzze-o7777-77777-aaaaa-cai";

/// After so many inputs the server is started anew.
const INPUTS: usize = 2_000;

thread_local! {
    static SERVER: RefCell<(usize, Option<Server>)> = const { RefCell::new((0, None)) };
}

/// Runs `f` with a server whose instance 0 has the canister above.
pub fn with_server(f: impl FnOnce(&Server)) {
    SERVER.with_borrow_mut(|(used, server)| {
        if *used % INPUTS == 0 {
            *server = None;
        }
        *used += 1;
        f(server.get_or_insert_with(start));
    });
}

fn start() -> Server {
    let server = Server::default();
    let config = br#"{"subnet_config_set":{"application":[{"state_config":"New"}]}}"#;
    assert_eq!(server.post("/instances", config).0, 201);
    // `record { amount = null }`, of no fields, and the arguments of `install_code`.
    call(&server, &[], "provisional_create_canister_with_cycles", b"DIDL\x01\x6c\0\x01\0");
    let wasm = wat::parse_str(WITNESS).expect("the text is constant");
    call(&server, &[], "install_code", &install(&wasm));
    let show = message(&CANISTER, "show", &[]);
    let (status, body) = server.post("/instances/0/read/query", show.as_bytes());
    assert!(status == 200 && body.starts_with(b"{\"Ok\""), "{}", String::from_utf8_lossy(&body));
    server
}

/// The Candid of `record { mode = variant { install }; canister_id; wasm_module; arg = "" }`.
fn install(wasm: &[u8]) -> Vec<u8> {
    let mut bytes = b"DIDL\x03".to_vec();
    // Fields in the order of their hashes: wasm_module, arg, mode, canister_id.
    let mut fields = [("wasm_module", 1), ("arg", 1), ("mode", 2), ("canister_id", 0x68)];
    fields.sort_by_key(|(name, _)| hash(name));
    bytes.extend([0x6c, 4]);
    for (name, ty) in fields {
        leb(&mut bytes, hash(name));
        bytes.push(ty);
    }
    bytes.extend([0x6d, 0x7b, 0x6b, 1]);
    leb(&mut bytes, hash("install"));
    bytes.extend([0x7f, 1, 0]);
    for (name, _) in fields {
        let blob: &[u8] = match name {
            "wasm_module" => wasm,
            "canister_id" => {
                bytes.push(1);
                &CANISTER
            }
            _ => &[],
        };
        match name {
            "mode" => bytes.push(0),
            _ => {
                leb(&mut bytes, blob.len() as u64);
                bytes.extend(blob);
            }
        }
    }
    bytes
}

fn hash(name: &str) -> u64 {
    u64::from(name.bytes().fold(0u32, |h, b| h.wrapping_mul(223).wrapping_add(b.into())))
}

fn leb(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn message(canister: &[u8], method: &str, arg: &[u8]) -> String {
    let b64 = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    format!(
        r#"{{"sender":"BA==","canister_id":"{}","effective_principal":"None","method":"{method}","payload":"{}"}}"#,
        b64(canister),
        b64(arg)
    )
}

/// A call, executed; `canister` is empty for the management canister.
pub fn call(server: &Server, canister: &[u8], method: &str, arg: &[u8]) {
    let body = message(canister, method, arg);
    let (status, _) = server.post("/instances/0/update/submit_ingress_message", body.as_bytes());
    assert_eq!(status, 200);
    let (status, _) = server.post("/instances/0/update/tick", br#"{"blockmakers":null}"#);
    assert_eq!(status, 200);
}
