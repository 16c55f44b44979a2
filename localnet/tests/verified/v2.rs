//! Certification of version 2, by the crate that canisters certify with.

use crate::stage::{Given, Stage};
use ic_http_certification::cel::DefaultResponseOnlyCelExpression;
use ic_http_certification::utils::add_v2_certificate_header;
use ic_http_certification::{
    DefaultCelBuilder, DefaultResponseCertification, HttpCertification, HttpCertificationPath,
    HttpCertificationTree, HttpCertificationTreeEntry, HttpResponse, StatusCode,
};
use std::time::Duration;

const EXPRESSION: &str = "ic-certificateexpression";
const CERTIFICATE: &str = "ic-certificate";

/// Certifies the status, the body and the headers `x-kept` and `content-range`.
fn expression() -> DefaultResponseOnlyCelExpression<'static> {
    let headers = DefaultResponseCertification::certified_response_headers(vec!["x-kept", "content-range"]);
    DefaultCelBuilder::response_only_certification().with_response_certification(headers).build()
}

fn response(given: &Given) -> HttpResponse<'static> {
    HttpResponse::builder()
        .with_status_code(StatusCode::from_u16(given.status_code).unwrap())
        .with_headers(given.headers.clone())
        .with_body(given.body.to_vec())
        .build()
}

/// Has the canister certify these answers at their paths, and gives them with their headers.
pub(crate) fn certified(stage: &Stage, answers: &[(&str, Given)]) -> Vec<Given> {
    let expression = expression();
    let mut tree = HttpCertificationTree::default();
    let mut entries = Vec::new();
    for (path, given) in answers {
        let given = given.clone().with(EXPRESSION, &expression.to_string());
        let certification = HttpCertification::response_only(&expression, &response(&given), None).unwrap();
        let entry = HttpCertificationTreeEntry::new(HttpCertificationPath::exact(*path), certification);
        tree.insert(&entry);
        entries.push((path, entry, given));
    }
    let certificate = stage.certify(&tree.root_hash());
    let shown = |(path, entry, given): (&&str, HttpCertificationTreeEntry<'_>, Given)| {
        let mut response = response(&given);
        let witness = tree.witness(&entry, path).unwrap();
        add_v2_certificate_header(&certificate, &mut response, &witness, &entry.path.to_expr_path());
        Given { headers: response.headers().to_vec(), ..given }
    };
    entries.into_iter().map(shown).collect()
}

pub(crate) fn certified_one(stage: &Stage, path: &str, given: Given) -> Given {
    certified(stage, &[(path, given)]).remove(0)
}

/// An answer that is certified at a path not to be certified.
fn skipped(stage: &Stage, path: &'static str, given: &Given) -> Given {
    let mut tree = HttpCertificationTree::default();
    let entry =
        HttpCertificationTreeEntry::new(HttpCertificationPath::exact(path), HttpCertification::skip());
    tree.insert(&entry);
    let certificate = stage.certify(&tree.root_hash());
    let given = given.clone().with(EXPRESSION, &DefaultCelBuilder::skip_certification().to_string());
    let mut response = response(&given);
    let witness = tree.witness(&entry, path).unwrap();
    add_v2_certificate_header(&certificate, &mut response, &witness, &entry.path.to_expr_path());
    Given { headers: response.headers().to_vec(), ..given }
}

fn secret() -> Given {
    Given::new(200, &[("x-kept", "1"), ("x-more", "2")], b"secret")
}

#[test]
fn what_is_certified_is_served_with_the_headers_that_are() {
    let stage = Stage::new();
    stage.set(0, &certified_one(&stage, "/a", secret()));
    let by_query = stage.send("GET", "", &format!("/a?canisterId={}", stage.id), &[]);
    for got in [stage.get("/a"), by_query, stage.get("/a?more")] {
        got.expect(200, b"secret");
        assert_eq!((got.header("x-kept"), got.header("x-more")), (Some("1"), None));
        assert!(got.header(CERTIFICATE).is_some());
    }
    let raw = stage.get_raw("/a");
    raw.expect(200, b"secret");
    assert_eq!((raw.header("x-kept"), raw.header("x-more")), (Some("1"), Some("2")));

    stage.set(0, &certified_one(&stage, "/moved", Given::new(307, &[("x-kept", "1")], b"")));
    stage.get("/moved").expect(307, b"");
}

