//! The binary `darkroom-localnet`: a server that `POCKET_IC_BIN` can point at.

use clap::Parser;
use darkroom_localnet::PocketIcServer;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The version of the PocketIC server whose protocol this is.
const VERSION: &str = "16.1.0";

/// A development network that speaks the PocketIC server's protocol.
#[derive(Debug, Parser)]
#[command(name = "pocket-ic-server", disable_version_flag = true)]
struct Args {
    /// Print the version of the protocol and exit.
    #[arg(long)]
    version: bool,
    /// Seconds after the last request at which the server ends.
    #[arg(long, default_value_t = 60)]
    ttl: u64,
    /// Seconds after which the server ends whatever happens.
    #[arg(long)]
    hard_ttl: Option<u64>,
    /// File to create with the port in it; if it exists, another server has that job and this one ends.
    #[arg(long)]
    port_file: Option<PathBuf>,
    /// Port to listen on; any free one if not given.
    #[arg(long, short, default_value_t = 0)]
    port: u16,
    /// Accepted for compatibility; the server listens on 127.0.0.1.
    #[arg(long, short)]
    ip_addr: Option<String>,
    /// Accepted for compatibility.
    #[arg(long)]
    log_levels: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.version {
        let version = std::env::var("DARKROOM_LOCALNET_VERSION").unwrap_or_else(|_| VERSION.into());
        println!("pocket-ic-server {version}");
        return ExitCode::SUCCESS;
    }
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("darkroom-localnet: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let mut file = None;
    if let Some(path) = &args.port_file {
        match std::fs::File::create_new(path) {
            Ok(created) => file = Some(created),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(()),
            Err(e) => return Err(format!("cannot create {}: {e}", path.display()).into()),
        }
    }
    let started = PocketIcServer::start(args.port);
    if let (Err(_), Some(path)) = (&started, &args.port_file) {
        // Without a port in it, others would wait for one.
        let _ = std::fs::remove_file(path);
    }
    let server = started?;
    match &mut file {
        Some(file) => writeln!(file, "{}", server.port())?,
        None => println!("{}", server.port()),
    }
    wait(&server, args);
    if let Some(path) = &args.port_file {
        // Whoever looks for a server must not find this one any more.
        let _ = std::fs::remove_file(path);
    }
    server.stop();
    Ok(())
}

/// Returns when the server's time is over or the process is asked to end.
fn wait(server: &PocketIcServer, args: &Args) {
    let (start, ttl) = (Instant::now(), Duration::from_secs(args.ttl));
    let hard = args.hard_ttl.map(Duration::from_secs);
    let interrupted = interrupt();
    while server.idle() < ttl && hard.is_none_or(|hard| start.elapsed() < hard) {
        match interrupted.recv_timeout(Duration::from_millis(200)) {
            Ok(()) => return,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                std::thread::sleep(Duration::from_millis(200))
            }
        }
    }
}

/// Receives once the process is interrupted or terminated.
fn interrupt() -> std::sync::mpsc::Receiver<()> {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return std::future::pending().await;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        let _ = send.send(());
    });
    receive
}
