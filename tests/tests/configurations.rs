//! Wrong configurations: an installation, an upgrade and `configure` are refused with the text that `config check` has.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use darkroom_api as api;
use darkroom_client::config;
use darkroom_tests::{Darkroom, network, toolkit};

const GOOD: &str = r#"
[[pipeline]]
name = "photo"
[[pipeline.lane]]
name = "original"
[[pipeline.lane.stage]]
asset = "original"
processor = "original"
[[pipeline.lane]]
name = "derivatives"
[[pipeline.lane.stage]]
asset = "preview"
processor = "preview"
params = { max_edge = 2048 }
[[pipeline.lane.stage]]
asset = "thumbnail"
processor = "thumbnail"
source = "preview"
"#;

/// What is replaced, by what, and the text after `invalid configuration: `; `{known}` stands for the processors.
const MISTAKES: [(&str, &str, &str); 17] = [
    (
        "processor = \"preview\"",
        "processor = \"preveiw\"",
        "pipeline `photo`, lane `derivatives`, stage `preview`, field `processor`: found `preveiw`; allowed: original, {known}",
    ),
    (
        "max_edge = 2048 }",
        "max_edge = 2048 }\nsource = \"thumbnail\"",
        "pipeline `photo`, field `source`: found a cycle through preview, thumbnail; allowed: chains that begin at `original`",
    ),
    (
        "asset = \"thumbnail\"",
        "asset = \"preview\"",
        "pipeline `photo`, lane `derivatives`, stage `preview`, field `asset`: found `preview` twice; allowed: each asset once",
    ),
    (
        "source = \"preview\"",
        "source = \"small\"",
        "pipeline `photo`, lane `derivatives`, stage `thumbnail`, field `source`: found `small`; allowed: original, preview, thumbnail",
    ),
    (
        "max_edge = 2048",
        "max_edge = \"2048\"",
        "pipeline `photo`, lane `derivatives`, stage `preview`, field `params`: found {\"max_edge\":\"2048\"}; allowed: ",
    ),
    (
        "max_edge = 2048",
        "max_edge = 0",
        "pipeline `photo`, lane `derivatives`, stage `preview`, field `params`: found {\"max_edge\":0}; allowed: ",
    ),
    (
        "max_edge = 2048",
        "edge = 2048",
        "pipeline `photo`, lane `derivatives`, stage `preview`, field `params`: found {\"edge\":2048}; allowed: ",
    ),
    (
        "processor = \"thumbnail\"\nsource",
        "processor = \"original\"\nsource",
        "pipeline `photo`, field `stage`: found 2 stages with processor `original`; allowed: exactly one",
    ),
    (
        "asset = \"original\"\nprocessor = \"original\"",
        "asset = \"first\"\nprocessor = \"preview\"",
        "pipeline `photo`, field `stage`: found 0 stages with processor `original`; allowed: exactly one",
    ),
    (
        "processor = \"original\"",
        "processor = \"original\"\nplacement = \"canister\"",
        "pipeline `photo`, lane `original`, stage `original`, field `placement`: found `canister`; allowed: `client` for this processor",
    ),
    (
        "processor = \"original\"",
        "processor = \"original\"\nstorage = \"inline\"",
        "pipeline `photo`, lane `original`, stage `original`, field `storage`: found `inline`; allowed: `chunks` for this processor",
    ),
    (
        "processor = \"original\"",
        "processor = \"original\"\nparams = { quality = 3 }",
        "pipeline `photo`, lane `original`, stage `original`, field `params`: found quality; allowed: none for this processor",
    ),
    (
        "name = \"photo\"",
        "name = \"Photo\"",
        "pipeline `Photo`, field `name`: found the pipeline name `Photo`; allowed: 1 to 64 of a-z, 0-9 and -, starting with a letter",
    ),
    (
        "name = \"derivatives\"",
        "name = \"original\"",
        "pipeline `photo`, field `lane`: found the lane `original` twice; allowed: each lane once",
    ),
    (
        "asset = \"thumbnail\"",
        "asset = \"Thumb\"",
        "pipeline `photo`, lane `derivatives`, stage `Thumb`, field `asset`: found the stage name `Thumb`; allowed: 1 to 64 of a-z, 0-9 and -, starting with a letter",
    ),
    (
        "processor = \"preview\"",
        "processor = \"preview\"\noptional = true",
        "pipeline `photo`, lane `derivatives`, stage `thumbnail`, field `optional`: found `false` with the optional source `preview`; allowed: `true`, or a source that is required",
    ),
    (
        "[[pipeline.lane]]\nname = \"derivatives\"",
        "[[pipeline.lane]]\nname = \"empty\"\n[[pipeline.lane]]\nname = \"derivatives\"",
        "pipeline `photo`, lane `empty`, field `stage`: found none; allowed: at least one stage",
    ),
];

