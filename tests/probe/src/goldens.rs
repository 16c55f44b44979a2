//! The codec and the processors on wasm32: what they make of the inputs of their golden tables.

use std::cell::RefCell;
use std::ptr;
use std::rc::Rc;

use darkroom_codec::testing;
use darkroom_core::Digest;
use darkroom_core::testing::{Input, Kit, Suite};

pub(crate) const SUITES: [&Suite; 6] = [
    &darkroom_placeholder::conformance::SUITE,
    &darkroom_preview::conformance::SUITE,
    &darkroom_thumbnail::conformance::SUITE,
    &darkroom_dominant_colors::conformance::SUITE,
    &darkroom_metadata::conformance::SUITE,
    &darkroom_watermark::conformance::SUITE,
];

/// The inputs of a kit.
type Made = (&'static Kit, Rc<[Input]>);

thread_local! {
    /// Of the kit that was used last: making them takes longer than most of what is made of them.
    static INPUTS: RefCell<Option<Made>> = const { RefCell::new(None) };
}

/// Every fixture's size and pixels, at full size and at a quarter, as lines of `codec/tests/goldens.txt`.
#[ic_cdk::update]
fn decoded() -> Result<String, String> {
    let line = |golden: testing::Golden| {
        let (name, size) = (golden.name, golden.size);
        format!("{name}\t{}x{}\t{}\t{}\n", size.width, size.height, golden.full, golden.quarter)
    };
    let goldens = testing::goldens().map_err(|error| error.to_string())?;
    Ok(goldens.into_iter().map(line).collect())
}

/// What a suite's processor makes of all inputs with one of its params, as lines of its golden file.
#[ic_cdk::update]
fn outputs(suite: u32, params: u32) -> Result<Vec<String>, String> {
    let suite = SUITES.get(suite as usize).ok_or("there is no such suite")?;
    let params = suite.params.get(params as usize).ok_or("there are no such params")?;
    let inputs = inputs(suite.kit);
    let lines = inputs.iter().map(|input| {
        let output = suite.run(&input.media, &input.bytes, params);
        let output = output.map_err(|error| format!("{} {params}: {error}", input.name))?;
        Ok(format!("{} {} {params}", Digest::of(&output.bytes), input.name))
    });
    lines.collect()
}

fn inputs(kit: &'static Kit) -> Rc<[Input]> {
    INPUTS.with_borrow_mut(|last| match last {
        Some((of, inputs)) if ptr::eq(*of, kit) => inputs.clone(),
        _ => last.insert((kit, (kit.inputs)().into())).1.clone(),
    })
}

/// How many results of the division by alpha were held against the formula, or the first that is wrong.
#[ic_cdk::update]
fn division() -> Result<u32, String> {
    darkroom_codec::alpha::check_division()
}
