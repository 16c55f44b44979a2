//! The commands and their flags.

mod examples;
mod tools;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Command as ClapCommand, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::network::NetworkName;
use crate::settings::Settings;

pub(crate) use tools::{Completions, Doctor, Man, Open, Upgrade};

/// Photos through a two-lane pipeline to verified, web-ready assets on the Internet Computer.
#[derive(Debug, Parser)]
#[command(name = "darkroom", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    all done; of `run`, every required asset is stored
  1    some of it failed, or something on this machine did
  2    the command cannot be carried out as it was given
  3    the network cannot be used
  4    the canister or the network refused
  130  interrupted; the same command again goes on

Flags are taken from the command line, then from the variables named above, then from the table [cli] of the nearest \
darkroom.toml: network, canister, identity, state, jobs, in-flight, pipeline, retry-for.";

/// All commands, with what settings and variables say of their flags.
pub(crate) fn command(settings: &Settings) -> ClapCommand {
    examples::add(settings.apply(Args::command()))
}

fn run_help() -> String {
    format!(
        "Examples:\n  darkroom run photo.jpg\n  darkroom run holidays/ --exclude raw/ --jobs 4\n  \
        darkroom run holidays/ --dry-run\n  curl -s https://example.org/cat.jpg | darkroom run - --name cat.jpg\n\n\
        {}\n\nWhat is stored already, with the same content, name and recipes, is not sent again. What an interrupted \
        run had begun is continued by the same command. On a terminal there are bars; in a pipe, or with TERM=dumb, a \
        line about the progress every 10 seconds; no colours anywhere.\n\n{EXIT_CODES}",
        crate::inputs::globs::HELP
    )
}

/// Which canister is meant, and as whom.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Target {
    /// `local` for the embedded network, `ic` for mainnet, a network or environment of the project's icp.yaml or
    /// dfx.json, or a URL.
    #[arg(long, global = true, default_value = "local", env = "DARKROOM_NETWORK", value_name = "NETWORK")]
    pub(crate) network: NetworkName,
    /// The canister's id, or its name in the project; else the one that was deployed from here, or the project's. On
    /// the local network it is deployed where it is missing.
    #[arg(long, global = true, env = "DARKROOM_CANISTER", value_name = "CANISTER")]
    pub(crate) canister: Option<String>,
    /// A PEM file with an Ed25519, secp256k1 or prime256v1 key, or the name of an identity of icp or dfx. If not given:
    /// on the local network a new key in the state directory; elsewhere, in a project, the one selected in icp, or
    /// else in dfx. The password of a key is asked for, or taken from DARKROOM_IDENTITY_PASSWORD.
    #[arg(long, global = true, env = "DARKROOM_IDENTITY", value_name = "IDENTITY")]
    pub(crate) identity: Option<String>,
    /// A file with the password of the identity.
    #[arg(long, global = true, env = "DARKROOM_IDENTITY_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) identity_password_file: Option<PathBuf>,
    /// Where the local network, the key and canister ids are kept.
    #[arg(long, global = true, default_value = ".darkroom", env = "DARKROOM_STATE", value_name = "DIR")]
    pub(crate) state: PathBuf,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Upload photos and store everything that the pipeline makes of them.
    Run(Run),
    /// Fetch an asset of an item.
    Get(Get),
    /// List the stored items, newest first.
    Ls(Ls),
    /// Remove an item with all its assets.
    Rm(Rm),
    /// Make a URL that opens an asset of a private item for some time; list such, or end one.
    Share(Share),
    /// Fetch an item, check every hash, make its derivatives again and compare; then fetch it through the HTTP gateway
    /// and check the certificates.
    Verify(Verify),
    /// Make derivatives of stored items again that are missing, or not what the pipeline gives now.
    Reprocess(Reprocess),
    /// List the processors that the canister has.
    Processors(Processors),
    /// Check pipelines written as TOML, or turn them into Candid.
    #[command(subcommand)]
    Config(Config),
    /// Write a new processor into the Darkroom workspace that the current folder is in: its crate, its tests, and the
    /// two lines that link it.
    #[command(after_help = "Example:\n  cargo darkroom new-processor mean-color")]
    NewProcessor {
        /// Its id: 1 to 48 of a-z, 0-9 and -, starting with a letter; a noun by output, such as `thumbnail`.
        name: String,
    },
    /// Install the canister that this binary carries, or upgrade to it.
    Deploy(Deploy),
    /// Upgrade the canister to the version that this binary carries, and say what changes.
    Upgrade(Upgrade),
    /// Show the network, the canister and its pipelines.
    Status,
    /// Look for what is missing, and say what to do about it.
    Doctor(Doctor),
    /// Print the URL of an item or of one of its assets.
    Open(Open),
    /// Run the embedded network on its own.
    #[command(subcommand)]
    Localnet(Localnet),
    /// Print what a shell needs to complete commands and flags.
    Completions(Completions),
    /// Print the manual page, or write one for each command.
    Man(Man),
}

