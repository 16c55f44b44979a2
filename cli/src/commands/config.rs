//! `darkroom config`: pipelines written as TOML, checked and turned into Candid.

use std::path::Path;

use candid::types::value::{IDLArgs, IDLValue};
use darkroom_api as api;
use darkroom_client::config::{check, to_wire};
use darkroom_core::pipeline::{Config, Plan};

use crate::args;
use crate::commands::print;
use crate::error::{Error, Result};
use crate::toolkit;

pub(super) fn run(command: &args::Config) -> Result<()> {
    match command {
        args::Config::Check { file } => {
            let text = text(file)?;
            let wrong = |error| Error::Usage(format!("{}, {error}", file.display()));
            if crate::settings::is_alone(&text).map_err(wrong)? {
                return print("the table `[cli]` is valid; there are no pipelines");
            }
            let (_, plans) = parse(file, &text)?;
            for plan in &plans {
                print(&describe(plan))?;
            }
            Ok(())
        }
        args::Config::Candid { file } => {
            let (config, _) = read(file)?;
            print(&candid_text(&init_args(&config))?)
        }
    }
}

/// Reads and checks a configuration file.
pub(crate) fn read(path: &Path) -> Result<(Config, Vec<Plan>)> {
    parse(path, &text(path)?)
}

fn text(path: &Path) -> Result<String> {
    let shown = path.display();
    crate::short_file::text(path)
        .map_err(|error| Error::Usage(format!("cannot read the configuration {shown}: {error}")))
}

fn parse(path: &Path, text: &str) -> Result<(Config, Vec<Plan>)> {
    let wrong = |error| Error::Usage(format!("{}, {error}", path.display()));
    crate::settings::check(text).map_err(wrong)?;
    check(text, &toolkit::registry()?).map_err(wrong)
}

/// Arguments that configure these pipelines and leave all else.
pub(crate) fn init_args(config: &Config) -> api::InitArgs {
    api::InitArgs { pipelines: Some(to_wire(config)), ..Default::default() }
}

fn describe(plan: &Plan) -> String {
    let assets: Vec<_> = plan
        .stages()
        .iter()
        .map(|stage| format!("{} ({}, {})", stage.asset, stage.processor.id(), stage.placement.as_str()))
        .collect();
    let lanes = plan.lanes().join(", ");
    format!("pipeline `{}` is valid: lanes {lanes}; original, {}", plan.name(), assets.join(", "))
        .trim_end_matches([',', ' '])
        .to_owned()
}

fn candid_text(args: &api::InitArgs) -> Result<String> {
    let value = IDLValue::try_from_candid_type(&Some(args));
    let value = value.map_err(|error| Error::Local(format!("cannot be written as Candid: {error}")))?;
    Ok(IDLArgs::new(&[value]).to_string())
}
