//! `darkroom new-processor`: the crate of a new processor.

use crate::commands::print;
use crate::error::{Error, Result};

pub(super) fn run(name: &str) -> Result<()> {
    let folder =
        std::env::current_dir().map_err(|error| Error::Local(format!("no current folder: {error}")))?;
    let written = darkroom_template::new_processor(name, &folder);
    for path in written.map_err(|error| Error::Usage(error.to_string()))? {
        print(&path)?;
    }
    print(&format!(
        "\nNext: cargo test -p darkroom-{name}. Then change src/params.rs and src/render.rs in processors/{name}, and write \
         the goldens anew with UPDATE_GOLDENS=1; docs/adding-a-processor.md goes on from there."
    ))
}