/// Arguments of `run`.
#[derive(Debug, ClapArgs)]
#[command(after_help = run_help())]
pub(crate) struct Run {
    /// Files, folders to search for images (.bmp, .gif, .jpeg, .jpg, .png, .tif, .tiff, .webp; all files where the
    /// pipeline makes nothing of them), or `-` for standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// From folders, take the files that match this pattern, whatever they are; may be repeated.
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,
    /// From folders, leave out files and folders that match this pattern; may be repeated.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// The file name of standard input; `stdin`, with the extension of what it is, if not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The pipeline; the canister's first if not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// Pipelines as TOML, which the canister is configured with.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The most chunks on their way at once, per file; fewer where the network takes fewer.
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) in_flight: u16,
    /// Store items that nobody but their owner and the controllers can read; `share` makes URLs for others.
    #[arg(long)]
    pub(crate) private: bool,
    /// Files at once.
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,
    /// Go on with other files after one has failed.
    #[arg(short, long)]
    pub(crate) keep_going: bool,
    /// How long a call is tried again that fails on the way, such as while the network restarts: a number with s, m, h
    /// or d; `0s` gives up at once.
    #[arg(long, default_value = "2m", value_name = "TIME", value_parser = crate::commands::share::lifetime)]
    pub(crate) retry_for: u64,
    /// Say what would be uploaded and what is stored already, and send nothing.
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Say nothing but what fails.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print one JSON object per item, a line each, and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `get`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  darkroom get cbonwy6wynhnhbqe thumbnail -o thumb.jpg")]
pub(crate) struct Get {
    /// The item's id.
    pub(crate) item: String,
    /// The asset's name, such as `original` or `thumbnail`.
    pub(crate) asset: String,
    /// The file to write; standard output if not given, or `-`. What arrives is kept in a file beside it until all of it is
    /// there, and the same command goes on from that.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it is there with other content.
    #[arg(short, long, requires = "output")]
    pub(crate) force: bool,
}

/// Arguments of `ls`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Ls {
    /// Print one JSON object per item, a line each.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `rm`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Rm {
    /// The item's id.
    pub(crate) item: String,
}

/// Arguments of `share`.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  darkroom share cbonwy6wynhnhbqe/preview --for 7d\n  darkroom share --list\n  \
    darkroom share --revoke 0123456789abcdef0123456789abcdef"
)]
pub(crate) struct Share {
    /// The item's id, and behind a slash the asset's name; `original` if not given.
    #[arg(value_name = "ITEM[/ASSET]", required_unless_present_any = ["list", "revoke"])]
    pub(crate) what: Option<String>,
    /// How long the URL is to work: a number with s, m, h or d for seconds, minutes, hours or days.
    #[arg(long = "for", value_name = "TIME", default_value = "1d", value_parser = crate::commands::share::lifetime)]
    pub(crate) lifetime: u64,
    /// List tokens that are valid, of one item or of all of the caller's.
    #[arg(long, conflicts_with_all = ["revoke", "lifetime"])]
    pub(crate) list: bool,
    /// End the token of this id.
    #[arg(long, value_name = "TOKEN", conflicts_with_all = ["what", "lifetime"])]
    pub(crate) revoke: Option<String>,
    /// Print one JSON object per token, a line each.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `verify`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Verify {
    /// The item's id.
    pub(crate) item: String,
}

/// Arguments of `reprocess`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  darkroom deploy --config darkroom.toml && darkroom reprocess --all\n  \
    darkroom reprocess cbonwy6wynhnhbqe --verify\n\n\
    Items are served as they are until all that is new is stored. Of an unpublished item, the stages that failed are \
    tried again.")]
pub(crate) struct Reprocess {
    /// The items' ids.
    #[arg(value_name = "ITEM", required_unless_present = "all")]
    pub(crate) items: Vec<String>,
    /// All published items that the caller may change.
    #[arg(long, conflicts_with = "items")]
    pub(crate) all: bool,
    /// The pipeline to go through; each item's own, as it is configured now, if not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// Have the canister make again what clients made, and refuse what differs.
    #[arg(long)]
    pub(crate) verify: bool,
    /// Items at once.
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,
    /// Print one JSON object per item, a line each, and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `processors`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Processors {
    /// Print one JSON object per processor, a line each.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with a configuration file.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check it against the processors of this binary.
    Check {
        /// Pipelines as TOML.
        file: PathBuf,
    },
    /// Print it as the Candid value that the canister is installed with.
    Candid {
        /// Pipelines as TOML.
        file: PathBuf,
    },
}

/// Arguments of `deploy`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Deploy {
    /// Pipelines as TOML, which the canister is installed or configured with.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Who may upload beside controllers: `controllers` for nobody else, `authenticated` for any principal that signs its
    /// calls, or principals, with commas between them or a flag each. They take the place of those of before.
    #[arg(long, value_name = "WHO", value_delimiter = ',')]
    pub(crate) access: Vec<String>,
    /// Which other origins' pages may read what is served: `any`, `none`, or up to 8 such as `https://example.org`, each
    /// with a flag of its own.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) cors: Vec<String>,
    /// Whether public items are shown in a gallery at `/`; `--gallery` alone is `on`.
    #[arg(long, value_name = "ON|OFF", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub(crate) gallery: Option<Switch>,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// What to do with the embedded network.
#[derive(Debug, Subcommand)]
pub(crate) enum Localnet {
    /// Run it until Ctrl-C or `localnet stop`; other commands with the same state directory use it.
    Start {
        /// Port to listen on; 0 for any free one.
        #[arg(long, env = "DARKROOM_PORT", value_name = "N")]
        port: Option<u16>,
        /// Rounds of this many milliseconds, each taking 4 MiB of messages, as on a subnet; every message at once if
        /// not given.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60_000))]
        round_ms: Option<u32>,
    },
    /// Stop the one that runs with this state directory.
    Stop,
    /// Say whether one runs with this state directory, and where.
    Status,
}
