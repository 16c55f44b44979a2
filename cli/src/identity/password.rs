//! The password of a key: from a variable, a file, or a prompt that shows nothing.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::{interrupt, short_file};

/// The variable that it is taken from.
const VARIABLE: &str = "DARKROOM_IDENTITY_PASSWORD";

/// The password for what `whose` names.
///
/// # Errors
/// For a file that cannot be read, and where there is neither variable nor file nor terminal.
pub(super) fn get(whose: &str, file: Option<&Path>) -> Result<Zeroizing<String>> {
    if let Some(path) = file {
        let text = short_file::text(path).map(Zeroizing::new).map_err(|error| {
            Error::Usage(format!("cannot read the password in {}: {error}", path.display()))
        })?;
        return Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    if let Ok(text) = std::env::var(VARIABLE) {
        return Ok(Zeroizing::new(text));
    }
    ask(&format!("Password of {whose}: ")).map_err(|error| match error {
        Error::Interrupted => error,
        _ => Error::Usage(format!(
            "{whose} has a password, and there is no terminal to ask for it; set {VARIABLE}, or name a file that it is \
             in with --identity-password-file"
        )),
    })
}

/// A terminal that shows what is typed again when this is dropped.
struct Silent<'t>(&'t File, Termios);

impl<'t> Silent<'t> {
    fn new(mut terminal: &'t File, prompt: &str) -> std::io::Result<Silent<'t>> {
        let usual = tcgetattr(terminal)?;
        let mut quiet = usual.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        quiet.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        let silent = Silent(terminal, usual);
        terminal.write_all(prompt.as_bytes())?;
        Ok(silent)
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone away.
        let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1);
    }
}

/// A line from the terminal, which shows nothing of it from before it asks. An interruption is waited for beside it,
/// so that the terminal is as it was afterwards.
fn ask(prompt: &str) -> Result<Zeroizing<String>> {
    let failed = || Error::io("cannot ask for a password");
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(failed())?;
    let runtime = interrupt::runtime()?;
    let asked = runtime.block_on(interrupt::or_interrupted(async {
        let _silent = Silent::new(&terminal, prompt).map_err(failed())?;
        let reader = terminal.try_clone().map_err(failed())?;
        let line = tokio::task::spawn_blocking(move || {
            let mut line = Zeroizing::new(String::new());
            BufReader::new(reader).read_line(&mut line).map(|_| line)
        });
        let line = line.await.map_err(|error| Error::Local(error.to_string()))?.map_err(failed())?;
        Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
    }));
    // Whoever still waits for the line ends with the process.
    runtime.shutdown_background();
    asked
}

/// What to say of one that does not open the key.
pub(super) fn wrong(whose: &str) -> Error {
    Error::Usage(format!("the password of {whose} is wrong, or the key in it is damaged"))
}
