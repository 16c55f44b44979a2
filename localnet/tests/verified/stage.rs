//! A canister that answers with what it is given, certified or not, and a gateway in front of it.

use crate::common;
use candid::{CandidType, Encode, Principal};
use pocket_ic::PocketIc;
use reqwest::blocking::{Client, Response};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// `set` takes a number below 32, one byte, and what is answered under it, up to 64 KiB: 0 by `http_request`, 1 by
/// `http_request` if the request has `bytes=` in it and something is there, 2 by `http_request_update`, and N by
/// `more` if the last byte of its argument is N. `certify` sets the certified data, `certificate` gives the certificate.
const ACTOR: &str = r#"(module
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_arg_data_size" (func $size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
  (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
  (import "ic0" "data_certificate_size" (func $certificate_size (result i32)))
  (import "ic0" "data_certificate_copy" (func $certificate_copy (param i32 i32 i32)))
  (memory 66)
  (func $place (param $n i32) (result i32) (i32.shl (local.get $n) (i32.const 17)))
  (func $take (call $copy (i32.const 4194304) (i32.const 0) (call $size)))
  (func $set (local $at i32)
    (call $copy (i32.const 4194304) (i32.const 0) (i32.const 1))
    (local.set $at (call $place (i32.load8_u (i32.const 4194304))))
    (i32.store (local.get $at) (i32.sub (call $size) (i32.const 1)))
    (call $copy (i32.add (local.get $at) (i32.const 4)) (i32.const 1) (i32.sub (call $size) (i32.const 1)))
    (call $reply))
  (func $give (param $n i32)
    (call $append (i32.add (call $place (local.get $n)) (i32.const 4)) (i32.load (call $place (local.get $n))))
    (call $reply))
  (func $is_ranged (result i32) (local $at i32)
    (call $take)
    (loop $next
      (if (i32.and
            (i32.eq (i32.load (i32.add (local.get $at) (i32.const 4194304))) (i32.const 0x65747962))
            (i32.eq (i32.load16_u (i32.add (local.get $at) (i32.const 4194308))) (i32.const 0x3d73)))
        (then (return (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (call $size))))
    (i32.const 0))
  (func $http_request
    (call $give (i32.and (call $is_ranged) (i32.ne (i32.load (call $place (i32.const 1))) (i32.const 0)))))
  (func $http_request_update (call $give (i32.const 2)))
  (func $more
    (call $take)
    (call $give (i32.load8_u (i32.add (i32.const 4194303) (call $size)))))
  (func $certify_data (call $take) (call $certify (i32.const 4194304) (call $size)) (call $reply))
  (func $certificate
    (call $certificate_copy (i32.const 4194304) (i32.const 0) (call $certificate_size))
    (call $append (i32.const 4194304) (call $certificate_size))
    (call $reply))
  (export "canister_update set" (func $set))
  (export "canister_update certify" (func $certify_data))
  (export "canister_query certificate" (func $certificate))
  (export "canister_query http_request" (func $http_request))
  (export "canister_update http_request_update" (func $http_request_update))
  (export "canister_query more" (func $more)))"#;

candid::define_function!(pub(crate) Callback : () -> () query);

/// An answer, as a canister gives it.
#[derive(CandidType, Clone, Debug)]
pub(crate) struct Given {
    pub(crate) status_code: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: serde_bytes::ByteBuf,
    pub(crate) upgrade: Option<bool>,
    pub(crate) streaming_strategy: Option<Streaming>,
}

#[derive(CandidType, Clone, Debug)]
pub(crate) enum Streaming {
    Callback(Strategy),
}

#[derive(CandidType, Clone, Debug)]
pub(crate) struct Strategy {
    pub(crate) callback: Callback,
    pub(crate) token: Vec<u8>,
}

#[derive(CandidType)]
struct Part {
    body: serde_bytes::ByteBuf,
    token: Option<Vec<u8>>,
}

impl Given {
    pub(crate) fn new(status_code: u16, headers: &[(&str, &str)], body: &[u8]) -> Given {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Given { status_code, headers, body: body.to_vec().into(), upgrade: None, streaming_strategy: None }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Given {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces a header's value.
    pub(crate) fn change(mut self, name: &str, change: impl Fn(&str) -> String) -> Given {
        let header = self.headers.iter_mut().find(|(found, _)| found.eq_ignore_ascii_case(name)).unwrap();
        header.1 = change(&header.1);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Given {
        self.headers.retain(|(found, _)| !found.eq_ignore_ascii_case(name));
        self
    }
}

/// What a client of the gateway gets.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body, or why it broke off.
    pub(crate) body: Result<Vec<u8>, String>,
}

impl Got {
    #[track_caller]
    pub(crate) fn expect(&self, status: u16, body: &[u8]) {
        let found = self.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned());
        assert_eq!(self.status, status, "{found:?}");
        assert_eq!(found.as_deref(), Ok(&*String::from_utf8_lossy(body)));
    }

    /// Asserts that the answer was refused for this reason, and that nothing of it was passed on.
    #[track_caller]
    pub(crate) fn refused(&self, why: &str) {
        let text = String::from_utf8(self.body.clone().unwrap()).unwrap();
        assert_eq!(self.status, 503, "{text}");
        assert!(text.contains("does not verify") && text.contains(why), "{why:?} is not in {text:?}");
        let mut all = text;
        write!(all, "{:?}", self.headers).unwrap();
        for part in ["secret", "x-more", "x-kept", "location"] {
            assert!(!all.contains(part), "{all}");
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) struct Stage {
    pub(crate) pic: PocketIc,
    pub(crate) id: Principal,
    gateway: String,
    client: Client,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        let pic = common::pocket_ic();
        let id = pic.create_canister();
        pic.add_cycles(id, 10_u128.pow(14));
        pic.install_canister(id, wat::parse_str(ACTOR).unwrap(), vec![], None);
        let redirect = reqwest::redirect::Policy::none();
        let client = Client::builder().redirect(redirect).no_proxy().build().unwrap();
        let config = json!({ "forward_to": { "PocketIcInstance": pic.instance_id() } });
        let url = pic.get_server_url().join("http_gateway").unwrap();
        let made = client.post(url).json(&config).send().and_then(Response::json::<Value>).unwrap();
        let gateway = format!("http://127.0.0.1:{}", made["Created"]["port"]);
        Stage { pic, id, gateway, client }
    }

    fn update(&self, method: &str, arg: Vec<u8>) {
        self.pic.update_call(self.id, Principal::anonymous(), method, arg).unwrap();
    }

    /// Sets what is answered under a number.
    pub(crate) fn set(&self, n: u8, given: &Given) {
        self.update("set", [vec![n], Encode!(given).unwrap()].concat());
    }

    /// Sets a part of a stream, and where the next one is.
    pub(crate) fn set_part(&self, n: u8, body: &[u8], next: Option<u8>) {
        let part = Part { body: body.to_vec().into(), token: next.map(|next| vec![next]) };
        self.update("set", [vec![n], Encode!(&part).unwrap()].concat());
    }

    /// The streaming strategy that begins with a part.
    pub(crate) fn streamed_from(&self, n: u8) -> Option<Streaming> {
        let callback = Callback::new(self.id, "more".into());
        Some(Streaming::Callback(Strategy { callback, token: vec![n] }))
    }

    /// Sets the certified data, and gives the certificate of it.
    pub(crate) fn certify(&self, data: &[u8]) -> Vec<u8> {
        self.update("certify", data.to_vec());
        self.certificate()
    }

    pub(crate) fn certificate(&self) -> Vec<u8> {
        self.pic.query_call(self.id, Principal::anonymous(), "certificate", vec![]).unwrap()
    }

    /// A request to a host below `localhost`.
    pub(crate) fn send(&self, method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Got {
        let method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.gateway));
        request = request.header("host", format!("{host}localhost"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().map(|bytes| bytes.to_vec()).map_err(|error| error.to_string());
        Got { status, headers, body }
    }

    pub(crate) fn get(&self, path: &str) -> Got {
        self.send("GET", &format!("{}.", self.id), path, &[])
    }

    pub(crate) fn get_raw(&self, path: &str) -> Got {
        self.send("GET", &format!("{}.raw.", self.id), path, &[])
    }
}
