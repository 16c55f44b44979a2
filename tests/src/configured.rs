//! Pipelines whose stages run on the canister, as a suite writes them.

use darkroom_api as api;

/// A stage on the canister; one without a source is the original's, which has neither placement nor params.
pub fn stage(asset: &str, processor: &str, source: &str, params: &str) -> api::Stage {
    api::Stage {
        asset: asset.to_owned(),
        processor: processor.to_owned(),
        source: (!source.is_empty()).then(|| source.to_owned()),
        placement: (!source.is_empty()).then_some(api::Placement::Canister),
        storage: None,
        optional: None,
        verify: None,
        params: (!params.is_empty()).then(|| params.to_owned()),
    }
}

/// The original and these stages, in one lane.
pub fn pipeline(name: &str, stages: Vec<api::Stage>) -> api::Pipeline {
    let original = stage("original", "original", "", "");
    let lane = api::Lane { name: "all".to_owned(), stages: [vec![original], stages].concat() };
    api::Pipeline { name: name.to_owned(), lanes: vec![lane] }
}
