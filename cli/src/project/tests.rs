//! Files of icp and dfx as they are read and written.

use super::*;

const A: &str = "rwlgt-iiaaa-aaaaa-aaaaa-cai";
const B: &str = "rrkah-fqaaa-aaaaa-aaaaq-cai";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.0.path().join(name)).unwrap()).unwrap()
    }

    fn project(&self) -> Project {
        Project::of(self.0.path(), None).unwrap()
    }

    fn error(&self) -> String {
        Project::of(self.0.path(), None).unwrap_err().to_string()
    }
}

fn place<'p>(project: &'p Project, tool: Tool, name: &str) -> &'p Place {
    project.places.iter().find(|place| place.tool == tool && place.name == name).unwrap()
}

fn url(project: &Project, tool: Tool, name: &str) -> String {
    place(project, tool, name).url.as_ref().unwrap().to_string()
}

const ICP: &str = "
canisters:
  - name: darkroom
    build: { steps: [] }
  - pages
  - other/*
networks:
  - name: dark
    mode: connected
    url: http://127.0.0.1:8088
    root-key: fetch
  - name: pinned
    mode: connected
    api-url: https://net.example
    http-gateway-url: https://gateway.example
    root-key: 0a0b
  - name: run
    mode: managed
    gateway: { port: 4999 }
environments:
  - name: staging
    network: dark
  - name: production
    network: ic
    canisters: [darkroom]
  - name: dev
    network: run
";

#[test]
fn icp_yaml_tells_networks_environments_and_canisters() {
    let folder = Folder::new(&[("icp.yaml", ICP), ("pages/canister.yaml", "name: pages\n")]);
    let project = folder.project();
    assert_eq!(url(&project, Tool::Icp, "local"), "http://127.0.0.1:8000/");
    assert_eq!(url(&project, Tool::Icp, "ic"), "https://icp-api.io/");
    assert_eq!(url(&project, Tool::Icp, "staging"), "http://127.0.0.1:8088/");
    assert_eq!(url(&project, Tool::Icp, "production"), "https://icp-api.io/");
    assert_eq!(url(&project, Tool::Icp, "dev"), "http://127.0.0.1:4999/");
    let pinned = place(&project, Tool::Icp, "pinned");
    assert_eq!((pinned.ids(), &pinned.root_key), (None, &RootKey::Known(vec![10, 11])));
    let ids =
        |name: &str| place(&project, Tool::Icp, name).ids().unwrap().strip_prefix(folder.0.path()).unwrap();
    assert_eq!(ids("staging"), Path::new(".icp/data/mappings/staging.ids.json"));
    assert_eq!(ids("dev"), Path::new(".icp/cache/mappings/dev.ids.json"));
    assert_eq!(project.darkroom(Tool::Icp), Some("darkroom"));
    assert!(project.declares(Tool::Icp, "pages") && !project.declares(Tool::Dfx, "pages"));
}

#[test]
fn ids_of_icp_are_read_and_written_one_by_one() {
    let ids = format!("{{\"other\": \"{B}\"}}");
    let folder = Folder::new(&[
        ("icp.yaml", "canisters: [{name: darkroom}]\n"),
        (".icp/data/mappings/ic.ids.json", &ids),
    ]);
    let project = folder.project();
    let ic = place(&project, Tool::Icp, "ic");
    assert_eq!(ic.canisters().unwrap()["other"].to_text(), B);
    ic.set_canister("darkroom", Principal::from_text(A).unwrap()).unwrap();
    let expected = serde_json::json!({ "other": B, "darkroom": A });
    assert_eq!(folder.read(".icp/data/mappings/ic.ids.json"), expected);
    place(&project, Tool::Icp, "local").set_canister("darkroom", Principal::from_text(A).unwrap()).unwrap();
    assert_eq!(folder.read(".icp/cache/mappings/local.ids.json"), serde_json::json!({ "darkroom": A }));
}

#[test]
fn the_port_of_a_network_that_icp_runs_is_where_it_tells_it() {
    let yaml = "networks: [{name: any, mode: managed, gateway: {port: 0}}]\n";
    let folder = Folder::new(&[("icp.yaml", yaml)]);
    assert_eq!(place(&folder.project(), Tool::Icp, "any").url, None);
    folder.write(
        ".icp/cache/networks/any/descriptor.json",
        "{\"gateway\": {\"fixed\": false, \"port\": 5123}}",
    );
    assert_eq!(url(&folder.project(), Tool::Icp, "any"), "http://127.0.0.1:5123/");
}

const DFX: &str = r#"{
  "canisters": {
    "backend": { "type": "rust", "remote": { "id": { "ic": "rrkah-fqaaa-aaaaa-aaaaq-cai" } } },
    "frontend": { "type": "assets" }
  },
  "networks": {
    "local": { "bind": "127.0.0.1:8088", "type": "ephemeral" },
    "far": { "providers": ["https://net.example"] },
    "short": { "providers": ["http://127.0.0.1:5000"], "type": "ephemeral" }
  }
}"#;

#[test]
fn dfx_json_tells_networks_and_ids() {
    let ids =
        format!("{{\"frontend\": {{\"far\": \"{A}\", \"ic\": \"{A}\"}}, \"backend\": {{\"ic\": \"{A}\"}}}}");
    let folder = Folder::new(&[("dfx.json", DFX), ("canister_ids.json", &ids)]);
    let project = folder.project();
    assert_eq!(url(&project, Tool::Dfx, "local"), "http://127.0.0.1:8088/");
    assert_eq!(url(&project, Tool::Dfx, "far"), "https://net.example/");
    assert_eq!(place(&project, Tool::Dfx, "far").root_key, RootKey::Mainnet);
    let ic = place(&project, Tool::Dfx, "ic").canisters().unwrap();
    assert_eq!(ic["frontend"].to_text(), A);
    assert_eq!(ic["backend"].to_text(), B, "`remote` counts before the file of ids, as in dfx");
    let far = place(&project, Tool::Dfx, "far").canisters().unwrap();
    assert_eq!(far.into_keys().collect::<Vec<_>>(), ["frontend"]);
    assert_eq!(project.darkroom(Tool::Dfx), None, "which of two is not told");
    place(&project, Tool::Dfx, "short").set_canister("frontend", Principal::from_text(B).unwrap()).unwrap();
    let written = folder.read(".dfx/short/canister_ids.json");
    assert_eq!(written, serde_json::json!({ "frontend": { "short": B } }));
    let alone = Folder::new(&[("dfx.json", "{\"canisters\": {\"photos\": {}}}")]).project();
    assert_eq!(url(&alone, Tool::Dfx, "local"), "http://127.0.0.1:4943/");
    assert_eq!(alone.darkroom(Tool::Dfx), Some("photos"));
}

#[test]
fn files_are_found_in_parents() {
    let folder = Folder::new(&[("icp.yaml", "{}"), ("dfx.json", "{}"), ("a/b/c.txt", "")]);
    let project = Project::of(&folder.0.path().join("a/b"), None).unwrap();
    assert_eq!(project.files.len(), 2);
    assert!(!Folder::new(&[]).project().is_there());
}

#[test]
fn files_that_cannot_be_read_are_named() {
    assert!(Folder::new(&[("icp.yaml", "networks: [{mode: 1")]).error().contains("icp.yaml cannot be read"));
    assert!(Folder::new(&[("dfx.json", "{")]).error().contains("dfx.json cannot be read"));
    let missing = "environments: [{name: a, network: lokal}]\n";
    assert!(Folder::new(&[("icp.yaml", missing)]).error().contains("did you mean `local`?"));
    let folder = Folder::new(&[("dfx.json", "{}"), ("canister_ids.json", "{\"a\": {\"ic\": \"no\"}}")]);
    let project = folder.project();
    let error = place(&project, Tool::Dfx, "ic").canisters().unwrap_err().to_string();
    assert!(error.contains("canister_ids.json") && error.contains("not a canister id"), "{error}");
}

#[test]
fn names_of_this_machine_are_one_site() {
    let same = |one: &str, other: &str| same_site(&Url::parse(one).unwrap(), &Url::parse(other).unwrap());
    assert!(same("http://127.0.0.1:8088", "http://localhost:8088/"));
    assert!(same("https://net.example", "https://net.example:443/x"));
    assert!(!same("http://127.0.0.1:8088", "http://127.0.0.1:8089"));
    assert!(!same("https://net.example", "https://other.example"));
}

/// What a project names is read to its end: that must be near.
#[test]
fn a_file_that_never_ends_is_not_read() {
    let folder = Folder::new(&[("icp.yaml", "canisters:\n  - /dev/zero\n")]);
    assert!(folder.error().contains("/dev/zero cannot be read: it is not a file"), "{}", folder.error());
    let folder = Folder::new(&[("icp.yaml", "canisters:\n  - long.yaml\n")]);
    folder.write("long.yaml", &"#".repeat(4 << 20));
    assert!(!folder.error().contains("more than"), "{}", folder.error());
    folder.write("long.yaml", &"#".repeat((4 << 20) + 1));
    assert!(folder.error().contains("it has more than 4194304 bytes"), "{}", folder.error());
}
