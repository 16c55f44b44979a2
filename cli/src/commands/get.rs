//! `darkroom get`: an asset's bytes, to a file or to standard output.

use std::io::{IsTerminal, Write};
use std::path::Path;

use crate::args::{Get, Target};
use crate::connection::{Connection, Need, with_canister};
use crate::error::{Error, Result};
use crate::text;

pub(super) fn run(target: &Target, args: &Get) -> Result<()> {
    if args.output.is_none() && std::io::stdout().is_terminal() {
        let text = "an asset is not text for a terminal; name a file with -o FILE, or pipe it";
        return Err(Error::Usage(text.to_owned()));
    }
    with_canister(target, Need::Canister, async |connection: &Connection| match &args.output {
        Some(path) => to_file(connection, args, path).await,
        None => to_stdout(connection, args).await,
    })
}

/// Writes beside the file and puts it in its place when the SHA-256 is right: never half a file.
async fn to_file(connection: &Connection, args: &Get, path: &Path) -> Result<()> {
    let what = || format!("cannot write {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if path.is_dir() {
        return Err(Error::Usage(format!("{} is a folder; name a file", path.display())));
    }
    let file = tempfile::NamedTempFile::new_in(folder).map_err(Error::io(what()))?;
    let sink = |bytes: &[u8]| file.as_file().write_all(bytes);
    let asset = connection.darkroom.get_into(&args.item, &args.asset, sink).await?;
    open_to_others(file.as_file()).map_err(Error::io(what()))?;
    file.persist(path).map_err(|error| Error::io(what())(error.error))?;
    eprintln!("{}: {}, SHA-256 {} verified", path.display(), text::bytes(asset.bytes), asset.sha256);
    Ok(())
}

/// Temporary files are private; a fetched one has the usual mode.
fn open_to_others(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(mask);
    file.set_permissions(std::fs::Permissions::from_mode(0o666 & !mask.bits()))
}

async fn to_stdout(connection: &Connection, args: &Get) -> Result<()> {
    let sink = |bytes: &[u8]| std::io::stdout().lock().write_all(bytes);
    connection.darkroom.get_into(&args.item, &args.asset, sink).await?;
    std::io::stdout().flush().map_err(Error::io("cannot write to standard output"))
}
