//! Measures uploads into Darkroom's canister and into the DFINITY asset canister on the same localnet, and prints
//! tables for `docs/benchmarks.md`.
//!
//! Run by hand: `cargo bench-darkroom`. Instructions are exact and the same on every machine; see `meter`.

mod asset_canister;
mod darkroom;
mod large;
mod levels;
mod meter;
mod report;
mod store;

use anyhow::{Result, ensure};
use clap::Parser;
use darkroom_localnet::PocketIcServer;

use asset_canister::{AssetCanister, Hashing};
use darkroom::Darkroom;
use store::File;

/// Instructions and stable memory of uploads, beside those of the DFINITY asset canister.
#[derive(Parser)]
struct Args {
    /// How many assets are stored when one more is measured; none skips that part
    #[arg(long, value_delimiter = ',', num_args = 0.., default_value = "100,1000,10000,100000")]
    assets: Vec<u64>,
    /// Bytes of each of those assets; all of them are held in this machine's memory
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_900_000))]
    size: u32,
    /// Bytes of each large file
    #[arg(long, default_value_t = 20_000_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    large: u32,
    /// How many large files
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
    files: u32,
    /// Bytes of a chunk; by default whole blocks of SHA-256
    #[arg(long, default_value_t = 1_900_032, value_parser = clap::value_parser!(u32).range(65_536..=2_000_000))]
    chunk: u32,
}

fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.assets.is_sorted(), "--assets must rise: each level is filled up from the one before");
    ensure!(args.size <= args.chunk, "--size must fit into one chunk");
    let module = asset_canister::build()?;
    let server = PocketIcServer::start(0)?;
    meter::check(&server)?;
    large_files(&args, &server, &module)?;
    if !args.assets.is_empty() {
        small_files(&args, &server, &module)?;
    }
    server.stop();
    Ok(())
}

fn large_files(args: &Args, server: &PocketIcServer, module: &[u8]) -> Result<()> {
    eprintln!("{} files of {} bytes", args.files, args.large);
    let files: Vec<File> = (0..args.files).map(|n| File::new(n.into(), args.large as usize)).collect();
    let chunk = args.chunk as usize;
    let darkroom = large::measure(&mut Darkroom::install(server, args.chunk)?, &files, chunk)?;
    let assets =
        |hashing| large::measure(&mut AssetCanister::install(server, module, hashing)?, &files, chunk);
    let (computed, trusted) = (assets(Hashing::Computed)?, assets(Hashing::Trusted)?);
    let bytes = u64::from(args.files) * u64::from(args.large);
    report::large(bytes, &darkroom, &computed, &trusted);
    report::memory(bytes, &darkroom, &trusted);
    let parts = large::parts(server, args.chunk)?;
    report::parts(&parts, trusted.in_order.put as f64 / bytes as f64);
    Ok(())
}

fn small_files(args: &Args, server: &PocketIcServer, module: &[u8]) -> Result<()> {
    let size = args.size as usize;
    eprintln!("Darkroom");
    let darkroom = levels::measure(&mut Darkroom::install(server, args.chunk)?, &args.assets, size);
    eprintln!("asset canister");
    let mut assets = AssetCanister::install(server, module, Hashing::Trusted)?;
    let assets = levels::measure(&mut assets, &args.assets, size);
    report::levels(size, &[("Darkroom", &darkroom), ("asset canister", &assets)]);
    Ok(())
}
