//! `darkroom processors`: what the canister can make.

use darkroom_api as api;

use crate::args::{Processors, Target};
use crate::commands::{json, print};
use crate::connection::{Connection, Need, with_canister};
use crate::error::Result;
use crate::text;

pub(super) fn run(target: &Target, args: &Processors) -> Result<()> {
    with_canister(target, Need::Deployed(Box::default()), async |connection: &Connection| {
        let processors = connection.darkroom.processors().await?;
        if args.json {
            return processors.iter().try_for_each(|processor| print(&json(processor)?));
        }
        let row = |processor: &api::ProcessorInfo| {
            let accepts = processor.accepts.join(" ");
            [processor.id.clone(), processor.version.to_string(), processor.kind.clone(), accepts]
        };
        let rows = processors.iter().map(row).collect();
        print(&text::table(["PROCESSOR", "VERSION", "MAKES", "ACCEPTS"], rows, &[1]))
    })
}
