//! What the HTTP interface accepts and refuses: envelopes made by hand, of every kind that could be wrong.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/raw.rs"]
mod raw;

use candid::{Encode, Principal};
use common::{COUNTER, counts};
use darkroom_localnet::{Network, NetworkConfig};
use ic_agent::Agent;
use ic_agent::identity::{BasicIdentity, DelegatedIdentity, Identity};
use ic_certification::LookupResult;
use ic_management_canister_types as types;
use ic_transport_types::{Delegation, DelegationPermissions, Envelope, EnvelopeContent, SignedDelegation};
use raw::{Key, Reply, at, call, expiring, open, path, query, read_state};

/// A network with a counter that `owner` controls.
struct Fixture {
    network: Network,
    address: String,
    id: Principal,
    owner: Key,
}

impl Fixture {
    async fn new() -> Fixture {
        let public =
            r#"(@custom "icp:public name" "open") (@custom "icp:private secret" "closed") (memory 1)"#;
        Fixture::with(&COUNTER.replace("(memory 1)", public)).await
    }

    async fn with(wat: &str) -> Fixture {
        let network = Network::start(NetworkConfig::default()).unwrap();
        let identity = BasicIdentity::from_raw_key(&[1; 32]);
        let agent = Agent::builder().with_url(network.url()).with_identity(identity).build().unwrap();
        agent.fetch_root_key().await.unwrap();
        let id = network.default_effective_canister_id();
        let manage = |method: &str, arg: Vec<u8>| {
            let management = Principal::management_canister();
            agent.update(&management, method).with_effective_canister_id(id).with_arg(arg).call_and_wait()
        };
        let args = types::ProvisionalCreateCanisterWithCyclesArgs {
            amount: Some((1u64 << 60).into()),
            settings: None,
            specified_id: None,
            sender_canister_version: None,
        };
        manage("provisional_create_canister_with_cycles", Encode!(&args).unwrap()).await.unwrap();
        let args = types::InstallCodeArgs {
            mode: types::CanisterInstallMode::Install,
            canister_id: id,
            wasm_module: wat::parse_str(wat).unwrap(),
            arg: vec![],
            sender_canister_version: None,
        };
        manage("install_code", Encode!(&args).unwrap()).await.unwrap();
        let address = network.url().strip_prefix("http://").unwrap().to_owned();
        Fixture { address, id, network, owner: Key::ed25519(1) }
    }

    fn post(&self, what: &str, envelope: &Envelope<'_>) -> Reply {
        let version = if what == "call" { "v2" } else { "v3" };
        let path = format!("/api/{version}/canister/{}/{what}", self.id);
        raw::post(&self.address, &path, &envelope.encode_bytes())
    }

