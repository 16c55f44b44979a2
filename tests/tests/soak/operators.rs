//! What operators do, and time: upgrades, refused ones, stops, another configuration, hours that pass.

use std::sync::OnceLock;
use std::time::Duration;

use darkroom_api as api;
use darkroom_tests::{Trap, principal, trapping};

use crate::model::{CHUNK, Soak, pipelines};

impl Soak {
    pub(crate) fn upgrade(&mut self) -> String {
        self.darkroom.upgrade_to(darkroom_wasm::HAZARDS).unwrap();
        "ok".to_owned()
    }

    /// To a module whose upgrade traps; or to one whose calls do, and back.
    pub(crate) fn upgrade_refused(&mut self) -> String {
        static REFUSING: OnceLock<Vec<u8>> = OnceLock::new();
        static TRAPPING: OnceLock<Vec<u8>> = OnceLock::new();
        let hazards = darkroom_wasm::HAZARDS;
        if self.dice.below(2) == 0 {
            let module = REFUSING.get_or_init(|| trapping(hazards, &["canister_post_upgrade"], Trap::After));
            let refused = self.darkroom.upgrade_to(module).unwrap_err();
            return format!("{:?}", refused.error_code);
        }
        let methods =
            ["begin_upload", "put_chunk", "finish_upload", "delete_item", "upload_whole", "configure"];
        let module = TRAPPING.get_or_init(|| trapping(hazards, &methods, Trap::After));
        self.darkroom.upgrade_to(module).unwrap();
        for upload in self.uploads.iter().take(3) {
            let who = principal(upload.who);
            self.darkroom.attempt(who, "delete_item", (&upload.item,)).unwrap_err();
            self.darkroom.attempt(who, "begin_upload", (&upload.declared,)).unwrap_err();
            self.darkroom.attempt(who, "finish_upload", (upload.session,)).unwrap_err();
            let bytes = upload.file.chunk(0, CHUNK);
            let sha256 = darkroom_core::Digest::of(&bytes).0.into();
            let put = api::PutChunk { session: upload.session, index: 0, bytes: bytes.into(), sha256 };
            self.darkroom.attempt(who, "put_chunk", (put,)).unwrap_err();
        }
        let args = api::InitArgs { gallery: Some(true), ..Default::default() };
        self.darkroom.attempt(self.darkroom.owner, "configure", (args,)).unwrap_err();
        self.upgrade();
        "trapping".to_owned()
    }

    pub(crate) fn stop(&mut self) -> String {
        let (id, owner) = (self.darkroom.id, Some(self.darkroom.owner));
        self.darkroom.network.stop_canister(id, owner).unwrap();
        if self.dice.below(2) == 0 {
            self.upgrade();
        }
        self.darkroom.network.start_canister(id, owner).unwrap();
        "ok".to_owned()
    }

    /// Other thumbnails for photos from now on; a gallery or none; other origins, for which all is certified anew.
    pub(crate) fn configure(&mut self) -> String {
        let width = 32 + 16 * u32::try_from(self.dice.below(3)).unwrap();
        let cors = match self.dice.below(10) {
            9 => api::Cors::Any,
            count => api::Cors::Origins((0..count).map(|n| format!("https://{n}.example")).collect()),
        };
        self.darkroom.configure(api::InitArgs {
            pipelines: Some(pipelines(width)),
            gallery: Some(self.dice.below(2) == 0),
            cors: Some(cors),
            ..Default::default()
        });
        "ok".to_owned()
    }

    /// Seconds to hours, and rounds in which timers run.
    pub(crate) fn pass_time(&mut self) -> String {
        let seconds = [1, 60, 700, 1800, 4000][self.dice.below(5)];
        self.darkroom.network.advance_time(Duration::from_secs(seconds));
        for _ in 0..self.dice.below(8) {
            self.darkroom.network.tick();
        }
        "passed".to_owned()
    }

    /// Deletes and aborts what there is, and lets pass the time for which anything is remembered.
    pub(crate) fn remove_everything(&mut self) {
        self.look_at_photos();
        for photo in std::mem::take(&mut self.photos) {
            self.darkroom.delete_as(principal(photo.who), &photo.item).unwrap();
        }
        let now = self.now();
        for upload in std::mem::take(&mut self.uploads) {
            let who = principal(upload.who);
            let removed = match upload.published {
                true => self.darkroom.delete_as(who, &upload.item),
                false => self.darkroom.abort_as(who, upload.session),
            };
            let is_gone = !upload.published && upload.may_have_expired(now + 60_000_000_000);
            assert!(removed.is_ok() || is_gone, "{}: {removed:?}", upload.file.name);
        }
        for _ in 0..8 {
            self.darkroom.later(24 * 60 * 60);
        }
        self.darkroom.freed();
        self.certified();
    }
}
