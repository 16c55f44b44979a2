//! Whatever a [`Darkroom`] does can be done by a task of its own.

use darkroom_api as api;

use crate::darkroom::Darkroom;
use crate::upload::{Event, Prepared, UploadOptions};
use crate::{DownloadOptions, ReprocessOptions};

/// Compiles where every future may move to another thread, also where what it borrows is borrowed of its task.
#[allow(dead_code, reason = "that it compiles is the test")]
async fn every_future_may_be_spawned(darkroom: Darkroom, file: Prepared, item: String) {
    fn spawn<F: Future + Send + 'static>(future: F) {
        drop(future);
    }
    let options = UploadOptions::default;
    let of = (darkroom, file, item);
    let (d, f, i) = of.clone();
    spawn(async move { d.upload_path(&i, options(), |event: Event| drop(event)).await });
    let (d, f2, _) = of.clone();
    spawn(async move { (d.prepare_path("a", options()).await, d.stored(&[f2]).await) });
    let (d, _, _) = of.clone();
    spawn(async move { d.upload_prepared(f, drop).await });
    let (d, _, _) = of.clone();
    spawn(async move { (d.prepare(vec![1], options()).await, d.upload(vec![1], options(), drop).await) });
    let (d, _, i) = of.clone();
    spawn(async move { d.upload_reader(i.as_bytes(), 1, options(), drop).await });
    let (d, _, i) = of.clone();
    spawn(async move { (d.get(&i, "a").await, d.get_range(&i, "a", 0..1).await) });
    let (d, _, i) = of.clone();
    spawn(async move { d.get_into(&i, "a", |_| Ok(())).await });
    let (d, _, i) = of.clone();
    spawn(async move { d.download(&i, "a", &i, &DownloadOptions::default(), drop).await });
    let (d, _, i) = of.clone();
    spawn(async move { (d.verify(&i).await, d.reprocess(&i, &ReprocessOptions::default()).await) });
    let (d, _, i) = of.clone();
    spawn(async move { (d.item(&i).await, d.certified_item(&i).await, d.remove(&i).await) });
    let (d, _, _) = of;
    spawn(async move { (d.list(&api::ListItems::default()).await, d.usage().await, d.pipelines().await) });
    spawn(async move { Darkroom::connect("", candid::Principal::anonymous()).await });
}
