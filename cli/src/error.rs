//! Errors as people read them, and the exit codes that scripts read.

use darkroom_client::ErrorKind;

/// What goes wrong on the command line.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Some of several files failed, or one file did.
pub(crate) const FAILED: u8 = 1;
/// The command cannot be carried out as it was given.
pub(crate) const USAGE: u8 = 2;
/// The network cannot be used.
pub(crate) const NETWORK: u8 = 3;
/// The canister or the network said no.
pub(crate) const REFUSED: u8 = 4;
/// Stopped by a signal, as shells count it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command ends without success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Each failure has been reported already.
    #[error("some files failed")]
    Reported,
    /// Every file failed in the same way; each has been reported already.
    #[error("all files failed")]
    Files {
        /// The exit code of that.
        code: u8,
    },
    /// The arguments, or files that they name.
    #[error("{0}")]
    Usage(String),
    /// Something on this machine.
    #[error("{0}")]
    Local(String),
    /// A file or directory.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The network.
    #[error("{0}")]
    Network(String),
    /// A definite no.
    #[error("{0}")]
    Refused(String),
    /// The embedded network.
    #[error("{0}")]
    Localnet(#[from] darkroom_localnet::Error),
    /// What the client library reports.
    #[error("{}", client_text(.0))]
    Client(#[from] darkroom_client::Error),
    /// Ctrl-C or a request to end.
    #[error("interrupted; the same command again goes on from here")]
    Interrupted,
}

impl Error {
    /// For `map_err` on input and output.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }

    /// What to say, if it has not been said.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Error::Reported | Error::Files { .. } => None,
            error => Some(error.to_string()),
        }
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Error::Reported | Error::Local(_) | Error::Io { .. } => FAILED,
            Error::Files { code } => *code,
            Error::Usage(_) => USAGE,
            Error::Network(_) | Error::Localnet(_) => NETWORK,
            Error::Refused(_) => REFUSED,
            Error::Client(error) => client_exit_code(error),
            Error::Interrupted => INTERRUPTED,
        }
    }
}

/// The exit code for an error of the client library.
pub(crate) fn client_exit_code(error: &darkroom_client::Error) -> u8 {
    match error.kind() {
        ErrorKind::Usage => USAGE,
        ErrorKind::Network => NETWORK,
        ErrorKind::Refused => REFUSED,
        _ => FAILED,
    }
}

/// What happened and, where it helps, what to do.
pub(crate) fn client_text(error: &darkroom_client::Error) -> String {
    let text = error.to_string();
    let hint = match (error.kind(), error.code()) {
        _ if matches!(error, darkroom_client::Error::Exists { .. }) => Some("--force replaces it"),
        (_, Some("forbidden")) => {
            Some("name another identity with --identity, or ask a controller for the right")
        }
        (_, Some("item_not_found")) => Some("`darkroom ls` shows the items"),
        (_, Some("not_an_image" | "unsupported_media")) => {
            Some("JPEG, PNG, WebP, GIF, BMP and TIFF files can be processed")
        }
        (_, Some("damaged")) => Some("the file may be cut off; fetch it again"),
        (ErrorKind::Network, _) if text.contains("Certificate is not authorized") => {
            Some("this network has no canister of that id; check --canister and --network")
        }
        (ErrorKind::Network, _) => {
            Some("check --network and --canister, and whether the network can be reached")
        }
        (ErrorKind::Refused, None) if text.contains("IC0301") || text.contains("IC0537") => {
            Some("there is no Darkroom canister of this id; check --canister and --network")
        }
        (ErrorKind::Refused, None) if text.contains("IC0536") => {
            Some("this canister is not a Darkroom; check --canister")
        }
        _ => None,
    };
    hint.map_or_else(|| text.clone(), |hint| format!("{text}\n  hint: {hint}"))
}
