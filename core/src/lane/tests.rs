//! Which stages run together, and what becomes of those that fail.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::*;
use crate::asset::{Derivative, Image};
use crate::cost::Cost;
use crate::decode::DecodeLimits;
use crate::pipeline::{Config, Plan};
use crate::pixels::Size;
use crate::processor::{Descriptor, Params, Processor};
use crate::registry::Registry;
use crate::source::Source;
use crate::source::tests::Fake;

/// A processor that asks for a square of `edge`, costs `cost` instructions unless that is 0, and fails at an edge of
/// 13.
#[derive(Default)]
struct Square;

#[derive(Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct SquareParams {
    edge: u32,
    cost: u64,
}

impl Params for SquareParams {
    fn validate(&self) -> std::result::Result<(), String> {
        Ok(())
    }
}

impl Processor for Square {
    type Params = SquareParams;
    type Output = Image;
    const ID: &'static str = "square";
    const VERSION: u32 = 1;
    const ACCEPTS: &'static [MediaType] = &[MediaType::JPEG];

    fn process(&self, source: &Source<'_>, params: &SquareParams) -> Result<Derivative<Size>> {
        let pixels = source.pixels(Size::new(params.edge, params.edge))?;
        if params.edge == 13 {
            return Err(Error::ProcessorFailed { processor: "square".to_owned(), reason: "13".to_owned() });
        }
        Ok(Derivative { media: MediaType::JPEG, bytes: pixels.data().to_vec(), meta: pixels.size() })
    }

    fn request(&self, _: Size, params: &SquareParams) -> Option<Size> {
        Some(Size::new(params.edge, params.edge))
    }

    fn cost(&self, _: Size, decoded: Size, params: &SquareParams) -> Option<Cost> {
        (params.cost > 0).then_some(Cost { instructions: params.cost, memory: decoded.area() })
    }
}

static SQUARE: Descriptor = Descriptor::of::<Square>();

/// Stages named `a`, `b` and so on, of the given edges and costs, and `last`, which is made of `a`.
fn plan(stages: &[(u32, u64)]) -> Plan {
    let stage = |name: String, source: &str, (edge, cost): (u32, u64)| json!({ "asset": name, "processor": "square", "source": source, "params": { "edge": edge, "cost": cost } });
    let mut all = vec![json!({ "asset": "original", "processor": "original" })];
    let names = ('a'..).map(String::from);
    all.extend(stages.iter().zip(names).map(|(params, name)| stage(name, "original", *params)));
    all.push(stage("last".to_owned(), "a", (4, 1)));
    let config = json!({ "pipeline": [{ "name": "p", "lane": [{ "name": "l", "stage": all }] }] });
    let config: Config = serde_json::from_value(config).unwrap();
    config.validate(&Registry::new(&[&SQUARE]).unwrap()).unwrap().remove(0)
}

#[derive(Default)]
struct Bench {
    made: Vec<(String, Digest)>,
    failed: Vec<(String, Error)>,
}

impl Workbench for Bench {
    fn source(&self, asset: &AssetName) -> Result<Option<Stored>> {
        let bytes = if asset.as_str() == "original" { vec![80, 60, 9] } else { vec![8, 8, 9] };
        Ok(Some(Stored { bytes, media: MediaType::JPEG, sha256: Digest([5; 32]) }))
    }

    fn keep(&mut self, stage: &PlannedStage, made: Made) -> Result<()> {
        self.made.push((stage.asset.to_string(), made.source));
        Ok(())
    }

    fn fail(&mut self, stage: &PlannedStage, error: Error) -> Result<()> {
        self.failed.push((stage.asset.to_string(), error));
        Ok(())
    }
}

/// The assets that each advance made, what failed, and how often a source was decoded.
fn run(plan: &Plan, budget: Option<Cost>) -> (Vec<Vec<String>>, Vec<(String, Error)>, u32) {
    let fake = Fake::default();
    let derive = Derive { plan, placement: None, decoder: &fake, limits: DecodeLimits::default(), budget };
    let mut bench = Bench::default();
    let mut progress = Progress::new([AssetName::original()]);
    let mut advances = Vec::new();
    while let Step::Pending(next) = derive.advance(progress, &mut bench).unwrap() {
        progress = next;
        let made = bench.made.drain(..).map(|(asset, source)| {
            assert_eq!(source, Digest([5; 32]), "the stored digest is taken");
            asset
        });
        advances.push(made.collect());
    }
    (advances, bench.failed, fake.decodes.load(Ordering::Relaxed))
}

fn budget(instructions: u64, memory: u64) -> Option<Cost> {
    Some(Cost { instructions, memory })
}

#[test]
fn without_a_budget_all_of_one_source_share_a_decode() {
    let (advances, failed, decodes) = run(&plan(&[(10, 50), (20, 0), (30, 50)]), None);
    assert_eq!(advances, [vec!["a", "b", "c"], vec!["last"]]);
    assert_eq!((failed.len(), decodes), (0, 2));
}

#[test]
fn what_fits_the_budget_goes_together() {
    let plan = plan(&[(10, 50), (10, 60), (10, 50)]);
    // Decoding takes 100.
    let (advances, failed, decodes) = run(&plan, budget(200, 1000));
    assert_eq!(advances, [vec!["a", "c"], vec!["b"], vec!["last"]]);
    assert_eq!((failed.len(), decodes), (0, 3));
    let (advances, ..) = run(&plan, budget(260, 1000));
    assert_eq!(advances, [vec!["a", "b", "c"], vec!["last"]]);
}

#[test]
fn memory_counts_what_stays_decoded() {
    let plan = plan(&[(10, 1), (20, 1)]);
    // The first alone: 100 kept and 100 beside it. Both: 500 kept and 400 beside it.
    let (advances, ..) = run(&plan, budget(1000, 899));
    assert_eq!(advances, [vec!["a"], vec!["b"], vec!["last"]]);
    let (advances, ..) = run(&plan, budget(1000, 900));
    assert_eq!(advances, [vec!["a", "b"], vec!["last"]]);
}

#[test]
fn a_stage_that_cannot_tell_runs_alone() {
    let (advances, failed, _) = run(&plan(&[(10, 0), (20, 1), (30, 0), (40, 1)]), budget(200, 10_000));
    assert_eq!(advances, [vec!["a"], vec!["b", "d"], vec!["c"], vec!["last"]]);
    assert!(failed.is_empty());
}

#[test]
fn a_stage_that_cannot_fit_fails_before_it_begins() {
    let (advances, failed, decodes) = run(&plan(&[(10, 1), (20, 901)]), budget(1000, 10_000));
    assert_eq!(advances, [vec!["a"], vec![], vec!["last"]]);
    let expected = Error::TooCostly { what: "instructions", found: 1001, allowed: 1000 };
    assert_eq!(failed, [("b".to_owned(), expected)]);
    assert_eq!(decodes, 2);
}

#[test]
fn a_failed_stage_leaves_the_others_standing() {
    let (advances, failed, _) = run(&plan(&[(10, 1), (13, 1), (20, 1)]), budget(1000, 10_000));
    assert_eq!(advances, [vec!["a", "c"], vec!["last"]]);
    assert!(matches!(&failed[..], [(asset, Error::ProcessorFailed { .. })] if asset == "b"));
    // What is made of it is never ready.
    let (advances, failed, _) = run(&plan(&[(13, 1)]), None);
    assert_eq!((advances, failed.len()), (vec![Vec::<String>::new()], 1));
}
