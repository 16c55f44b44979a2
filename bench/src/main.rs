//! Measures uploads into Darkroom's canister and into the DFINITY asset canister on the same localnet, and prints
//! tables for `docs/benchmarks.md`.
//!
//! Run by hand: `cargo bench-darkroom`. Instructions are exact and the same on every machine; see `meter`.

mod asset_canister;
mod darkroom;
mod gateway;
mod large;
mod levels;
mod meter;
mod report;
mod serving;
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
    /// How many assets are stored when serving is measured; none skips that part
    #[arg(long, value_delimiter = ',', num_args = 0.., default_value = "100,10000")]
    served: Vec<u64>,
    /// Bytes of each of those assets, a thumbnail's
    #[arg(long, default_value_t = 12_000, value_parser = clap::value_parser!(u32).range(1..=1_900_000))]
    small: u32,
    /// Bytes of each large file
    #[arg(long, default_value_t = 20_000_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    large: u32,
    /// How many large files; none skips that part
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=50))]
    files: u32,
    /// Bytes of a chunk; by default whole blocks of SHA-256
    #[arg(long, default_value_t = 1_900_032, value_parser = clap::value_parser!(u32).range(65_536..=2_000_000))]
    chunk: u32,
}

fn main() -> Result<()> {
    let args = Args::parse();
    for (name, levels) in [("assets", &args.assets), ("served", &args.served)] {
        ensure!(levels.is_sorted(), "--{name} must rise: each level is filled up from the one before");
    }
    ensure!(args.size.max(args.small) <= args.chunk, "--size and --small must fit into one chunk");
    ensure!(args.served.first().is_none_or(|first| *first > 1), "--served must be more than the large file");
    let module = asset_canister::build()?;
    let server = PocketIcServer::start(0)?;
    meter::check(&server)?;
    if !args.served.is_empty() {
        serving(&args, &server, &module)?;
    }
    if args.files > 0 {
        large_files(&args, &server, &module)?;
    }
    if !args.assets.is_empty() {
        small_files(&args, &server, &module)?;
    }
    server.stop();
    Ok(())
}

/// Chunks of the large file that is served: as many as the gateway verifies of a stream.
const SERVED_CHUNKS: u64 = 5;

fn serving(args: &Args, server: &PocketIcServer, module: &[u8]) -> Result<()> {
    eprintln!("serving");
    let size = args.small as usize;
    let chunk = |n| File::new((1 << 50) + n, args.chunk as usize).bytes;
    let large: Vec<Vec<u8>> = (0..SERVED_CHUNKS).map(chunk).collect();
    let mut darkroom = Darkroom::install(server, args.chunk)?;
    let mut all = vec![("Darkroom", serving::measure(&mut darkroom, &args.served, size, &large)?)];
    for (name, hashing) in
        [("asset canister, hashing", Hashing::Computed), ("asset canister, trusting", Hashing::Trusted)]
    {
        let mut assets = AssetCanister::install(server, module, hashing)?;
        all.push((name, serving::measure(&mut assets, &args.served, size, &large)?));
    }
    report::served(size, large.concat().len(), &all);
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
