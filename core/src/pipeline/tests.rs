//! What a configuration may and may not say.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::asset::{Derivative, Image};
use crate::media::MediaType;
use crate::pixels::Size;
use crate::processor::{Descriptor, Params, Processor};
use crate::source::Source;

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct SizeParams {
    width: u32,
}

impl Default for SizeParams {
    fn default() -> Self {
        SizeParams { width: 320 }
    }
}

impl Params for SizeParams {
    fn validate(&self) -> Result<(), String> {
        match self.width {
            1..=4096 => Ok(()),
            other => Err(format!("width is {other}; 1 to 4096 are allowed")),
        }
    }
}

macro_rules! processor {
    ($type:ident, $id:literal, $static:ident) => {
        #[derive(Default)]
        struct $type;
        impl Processor for $type {
            type Params = SizeParams;
            type Output = Image;
            const ID: &'static str = $id;
            const VERSION: u32 = 1;
            const ACCEPTS: &'static [MediaType] = &[MediaType::JPEG];
            fn process(&self, source: &Source<'_>, _: &SizeParams) -> Result<Derivative<Size>> {
                Ok(Derivative {
                    media: MediaType::JPEG,
                    bytes: source.bytes().to_vec(),
                    meta: Size::new(1, 1),
                })
            }
        }
        static $static: Descriptor = Descriptor::of::<$type>();
    };
}

processor!(Preview, "preview", PREVIEW);
processor!(Thumbnail, "thumbnail", THUMBNAIL);
processor!(Other, "thumbnail", OTHER);

fn registry() -> Registry {
    Registry::new(&[&THUMBNAIL, &PREVIEW]).unwrap()
}

fn config(derivatives: serde_json::Value) -> Config {
    let original = json!({ "name": "original", "stage": [{ "asset": "original", "processor": "original" }] });
    let lanes = json!([original, { "name": "derivatives", "stage": derivatives }]);
    serde_json::from_value(json!({ "pipeline": [{ "name": "photo", "lane": lanes }] })).unwrap()
}

#[test]
fn the_registry_is_sorted_merged_and_free_of_duplicates() {
    assert_eq!(registry().ids().collect::<Vec<_>>(), ["preview", "thumbnail"]);
    assert_eq!(Registry::new(&[&PREVIEW, &PREVIEW]).unwrap().ids().count(), 1);
    let error = Registry::new(&[&THUMBNAIL, &OTHER]).unwrap_err();
    assert_eq!(error.code(), "duplicate_processor");
    let error = registry().get("watermark").unwrap_err();
    assert_eq!(error.to_string(), "unknown processor `watermark`; registered: preview, thumbnail");
}

#[test]
fn a_plan_puts_sources_first() {
    let config = config(json!([
        { "asset": "icon", "processor": "thumbnail", "source": "small", "placement": "canister" },
        { "asset": "small", "processor": "thumbnail", "source": "preview" },
        { "asset": "preview", "processor": "preview" },
    ]));
    let plans = config.validate(&registry()).unwrap();
    let [plan] = plans.as_slice() else { panic!("one plan") };
    assert_eq!(plan.assets().collect::<Vec<_>>(), ["original", "preview", "small", "icon"]);
    assert_eq!(plan.stages()[0].source.as_str(), "original");
    assert_eq!(plan.stages()[0].canonical_params, r#"{"width":320}"#);
    assert_eq!(plan.stages()[2].placement, Placement::Canister);
    assert_eq!(plan.original_lane(), 0);
}

#[test]
fn each_wrong_configuration_is_named() {
    let cases = [
        (
            json!([{ "asset": "a", "processor": "watermark" }]),
            "pipeline `photo`, lane `derivatives`, stage `a`, field `processor`: found `watermark`; \
             allowed: original, preview, thumbnail",
        ),
        (
            json!([{ "asset": "a", "processor": "preview", "source": "b" }]),
            "pipeline `photo`, lane `derivatives`, stage `a`, field `source`: found `b`; allowed: original, a",
        ),
        (
            json!([
                { "asset": "a", "processor": "preview", "source": "b" },
                { "asset": "b", "processor": "preview", "source": "a" },
            ]),
            "pipeline `photo`, field `source`: found a cycle through a, b; \
             allowed: chains that begin at `original`",
        ),
        (
            json!([{ "asset": "original", "processor": "preview" }]),
            "pipeline `photo`, lane `derivatives`, stage `original`, field `asset`: found `original` twice; \
             allowed: each asset once",
        ),
        (
            json!([{ "asset": "A!", "processor": "preview" }]),
            "pipeline `photo`, lane `derivatives`, stage `A!`, field `asset`: found the stage name `A!`; \
             allowed: 1 to 64 of a-z, 0-9 and -, starting with a letter",
        ),
        (
            json!([{ "asset": "a", "processor": "preview", "params": { "widht": 3 } }]),
            "pipeline `photo`, lane `derivatives`, stage `a`, field `params`: found {\"widht\":3}; \
             allowed: unknown field `widht`, expected `width`",
        ),
        (
            json!([{ "asset": "a", "processor": "preview", "params": { "width": 0 } }]),
            "pipeline `photo`, lane `derivatives`, stage `a`, field `params`: found {\"width\":0}; \
             allowed: width is 0; 1 to 4096 are allowed",
        ),
        (
            json!([{ "asset": "a", "processor": "original" }]),
            "pipeline `photo`, field `stage`: found 2 stages with processor `original`; allowed: exactly one",
        ),
        (
            json!([]),
            "pipeline `photo`, lane `derivatives`, field `stage`: found none; allowed: at least one stage",
        ),
    ];
    for (stages, message) in cases {
        let error = config(stages).validate(&registry()).unwrap_err();
        assert_eq!(error.to_string(), format!("invalid configuration: {message}"));
    }
    let mut twice = config(json!([{ "asset": "a", "processor": "preview" }]));
    twice.pipelines.push(twice.pipelines[0].clone());
    assert_eq!(
        twice.validate(&registry()).unwrap_err().to_string(),
        "invalid configuration: pipeline: found the name `photo` twice; allowed: each name once"
    );
    assert!(Config { pipelines: vec![] }.validate(&registry()).is_err());
}

#[test]
fn unknown_fields_are_refused() {
    let stage = json!({ "asset": "a", "processor": "b", "placment": "client" });
    let error = serde_json::from_value::<Stage>(stage).unwrap_err().to_string();
    assert!(error.contains("unknown field `placment`") && error.contains("`placement`"), "{error}");
}