fn args(pipelines: Vec<api::Pipeline>) -> api::InitArgs {
    api::InitArgs { pipelines: Some(pipelines), ..Default::default() }
}

#[test]
fn each_mistake_has_the_same_text_wherever_it_is_found() {
    let darkroom = Darkroom::new();
    let before: Vec<api::Pipeline> = darkroom.query("pipelines", ());
    let known = toolkit().ids().collect::<Vec<_>>().join(", ");
    for (right, wrong, expected) in MISTAKES {
        let text = GOOD.replacen(right, wrong, 1);
        assert_ne!(text, GOOD, "{wrong}");
        let expected = format!("invalid configuration: {}", expected.replace("{known}", &known));
        let checked = config::check(&text, &toolkit()).unwrap_err().message;
        assert!(checked.starts_with(&expected), "{checked}");
        refused(&darkroom, &args(config::to_wire(&config::from_toml(&text).unwrap())), &checked);
    }
    // What TOML cannot say, or not so.
    let good = config::to_wire(&config::from_toml(GOOD).unwrap()).remove(0);
    let mut odd = good.clone();
    odd.lanes[1].stages[0].params = Some("[1]".to_owned());
    refused(&darkroom, &args(vec![odd]), "params of processor `preview`: ");
    refused(
        &darkroom,
        &args(Vec::new()),
        "invalid configuration: pipeline: found 0 pipelines; allowed: 1 to 64",
    );
    let many = (0..65).map(|number| api::Pipeline { name: format!("p{number}"), ..good.clone() }).collect();
    refused(&darkroom, &args(many), "invalid configuration: pipeline: found 65 pipelines; allowed: 1 to 64");
    let twice = "invalid configuration: pipeline: found the name `photo` twice; allowed: each name once";
    refused(&darkroom, &args(vec![good.clone(), good]), twice);
    assert_eq!(
        darkroom.query::<Vec<api::Pipeline>>("pipelines", ()),
        before,
        "nothing of it has changed anything"
    );
}

/// Not installed, not upgraded to, and not taken while it runs, with this text.
fn refused(darkroom: &Darkroom, args: &api::InitArgs, text: &str) {
    let configured: api::Result<()> = darkroom.update("configure", (args,));
    let message = configured.unwrap_err().message;
    assert!(message.starts_with(text), "{message}\n{text}");
    let encoded = candid::encode_one(Some(args)).unwrap();
    let module = darkroom_wasm::CANISTER.to_vec();
    let owner = Some(darkroom.owner);
    let upgraded = darkroom.network.upgrade_canister(darkroom.id, module.clone(), encoded.clone(), owner);
    let reject = upgraded.unwrap_err().reject_message;
    assert!(reject.contains(&message), "{reject}");
    let installed = darkroom.network.reinstall_canister(darkroom.id, module, encoded, owner);
    let reject = installed.unwrap_err().reject_message;
    assert!(reject.contains(&message), "{reject}");
}

#[test]
fn the_good_one_is_taken() {
    let pipelines = config::to_wire(&config::check(GOOD, &toolkit()).unwrap().0);
    let darkroom = Darkroom::on(network(), Some(args(pipelines.clone())));
    assert_eq!(darkroom.query::<Vec<api::Pipeline>>("pipelines", ()), pipelines);
}