    /// A call of `inc` by the owner, then changed by `change`.
    fn call(&self, change: impl FnOnce(&mut Envelope<'static>)) -> Reply {
        let mut envelope = self.owner.seal(call(self.owner.principal(), self.id, "inc", b""));
        change(&mut envelope);
        self.post("call", &envelope)
    }

    fn read(&self, key: &Key, paths: &[&str]) -> Reply {
        self.post("read_state", &key.seal(read_state(key.principal(), paths)))
    }

    fn count(&self) -> u32 {
        let reply = self.post("query", &open(query(Principal::anonymous(), self.id, "get")));
        let reply: ic_transport_types::QueryResponse = serde_cbor::from_slice(&reply.body).unwrap();
        let ic_transport_types::QueryResponse::Replied { reply, .. } = reply else { panic!("{reply:?}") };
        counts(&reply.arg)[0]
    }

    /// Waits until a message is answered.
    fn settle(&self, key: &Key, request: &str) {
        let status = format!("request_status/#{request}/status");
        for _ in 0..500 {
            let certificate = self.read(key, &[&status]).certificate();
            if let LookupResult::Found(b"replied") = certificate.tree.lookup_path(path(&status)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the message is not answered");
    }
}

#[tokio::test]
async fn expiry_has_a_window() {
    let f = Fixture::new().await;
    let (owner, nobody) = (f.owner.principal(), Principal::anonymous());
    let kinds: [(&str, EnvelopeContent); 3] = [
        ("call", call(owner, f.id, "inc", b"")),
        ("query", query(owner, f.id, "get")),
        ("read_state", read_state(owner, &["time"])),
    ];
    for (what, content) in kinds {
        for (seconds, good) in [(-60, false), (-1, false), (5, true), (299, true), (400, false)] {
            let reply = f.post(what, &f.owner.seal(expiring(content.clone(), at(seconds))));
            match good {
                true => assert!(reply.status < 300, "{what} {seconds}: {}", reply.text()),
                false => reply.expect(400, "Invalid request expiry: "),
            }
        }
    }
    // Anonymous reads are taken leniently, anonymous calls are not.
    f.post("call", &open(expiring(call(nobody, f.id, "inc", b""), at(-1))))
        .expect(400, "Invalid request expiry");
    assert_eq!(f.post("query", &open(expiring(query(nobody, f.id, "get"), 0))).status, 200);
    assert_eq!(f.post("read_state", &open(expiring(read_state(nobody, &["time"]), 0))).status, 200);
}

#[tokio::test]
async fn signatures_verify_or_are_refused() {
    let f = Fixture::new().await;
    for key in [Key::ed25519(7), Key::secp256k1(7), Key::p256(7)] {
        let sealed = || key.seal(call(key.principal(), f.id, "inc", b""));
        assert_eq!(f.post("call", &sealed()).status, 202);
        for at in [0, 31, 32, 63] {
            let mut envelope = sealed();
            envelope.sender_sig.as_mut().unwrap()[at] ^= 1;
            f.post("call", &envelope).expect(400, "Invalid signature: ");
        }
        for bad in [vec![], vec![0; 64], vec![0xff; 64], vec![1; 63], vec![1; 4096]] {
            let mut envelope = sealed();
            envelope.sender_sig = Some(bad);
            f.post("call", &envelope).expect(400, "Invalid signature: ");
        }
        // The signature of another message, and the same content signed by another key.
        let mut envelope = sealed();
        envelope.content = std::borrow::Cow::Owned(call(key.principal(), f.id, "trap", b""));
        f.post("call", &envelope).expect(400, "Invalid signature: ");
        let mut envelope = sealed();
        envelope.sender_pubkey = Some(f.owner.der.clone());
        f.post("call", &envelope).expect(400, "does not match the public key");
        // The key must be DER, and it is the whole of it that names the sender.
        let raw = key.der[key.der.len() - 32..].to_vec();
        let mut content = call(Principal::self_authenticating(&raw), f.id, "inc", b"");
        let mut envelope = key.seal(content.clone());
        envelope.sender_pubkey = Some(raw);
        f.post("call", &envelope).expect(400, "Invalid signature: the public key is not one of");
        if let EnvelopeContent::Call { sender, .. } = &mut content {
            *sender = f.owner.principal();
        }
        f.post("call", &key.seal(content)).expect(400, "does not match the public key");
    }
}

#[tokio::test]
async fn anonymous_and_signed_exclude_each_other() {
    let f = Fixture::new().await;
    let nobody = Principal::anonymous();
    assert_eq!(f.post("call", &open(call(nobody, f.id, "inc", b""))).status, 202);
    f.post("call", &f.owner.seal(call(nobody, f.id, "inc", b"")))
        .expect(400, "anonymous user must not be signed");
    let mut half = f.owner.seal(call(nobody, f.id, "inc", b""));
    half.sender_pubkey = None;
    f.post("call", &half).expect(400, "anonymous user must not be signed");
    f.call(|e| (e.sender_pubkey, e.sender_sig) = (None, None)).expect(400, "Missing signature");
    f.call(|e| e.sender_sig = None).expect(400, "Missing signature");
    f.call(|e| e.sender_pubkey = None).expect(400, "Missing signature");
    for (len, status) in [(32, 202), (33, 400)] {
        let reply = f.post("call", &open(call(nobody, f.id, "inc", &vec![5; len])));
        assert_eq!(reply.status, status, "{}", reply.text());
    }
    f.post("query", &call_as_query(&f)).expect(400, "type query was expected");
    f.post("read_state", &call_as_query(&f)).expect(400, "type read_state was expected");
    f.post("call", &open(query(nobody, f.id, "get"))).expect(400, "type call was expected");
}

fn call_as_query(f: &Fixture) -> Envelope<'static> {
    open(call(Principal::anonymous(), f.id, "get", b""))
}

fn link(to: &Key) -> Delegation {
    Delegation { pubkey: to.der.clone(), expiration: at(3600), targets: None, permissions: None }
}

/// A chain of `n` links from the key 100 to the key that signs.
fn chain(n: u8) -> (Vec<SignedDelegation>, Key) {
    let links = (0..n).map(|i| Key::ed25519(100 + i).delegate(link(&Key::ed25519(101 + i)))).collect();
    (links, Key::ed25519(100 + n))
}

fn delegated(links: Vec<SignedDelegation>, last: &Key, content: EnvelopeContent) -> Envelope<'static> {
    let mut envelope = last.seal(content);
    envelope.sender_pubkey = Some(Key::ed25519(100).der);
    envelope.sender_delegation = Some(links);
    envelope
}

#[tokio::test]
async fn delegations_lead_from_the_sender_to_the_signer() {
    let f = Fixture::new().await;
    let sender = Key::ed25519(100).principal();
    let inc = || call(sender, f.id, "inc", b"");
    for (n, status) in [(0, 202), (1, 202), (2, 202), (20, 202), (21, 400)] {
        let (links, last) = chain(n);
        let reply = f.post("call", &delegated(links, &last, inc()));
        assert_eq!(reply.status, status, "{n}: {}", reply.text());
    }
    let refused =
        |links, last: &Key, why: &str| f.post("call", &delegated(links, last, inc())).expect(400, why);
    let (links, _) = chain(2);
    refused(links, &Key::ed25519(9), "Invalid signature");
    let (mut links, last) = chain(2);
    links[1].signature[3] ^= 1;
    refused(links, &last, "Invalid delegation: Ed25519");
    let (mut links, last) = chain(2);
    links.swap(0, 1);
    refused(links, &last, "Invalid delegation: Ed25519");
    let (mut links, last) = chain(1);
    links[0].delegation.expiration += 1;
    refused(links, &last, "Invalid delegation: Ed25519");
    // There and back again.
    let (mut links, last) = chain(1);
    links.push(last.delegate(link(&Key::ed25519(100))));
    refused(links, &Key::ed25519(100), "cycle");
    let one = |change: &dyn Fn(&mut Delegation)| {
        let last = Key::p256(3);
        let mut delegation = link(&last);
        change(&mut delegation);
        (vec![Key::ed25519(100).delegate(delegation)], last)
    };
    let (links, last) = one(&|d| d.expiration = at(-1));
    refused(links, &last, "expired");
    let (links, last) = one(&|d| d.targets = Some(vec![f.id; 1001]));
    refused(links, &last, "1001 targets");
    let other = Principal::from_slice(&[1; 10]);
    let (links, last) = one(&|d| d.targets = Some(vec![other]));
    refused(links, &last, "is not one of the delegation targets");
    let (links, last) = one(&|d| d.targets = Some(vec![]));
    refused(links, &last, "is not one of the delegation targets");
    let (links, last) = one(&|d| d.permissions = Some(DelegationPermissions::Queries));
    refused(links.clone(), &last, "queries only");
    assert_eq!(f.post("query", &delegated(links, &last, query(sender, f.id, "get"))).status, 200);
    let (links, last) = one(&|d| d.targets = Some(vec![other, f.id]));
    assert_eq!(f.post("call", &delegated(links, &last, inc())).status, 202);
    // Of two lists of targets only what is in both counts.
    let (a, b, c) = (Key::ed25519(100), Key::secp256k1(4), Key::p256(5));
    let to_b = Delegation { targets: Some(vec![f.id, other]), ..link(&b) };
    let to_c = Delegation { targets: Some(vec![other]), ..link(&c) };
    refused(vec![a.delegate(to_b.clone()), b.delegate(to_c)], &c, "is not one of the delegation targets");
    let to_c = Delegation { targets: Some(vec![f.id]), ..link(&c) };
    assert_eq!(f.post("call", &delegated(vec![a.delegate(to_b), b.delegate(to_c)], &c, inc())).status, 202);
}

#[tokio::test]
async fn the_agents_own_delegated_identity_works() {
    let f = Fixture::new().await;
    let (from, to) = (BasicIdentity::from_raw_key(&[60; 32]), BasicIdentity::from_raw_key(&[61; 32]));
    let delegation = Delegation {
        pubkey: to.public_key().unwrap(),
        expiration: at(600),
        targets: Some(vec![f.id]),
        permissions: None,
    };
    let signature = from.sign_delegation(&delegation).unwrap().signature.unwrap();
    let links = vec![SignedDelegation { delegation, signature }];
    let identity = DelegatedIdentity::new(from.public_key().unwrap(), Box::new(to), links).unwrap();
    let agent = Agent::builder().with_url(f.network.url()).with_identity(identity).build().unwrap();
    agent.fetch_root_key().await.unwrap();
    let reply = agent.update(&f.id, "inc").with_arg(vec![]).call_and_wait().await.unwrap();
    assert_eq!(counts(&reply)[0], 1);
    agent.query(&f.id, "get").with_arg(vec![]).call().await.unwrap();
}

#[tokio::test]
async fn a_replay_is_executed_once() {
    let f = Fixture::new().await;
    let envelope = f.owner.seal(call(f.owner.principal(), f.id, "inc", b"once"));
    let id = hex::encode(*envelope.content.to_request_id());
    for _ in 0..3 {
        assert_eq!(f.post("call", &envelope).status, 202);
    }
    f.settle(&f.owner, &id);
    assert_eq!(f.post("call", &envelope).status, 202);
    assert_eq!(f.count(), 1);
    // Another nonce makes another message.
    let again = f.owner.seal(call(f.owner.principal(), f.id, "inc", b"twice"));
    assert_eq!(f.post("call", &again).status, 202);
    f.settle(&f.owner, &hex::encode(*again.content.to_request_id()));
    assert_eq!(f.count(), 2);
}

#[tokio::test]
async fn the_url_names_what_the_request_is_about() {
    let f = Fixture::new().await;
    let other = Principal::from_text("lqy7q-dh777-77777-aaaaq-cai").unwrap();
    let (nobody, management) = (Principal::anonymous(), Principal::management_canister());
    let to = |target: &str, what: &str, content| {
        raw::post(&f.address, &format!("/api/v3/{target}/{what}"), &open(content).encode_bytes())
    };
    let here = format!("canister/{}", f.id);
    let there = format!("canister/{other}");
    to(&there, "call", call(nobody, f.id, "inc", b"")).expect(400, "does not match the called canister");
    to(&there, "query", query(nobody, f.id, "get")).expect(400, "does not match the called canister");
    let status = |canister_id| {
        let EnvelopeContent::Call { nonce, ingress_expiry, sender, .. } = call(nobody, f.id, "", b"") else {
            unreachable!()
        };
        let arg = Encode!(&types::CanisterIdRecord { canister_id }).unwrap();
        let (canister_id, method_name) = (management, "canister_status".into());
        EnvelopeContent::Call {
            nonce,
            ingress_expiry,
            sender,
            canister_id,
            method_name,
            arg,
            sender_info: None,
        }
    };
    to(&here, "call", status(other)).expect(400, "that the argument names");
    assert_eq!(to(&here, "call", status(f.id)).status, 200);
    let subnet = Principal::self_authenticating(f.network.root_key());
    to(&format!("subnet/{subnet}"), "call", call(nobody, f.id, "inc", b"")).expect(400, "does not match");
    to("subnet/aaaaa-aa", "read_state", read_state(nobody, &["time"])).expect(404, "no subnet");
    to("canister/nonsense", "query", query(nobody, f.id, "get")).expect(400, "is not a principal");
    to(&here, "nothing", query(nobody, f.id, "get")).expect(404, "no such endpoint");
    let long = vec![0; (2 << 20) + 1];
    let mut content = call(nobody, f.id, "inc", b"");
    if let EnvelopeContent::Call { arg, .. } = &mut content {
        *arg = long;
    }
    to(&here, "call", content).expect(413, "too large");
    assert_eq!(f.count(), 0);
}

#[tokio::test]
async fn read_state_has_rules_for_paths() {
    let f = Fixture::new().await;
    let (mine, other) = (&f.owner, Key::ed25519(2));
    let envelope = mine.seal(call(mine.principal(), f.id, "inc", b"paths"));
    let request = hex::encode(*envelope.content.to_request_id());
    assert_eq!(f.post("call", &envelope).status, 202);
    f.settle(mine, &request);
    let status = format!("request_status/#{request}");
    let canister = format!("canister/#{}", hex::encode(f.id.as_slice()));
    // Its sender sees a request, nobody else.
    assert_eq!(f.read(mine, &[&status]).status, 200);
    f.read(&other, &[&status]).expect(403, "Request ID not signed by the caller");
    f.post("read_state", &open(read_state(Principal::anonymous(), &[&format!("{status}/reply")])))
        .expect(403, "Request ID not signed by the caller");
    f.read(mine, &[&status, &format!("request_status/#{}", "00".repeat(32))])
        .expect(400, "More than one non-unique request ID");
    f.read(mine, &["request_status/#00"]).expect(400, "not 32 bytes");
    for invalid in ["nothing", "request_status", "canister", &format!("{status}/other"), ""] {
        f.read(mine, &[invalid]).expect(404, "Invalid path requested");
    }
    f.read(mine, &[&format!("{canister}/certified_data")]).expect(404, "Invalid path requested");
    let elsewhere = format!("canister/#{}/controllers", hex::encode([1; 10]));
    f.read(mine, &[&elsewhere]).expect(400, "does not match");
    // Metadata are for all, or for controllers.
    let (public, private) = (format!("{canister}/metadata/name"), format!("{canister}/metadata/secret"));
    assert_eq!(f.read(&other, &[&public]).status, 200);
    f.read(&other, &[&private]).expect(403, "only be requested by the controllers");
    let certificate = f.read(mine, &[&private]).certificate();
    assert!(matches!(certificate.tree.lookup_path(path(&private)), LookupResult::Found(b"closed")));
    // At most 1,000 paths of 127 labels.
    let times = |n| vec!["time"; n];
    assert_eq!(f.read(mine, &times(1000)).status, 200);
    f.read(mine, &times(1001)).expect(400, "1001 paths");
    f.read(mine, &[&"a/".repeat(127)]).expect(400, "128 labels");
    f.read(mine, &[&"a/".repeat(126)]).expect(404, "Invalid path");
    // A delegation for another canister does not show requests to this one.
    let delegation = Delegation { targets: Some(vec![Principal::from_slice(&[1; 10])]), ..link(&other) };
    let mut sealed = other.seal(read_state(mine.principal(), &[&status]));
    sealed.sender_pubkey = Some(mine.der.clone());
    sealed.sender_delegation = Some(vec![mine.delegate(delegation)]);
    f.post("read_state", &sealed).expect(403, "not belonging to sender delegation targets");
}

#[tokio::test]
async fn certificates_show_what_was_asked_and_no_more() {
    let f = Fixture::new().await;
    let canister = format!("canister/#{}", hex::encode(f.id.as_slice()));
    let (hash, name) = (format!("{canister}/module_hash"), format!("{canister}/metadata/name"));
    let unknown = format!("request_status/#{}", "ab".repeat(32));
    let missing = format!("{canister}/metadata/zzz");
    let certificate = f.read(&f.owner, &[&hash, &unknown, &missing]).certificate();
    let key = f.network.root_key();
    let signed = [b"\x0Dic-state-root", &certificate.tree.digest()[..]].concat();
    let (signature, raw_key) = (&certificate.signature[..], &key[key.len() - 96..]);
    ic_verify_bls_signature::verify_bls_signature(signature, &signed, raw_key).unwrap();
    assert!(certificate.delegation.is_none());
    let look = |p: &str| certificate.tree.lookup_path(path(p));
    assert!(matches!(look(&hash), LookupResult::Found(hash) if hash.len() == 32));
    assert!(matches!(look("time"), LookupResult::Found(_)));
    for absent in [&unknown, &missing, &format!("{unknown}/status")] {
        assert!(matches!(look(absent), LookupResult::Absent), "{absent}");
    }
    for pruned in [&name, &format!("{canister}/controllers"), "subnet", "canister_ranges"] {
        assert!(matches!(look(pruned), LookupResult::Unknown), "{pruned}");
    }
}

#[tokio::test]
async fn nodes_sign_query_replies() {
    let f = Fixture::new().await;
    let content = query(Principal::anonymous(), f.id, "get");
    let request = content.to_request_id();
    let reply = f.post("query", &open(content));
    let reply: ic_transport_types::QueryResponse = serde_cbor::from_slice(&reply.body).unwrap();
    let [signature] = reply.signatures() else { panic!("{reply:?}") };
    let subnet = Principal::self_authenticating(f.network.root_key());
    let node = format!(
        "subnet/#{}/node/#{}/public_key",
        hex::encode(subnet.as_slice()),
        hex::encode(signature.identity.as_slice())
    );
    let certificate = f.read(&f.owner, &[&node]).certificate();
    let LookupResult::Found(der) = certificate.tree.lookup_path(path(&node)) else { panic!("no key") };
    assert_eq!(Principal::self_authenticating(der), signature.identity);
    let key = ic_ed25519::PublicKey::deserialize_rfc8410_der(der).unwrap();
    let signable = |time| reply.signable(request, time);
    key.verify_signature(&signable(signature.timestamp), &signature.signature).unwrap();
    assert!(key.verify_signature(&signable(signature.timestamp + 1), &signature.signature).is_err());
}

/// Certifies its argument, and gives the certificate to whoever asks.
const SIGNER: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_arg_data_copy" (func $arg (param i32 i32 i32)))
  (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
  (import "ic0" "data_certificate_size" (func $size (result i32)))
  (import "ic0" "data_certificate_copy" (func $copy (param i32 i32 i32)))
  (memory 1)
  (func (export "canister_update set")
    (call $arg (i32.const 0) (i32.const 0) (i32.const 32))
    (call $certify (i32.const 0) (i32.const 32))
    (call $reply))
  (func (export "canister_query get")
    (call $copy (i32.const 0) (i32.const 0) (call $size))
    (call $append (i32.const 0) (call $size))
    (call $reply)))"#;

#[tokio::test]
async fn canisters_sign() {
    use ic_certification::HashTree;
    use ic_certification::hash_tree::{label, leaf};
    use sha2::{Digest, Sha256};
    let f = Fixture::with(SIGNER).await;
    let agent = Agent::builder().with_url(f.network.url()).build().unwrap();
    agent.fetch_root_key().await.unwrap();
    let seed = b"user 7";
    let mut key = vec![u8::try_from(f.id.as_slice().len()).unwrap()];
    key.extend([f.id.as_slice(), seed].concat());
    let algorithm = hex::decode("300c060a2b0601040183b8430102").unwrap();
    let bits = [&[0x03, u8::try_from(key.len() + 1).unwrap(), 0][..], &key].concat();
    let der = [&[0x30, u8::try_from(algorithm.len() + bits.len()).unwrap()][..], &algorithm, &bits].concat();
    let sender = Principal::self_authenticating(&der);
    let content = query(sender, f.id, "get");
    let hash = |bytes: &[u8]| Sha256::digest(bytes).to_vec();
    let tree: HashTree = label(
        b"sig",
        label(hash(seed), {
            let message = content.to_request_id().signable();
            label(hash(&message), leaf(vec![]))
        }),
    );
    agent.update(&f.id, "set").with_arg(tree.digest()).call_and_wait().await.unwrap();
    let certificate = agent.query(&f.id, "get").with_arg(vec![]).call().await.unwrap();
    #[derive(serde::Serialize)]
    struct Signature<'a> {
        #[serde(with = "serde_bytes")]
        certificate: &'a [u8],
        tree: &'a HashTree,
    }
    let mut serializer = serde_cbor::Serializer::new(Vec::new());
    serializer.self_describe().unwrap();
    serde::Serialize::serialize(&Signature { certificate: &certificate, tree: &tree }, &mut serializer)
        .unwrap();
    let mut envelope = open(content);
    (envelope.sender_pubkey, envelope.sender_sig) = (Some(der), Some(serializer.into_inner()));
    let reply = f.post("query", &envelope);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut other = envelope.clone();
    other.content.to_mut();
    if let EnvelopeContent::Query { method_name, .. } = other.content.to_mut() {
        *method_name = "set".into();
    }
    f.post("query", &other).expect(400, "canister signature: ");
    let signature = envelope.sender_sig.as_mut().unwrap();
    let last = signature.len() / 2;
    signature[last] ^= 1;
    f.post("query", &envelope).expect(400, "Invalid signature");
}
