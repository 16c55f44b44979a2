//! Each mistake in a configuration, with the exact text that it gets.

use darkroom_processors::registry;

use super::check;

const GOOD: &str = r#"[[pipeline]]
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
placement = "canister"
storage = "chunks"
"#;

const STAGE: &str = "invalid configuration: pipeline `photo`, lane `derivatives`, stage";

fn known() -> String {
    let registry = registry().unwrap();
    std::iter::once("original").chain(registry.ids()).collect::<Vec<_>>().join(", ")
}

/// The replacement that makes the mistake, line and column, the message, what may have been meant.
type Mistake = (&'static str, &'static str, (usize, usize), String, Option<&'static str>);

fn mistakes() -> Vec<Mistake> {
    let known = known();
    vec![
        (
            "processor = \"preview\"",
            "processor = \"preveiw\"",
            (14, 13),
            format!("{STAGE} `preview`, field `processor`: found `preveiw`; allowed: {known}"),
            Some("preview"),
        ),
        (
            "source = \"preview\"",
            "source = \"prevew\"",
            (19, 10),
            format!(
                "{STAGE} `thumbnail`, field `source`: found `prevew`; allowed: original, preview, thumbnail"
            ),
            Some("preview"),
        ),
        (
            "source = \"preview\"",
            "sauce = \"preview\"",
            (19, 1),
            "unknown field `sauce`, expected one of `asset`, `processor`, `source`, `placement`, `storage`, \
             `optional`, `verify`, `params`"
                .to_owned(),
            Some("source"),
        ),
        (
            "placement = \"canister\"",
            "placement = \"cannister\"",
            (20, 13),
            "unknown variant `cannister`, expected `client` or `canister`".to_owned(),
            Some("canister"),
        ),
        (
            "storage = \"chunks\"",
            "storage = 3",
            (21, 11),
            "wanted string or table".to_owned(),
            None,
        ),
        (
            "max_edge = 2048",
            "max_egde = 2048",
            (15, 12),
            format!(
                "{STAGE} `preview`, field `params`: found {{\"max_egde\":2048}}; allowed: unknown field `max_egde`, \
                 expected one of `max_edge`, `format`, `quality`, `max_bytes`, `progressive`, `trellis`, `chroma`, \
                 `linear`, `sharpen`, `background`"
            ),
            Some("max_edge"),
        ),
        (
            "max_edge = 2048",
            "quality = 80, max_edge = 5",
            (15, 26),
            format!(
                "{STAGE} `preview`, field `params`: found {{\"max_edge\":5,\"quality\":80}}; allowed: max_edge is 5; \
                 16 to 8192 are allowed"
            ),
            None,
        ),
        (
            "max_edge = 2048",
            "max_edge = \"large\"",
            (15, 10),
            format!(
                "{STAGE} `preview`, field `params`: found {{\"max_edge\":\"large\"}}; allowed: invalid type: string \
                 \"large\", expected u32"
            ),
            None,
        ),
        (
            "asset = \"thumbnail\"",
            "asset = \"preview\"",
            (17, 9),
            format!("{STAGE} `preview`, field `asset`: found `preview` twice; allowed: each asset once"),
            None,
        ),
        (
            "asset = \"thumbnail\"",
            "asset = \"Thumb nail\"",
            (17, 9),
            format!(
                "{STAGE} `Thumb nail`, field `asset`: found the stage name `Thumb nail`; allowed: 1 to 64 of a-z, 0-9 \
                 and -, starting with a letter"
            ),
            None,
        ),
        (
            "processor = \"preview\"",
            "processor = \"preview\"\nsource = \"thumbnail\"",
            (1, 1),
            "invalid configuration: pipeline `photo`, field `source`: found a cycle through preview, thumbnail; \
             allowed: chains that begin at `original`"
                .to_owned(),
            None,
        ),
        (
            "asset = \"original\"\nprocessor = \"original\"",
            "asset = \"original\"\nprocessor = \"original\"\nstorage = \"inline\"",
            (9, 11),
            "invalid configuration: pipeline `photo`, lane `original`, stage `original`, field `storage`: found \
             `inline`; allowed: `chunks` for this processor"
                .to_owned(),
            None,
        ),
        (
            "asset = \"original\"\nprocessor = \"original\"",
            "asset = \"original\"\nprocessor = \"original\"\noptional = true",
            (9, 12),
            "invalid configuration: pipeline `photo`, lane `original`, stage `original`, field `optional`: found \
             `true`; allowed: `false` for this processor"
                .to_owned(),
            None,
        ),
        (
            "asset = \"original\"\nprocessor = \"original\"",
            "asset = \"original\"\nprocessor = \"original\"\nverify = \"always\"",
            (9, 10),
            "invalid configuration: pipeline `photo`, lane `original`, stage `original`, field `verify`: found \
             `always`; allowed: `never` for this processor"
                .to_owned(),
            None,
        ),
        (
            "processor = \"preview\"",
            "processor = \"preview\"\noptional = true",
            (17, 1),
            format!(
                "{STAGE} `thumbnail`, field `optional`: found `false` with the optional source `preview`; allowed: \
                 `true`, or a source that is required"
            ),
            None,
        ),
        (
            "placement = \"canister\"",
            "verify = \"allways\"",
            (20, 10),
            "unknown variant `allways`, expected `never` or `always`".to_owned(),
            Some("always"),
        ),
        (
            "asset = \"original\"\nprocessor = \"original\"",
            "asset = \"copy\"\nprocessor = \"original\"",
            (7, 9),
            "invalid configuration: pipeline `photo`, lane `original`, stage `copy`, field `asset`: found `copy`; \
             allowed: `original` for this processor"
                .to_owned(),
            None,
        ),
        (
            "name = \"derivatives\"",
            "name = \"original\"",
            (4, 12),
            "invalid configuration: pipeline `photo`, field `lane`: found the lane `original` twice; allowed: each \
             lane once"
                .to_owned(),
            None,
        ),
    ]
}

#[test]
fn each_mistake_has_its_place_its_text_and_what_was_meant() {
    let registry = registry().unwrap();
    assert_eq!(check(GOOD, &registry).unwrap().1.len(), 1);
    for (right, wrong, (line, column), message, meant) in mistakes() {
        let text = GOOD.replacen(right, wrong, 1);
        assert_ne!(text, GOOD, "{wrong}");
        let error = check(&text, &registry).unwrap_err();
        assert_eq!(error.message, message, "{wrong}");
        let position = error.position.unwrap();
        assert_eq!((position.line, position.column), (line, column), "{wrong}: {position:?}");
        assert_eq!(error.suggestion.as_deref(), meant, "{wrong}");
    }
}

#[test]
fn an_error_shows_its_line() {
    let error = check(&GOOD.replacen("\"preview\"\nparams", "\"preveiw\"\nparams", 1), &registry().unwrap());
    let text = error.unwrap_err().to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("line 14, column 13: invalid configuration: pipeline `photo`"), "{text}");
    assert_eq!(
        lines[1..],
        ["   |", "14 | processor = \"preveiw\"", "   |             ^^^^^^^^^", "did you mean `preview`?",]
    );
    let error = check("[[pipeline", &registry().unwrap()).unwrap_err();
    assert_eq!(error.position.unwrap().line, 1);
    let error = check("", &registry().unwrap()).unwrap_err();
    assert_eq!(error.message, "missing field `pipeline`");
}
