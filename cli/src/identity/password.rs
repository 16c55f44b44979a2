//! The password of a key: from a variable, a file, or a prompt that shows nothing.

use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// The variable that it is taken from.
const VARIABLE: &str = "DARKROOM_IDENTITY_PASSWORD";

/// The password for what `whose` names.
///
/// # Errors
/// For a file that cannot be read, and where there is neither variable nor file nor terminal.
pub(super) fn get(whose: &str, file: Option<&Path>) -> Result<Zeroizing<String>> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
            Error::Usage(format!("cannot read the password in {}: {error}", path.display()))
        })?;
        return Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    if let Ok(text) = std::env::var(VARIABLE) {
        return Ok(Zeroizing::new(text));
    }
    let prompt = format!("Password of {whose}: ");
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| {
        Error::Usage(format!(
            "{whose} has a password, and there is no terminal to ask for it; set {VARIABLE}, or name a file that it is \
             in with --identity-password-file"
        ))
    })
}

/// What to say of one that does not open the key.
pub(super) fn wrong(whose: &str) -> Error {
    Error::Usage(format!("the password of {whose} is wrong, or the key in it is damaged"))
}
