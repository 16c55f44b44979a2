//! Fetches an asset into a file. Interrupted with Ctrl-C, the next run goes on where this one stopped.
//!
//! ```console
//! $ cargo run -p darkroom-client --example download -- https://icp-api.io CANISTER ITEM original photo.jpg
//! ```

use std::error::Error;

use darkroom_client::{Darkroom, DownloadEvent, DownloadOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |name: &str| args.next().ok_or(format!("{name} is missing: URL CANISTER ITEM ASSET FILE"));
    let (url, canister) = (next("URL")?, next("CANISTER")?);
    let (item, asset, file) = (next("ITEM")?, next("ASSET")?, next("FILE")?);

    let darkroom = Darkroom::connect(url, canister.parse()?).await?;
    let progress = |event| match event {
        DownloadEvent::Begun { present, total } => println!("{present} of {total} bytes are there"),
        DownloadEvent::Bytes { done, total } => println!("{done} of {total} bytes"),
        _ => {}
    };
    let downloaded = darkroom.download(&item, &asset, &file, &DownloadOptions::default(), progress).await?;
    println!("{file}: SHA-256 {}", downloaded.asset.sha256);
    Ok(())
}
