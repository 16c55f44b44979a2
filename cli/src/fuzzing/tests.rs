//! The seeds of the targets, run as the targets run them.

use darkroom_api as api;
use darkroom_core::testing::{over_seeds, write_seed};

use super::*;

#[test]
fn files_of_projects() {
    over_seeds("config", config);
}

#[test]
fn identities() {
    over_seeds("pem", identity);
}

#[test]
fn answers() {
    over_seeds("gateway", answer);
}

#[test]
#[ignore = "writes the seeds: run by hand"]
fn write_seeds() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(here.join("tests/fixtures/identities")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let head = match &name[..] {
            "README.md" | "dfx-identity.pem.encrypted" => continue,
            "dfx-identity.json" => 1,
            _ => 0,
        };
        write_seed("pem", &name, &[head], &std::fs::read(entry.path()).unwrap());
    }
    write_seed("pem", "dfx-selected", &[1], br#"{"default":"anonymous"}"#);
    let list = br#"{"v":1,"identities":{"a":{"kind":"pem","format":"pbes2"},"b":{"kind":"keyring"}}}"#;
    write_seed("pem", "icp-list", &[2], list);
    write_seed("pem", "icp-default", &[2], br#"{"v":1,"default":"anonymous"}"#);

    let root = here.parent().unwrap();
    let toml = "[cli]\nnetwork = \"ic\"\njobs = 4\nretry-for = \"5m\"\n";
    write_seed("config", "settings", &[0], toml.as_bytes());
    let pipelines = r#"[[pipeline]]
name = "photo"
[[pipeline.lane]]
name = "all"
stage = [
  { asset = "original", processor = "original" },
  { asset = "preview", processor = "preview", placement = "canister", params = { max_edge = 2048 } },
  { asset = "thumbnail", processor = "thumbnail", source = "preview", optional = true, verify = "always" },
  { asset = "placeholder", processor = "placeholder", storage = "inline", params = { kind = "blurhash" } },
]
"#;
    write_seed("config", "pipelines", &[0], pipelines.as_bytes());
    write_seed("config", "mistake", &[0], pipelines.replace("source", "sauce").as_bytes());
    write_seed("config", "unknown-param", &[0], pipelines.replace("max_edge", "max_egde").as_bytes());
    write_seed("config", "icp", &[1], &std::fs::read(root.join("icp.yaml")).unwrap());
    let yaml = "canisters:\n  - name: a\n  - canisters/*\n  - b\nnetworks:\n  - name: n\n    mode: connected\n    url: \
                https://a.b\n    root-key: '00'\n  - name: m\n    mode: managed\n    gateway: { port: 0 }\n\
                environments:\n  - name: e\n    network: &x n\n  - { name: f, network: *x }\n";
    write_seed("config", "icp-networks", &[1], yaml.as_bytes());
    write_seed("config", "dfx", &[2], &std::fs::read(root.join("dfx.json")).unwrap());
    let json = br#"{"canisters":{"a":{"remote":{"id":{"ic":"ryjl3-tyaaa-aaaaa-aaaba-cai"}}}},"networks":{"n":{"providers":
        ["https://a.b"],"type":"ephemeral"},"local":{"bind":"127.0.0.1:1"}}}"#;
    write_seed("config", "dfx-networks", &[2], json);
    let ids = br#"{"a":{"local":"ryjl3-tyaaa-aaaaa-aaaba-cai","__default":"aaaaa-aa"},"b":"aaaaa-aa"}"#;
    write_seed("config", "ids", &[3], ids);

    let answer = |status_code, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = b"bytes".to_vec().into();
        candid::encode_one(api::HttpResponse { status_code, headers, body, upgrade: None }).unwrap()
    };
    // A tree that is pruned, in a certificate of it and nothing else.
    let pruned = "2dn3omlwcnVuZWSCBFggAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let expression = "default_certification(ValidationArgs{certification:Certification{no_request_certification:Empty{},\
                      response_certification:ResponseCertification{certified_response_headers:ResponseHeaderList{headers:[\
                      \"content-type\"]}}}})";
    let certificate = format!(
        "certificate=:{pruned}:, tree=:2dn3gwGBBA==:, expr_path=:2dn3g2lodHRwX2V4cHJmaXRlbWM8JD4=:, version=2"
    );
    let headers = [("IC-Certificate", &certificate[..]), ("IC-CertificateExpression", expression)];
    write_seed("gateway", "whole", &[], &answer(200, &headers));
    let headers = [("Content-Range", "bytes 0-4/20"), headers[0], headers[1]];
    write_seed("gateway", "part", &[], &answer(206, &headers));
    write_seed(
        "gateway",
        "missing",
        &[],
        &answer(404, &[("IC-Certificate", "certificate=::, tree=::, version=2")]),
    );
}
