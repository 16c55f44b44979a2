//! An asset fetched into a file, whole or what is missing of it.

use std::path::Path;

use darkroom_api as api;
use darkroom_core::Digest;
use futures_util::StreamExt;

use crate::darkroom::Darkroom;
use crate::download::part::Part;
use crate::download::{IN_FLIGHT, same};
use crate::error::{Error, Result};
use crate::thread::on_thread;
use crate::upload::StoredAsset;

/// How an asset is fetched into a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DownloadOptions {
    /// Whether a file that is there is replaced.
    pub overwrite: bool,
}

/// What happens during a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownloadEvent {
    /// It begins, or begins anew where what was there turned out to be of no use.
    Begun {
        /// Bytes that an earlier download has left.
        present: u64,
        /// Bytes in all.
        total: u64,
    },
    /// More bytes are there.
    Bytes {
        /// How many.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
}

/// What a download led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// The asset, as the network has certified it.
    pub asset: StoredAsset,
    /// Bytes that were fetched; less than the asset has where an earlier download was continued.
    pub fetched: u64,
}

impl Darkroom {
    /// Fetches an asset into a file. What has arrived is in a file beside it, whose name ends in `.part`; a download
    /// that was cut off goes on from there. The file has its name only when all of it is there and has the SHA-256
    /// that the network has certified; a few chunks are in memory at most.
    ///
    /// ```no_run
    /// # async fn example(darkroom: darkroom_client::Darkroom) -> darkroom_client::Result<()> {
    /// use darkroom_client::DownloadOptions;
    ///
    /// let options = DownloadOptions::default();
    /// let downloaded = darkroom
    ///     .download("cbonwy6wynhnhbqe", "original", "photo.jpg", &options, |event| drop(event))
    ///     .await?;
    /// assert!(downloaded.fetched <= downloaded.asset.bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Exists`] for a file that is there, before anything is fetched, unless it may be overwritten;
    /// [`Error::NotAFile`] for anything else that is there, such as a directory or a link;
    /// [`Error::Busy`] while another download has the same asset for the same file, [`Error::Write`],
    /// [`Error::UnknownAsset`], [`Error::Mismatch`], and what the calls run into.
    pub async fn download(
        &self,
        item: &str,
        asset: &str,
        path: impl AsRef<Path>,
        options: &DownloadOptions,
        progress: impl Fn(DownloadEvent) + Send + Sync,
    ) -> Result<Downloaded> {
        let (path, overwrite) = (path.as_ref().to_owned(), options.overwrite);
        let free = on_thread({
            let path = path.clone();
            move || check_free(&path, overwrite)
        });
        free.await??;
        let described = self.item(item).await?;
        let asset = self.asset_of(&described, asset)?;
        let fetch = async {
            let mut fetched = 0;
            loop {
                let part = on_thread({
                    let (path, asset) = (path.clone(), asset.clone());
                    move || Part::open(&path, &asset)
                });
                let part = part.await??;
                let resumed = part.length() > 0;
                let part = self.fill(part, &described, asset, &mut fetched, &progress).await?;
                match same(asset, part.sha256()) {
                    Ok(()) => return Ok((part, fetched)),
                    // What was there may have been damaged; what has been fetched now cannot be used either.
                    Err(_) if resumed => on_thread(move || part.discard()).await??,
                    Err(error) => {
                        on_thread(move || part.discard()).await??;
                        return Err(error);
                    }
                }
            }
        };
        let certified = self.certified_asset(item, &asset.name);
        let ((part, fetched), certified) = tokio::try_join!(fetch, certified)?;
        same(&certified, Digest(*asset.sha256))?;
        on_thread(move || part.place(&path, overwrite)).await??;
        Ok(Downloaded { asset: (&certified).into(), fetched })
    }

    /// Fetches what a part lacks.
    async fn fill(
        &self,
        mut part: Part,
        item: &api::Item,
        asset: &api::Asset,
        fetched: &mut u64,
        progress: &(impl Fn(DownloadEvent) + Send + Sync),
    ) -> Result<Part> {
        let total = asset.size;
        progress(DownloadEvent::Begun { present: part.length(), total });
        let mut chunks = self.chunks(item, asset, part.chunks(asset), IN_FLIGHT);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            *fetched += chunk.len() as u64;
            part = on_thread(move || part.append(&chunk)).await??;
            progress(DownloadEvent::Bytes { done: part.length(), total });
        }
        Ok(part)
    }
}

/// Refuses a target that must not be replaced. Waits for the disk.
pub(super) fn check_free(path: &Path, overwrite: bool) -> Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(data) if !data.is_file() => Err(Error::NotAFile { path: path.to_owned() }),
        Ok(_) if !overwrite => Err(Error::Exists { path: path.to_owned() }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::Write(error)),
    }
}