#[test]
fn what_is_not_certified_is_refused_and_served_raw() {
    let stage = Stage::new();
    let given = certified_one(&stage, "/a", secret());
    let hash = "not found in the tree";
    let lies = [
        (Given { body: b"secrex".to_vec().into(), ..given.clone() }, hash),
        (Given { status_code: 404, ..given.clone() }, hash),
        (Given { status_code: 999, ..given.clone() }, hash),
        (Given { status_code: 99, ..given.clone() }, "99 is no status"),
        (given.clone().change("x-kept", |_| "2".into()), hash),
        (given.clone().with("X-Kept", "2"), hash),
        (given.clone().without("x-kept"), hash),
        (given.clone().without(CERTIFICATE), "Certification values not found"),
        (given.clone().without(EXPRESSION), "Certification values not found"),
        (given.clone().change(EXPRESSION, |of| of.replace("x-kept", "x-kepp")), "hash of the CEL expression"),
        (given.clone().change(EXPRESSION, |_| "no expression".into()), "ERROR"),
        (given.clone().change(CERTIFICATE, |_| "version=2".into()), "Certificate not found"),
        (given.clone().change(CERTIFICATE, |of| of.replace("version=2", "version=3")), "version"),
        (given.clone().change(CERTIFICATE, |of| of.replace("certificate=:2dn3o", "certificate=:2dn3p")), ""),
        (Given::new(200, &[], b"secret"), "Certification values not found"),
    ];
    for (lie, why) in &lies {
        stage.set(0, lie);
        stage.get("/a").refused(if *why == "ERROR" { "" } else { why });
        if lie.status_code >= 200 {
            let raw = stage.get_raw("/a");
            assert_eq!((raw.status, raw.body.as_deref()), (lie.status_code, Ok(&lie.body[..])));
        }
    }
    stage.set(0, &given);
    stage.get("/b").refused("expression path");
    stage.get("/a").expect(200, b"secret");
    // What was certified is no longer.
    stage.certify(&[0; 32]);
    stage.get("/a").expect(200, b"secret");
    let stale = given.change(CERTIFICATE, |of| {
        let (_, tree) = of.split_once(", ").unwrap();
        format!("certificate=:{}:, {tree}", base64(&stage.certificate()))
    });
    stage.set(0, &stale);
    stage.get("/a").refused("");
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

#[test]
fn the_certificate_of_another_canister_or_network_is_refused() {
    let (stage, other) = (Stage::new(), Stage::new());
    stage.set(0, &certified_one(&other, "/a", secret()));
    stage.get("/a").refused("Certificate verification failed");
}

#[test]
fn certificates_age_by_the_networks_clock() {
    let stage = Stage::new();
    let given = certified_one(&stage, "/a", secret());
    stage.set(0, &given);
    stage.pic.advance_time(Duration::from_secs(290));
    stage.get("/a").expect(200, b"secret");
    stage.pic.advance_time(Duration::from_secs(20));
    stage.get("/a").refused("past");
    stage.set(0, &certified_one(&stage, "/a", secret()));
    stage.get("/a").expect(200, b"secret");
}

#[test]
fn what_is_certified_not_to_be_certified_is_served_as_it_is() {
    let stage = Stage::new();
    let given = skipped(&stage, "/a", &secret());
    for (status_code, body) in [(200, &b"secret"[..]), (500, b"changed")] {
        stage.set(0, &Given { status_code, body: body.to_vec().into(), ..given.clone() });
        let got = stage.get("/a");
        got.expect(status_code, body);
        assert_eq!(got.header("x-more"), Some("2"));
        stage.get("/b").refused("expression path");
    }
}

#[test]
fn the_network_vouches_for_update_calls() {
    let stage = Stage::new();
    stage.set(0, &Given { upgrade: Some(true), ..secret() });
    stage.set(2, &secret());
    stage.pic.auto_progress();
    let got = stage.get("/a");
    got.expect(200, b"secret");
    assert_eq!(got.header("x-more"), Some("2"));
}

#[test]
fn methods_and_heads_are_verified_too() {
    let stage = Stage::new();
    let given = certified_one(&stage, "/a", Given::new(405, &[("x-kept", "1")], b""));
    stage.set(0, &given);
    let host = format!("{}.", stage.id);
    for method in ["HEAD", "POST", "BREW"] {
        stage.send(method, &host, "/a", &[]).expect(405, b"");
    }
    stage.set(0, &Given { status_code: 200, ..given });
    let head = stage.send("HEAD", &host, "/a", &[]);
    assert_eq!((head.status, head.header("x-kept")), (503, None));
    stage.send("POST", &host, "/a", &[]).refused("not found in the tree");
}
