//! A canister of an earlier layout with something of everything in it, at every stage.

use candid::Principal;
use darkroom_api as api;
use darkroom_tests::{
    Darkroom, File, Photo, derivatives, network_with_root_key, principal, put_assets_args, small_photos,
};

use crate::layouts::fixture;
use crate::published::{
    CHUNK, CYCLES, Published, add_pipelines, args, declared, declared_for, put_all, put_original,
};

/// An upload of an original that has begun.
pub(crate) struct Open {
    pub(crate) owner: Principal,
    pub(crate) begin: api::BeginUpload,
    pub(crate) upload: api::Upload,
    pub(crate) status: api::SessionStatus,
    /// The chunks that have arrived.
    pub(crate) sent: Vec<u32>,
}

impl Open {
    fn new(
        darkroom: &Darkroom,
        owner: Principal,
        begin: api::BeginUpload,
        file: &File,
        sent: &[u32],
    ) -> Open {
        let upload = darkroom.begin_as(owner, &begin).unwrap();
        for index in sent {
            darkroom.put_of(owner, &upload, file, *index).unwrap();
        }
        let status = darkroom.status_as(owner, upload.session).unwrap();
        Open { owner, begin, upload, status, sent: sent.to_vec() }
    }
}

/// A derivative that is sent in chunks, of an item whose original is complete.
pub(crate) struct Derivative {
    pub(crate) owner: Principal,
    pub(crate) item: String,
    pub(crate) session: u64,
    /// Its bytes, of which the first chunk is missing.
    pub(crate) bytes: Vec<u8>,
    pub(crate) sent: u64,
    /// The other derivatives of the item.
    pub(crate) rest: api::PutAssets,
}

/// A canister, and what is in it.
pub(crate) struct Filled {
    pub(crate) darkroom: Darkroom,
    /// In the order of publication.
    pub(crate) published: Vec<Published>,
    /// What was deleted, and how many bytes that gave back.
    pub(crate) deleted: (Principal, String, api::Freed),
    /// The file of all uploads that are open.
    pub(crate) file: File,
    pub(crate) open: Vec<Open>,
    pub(crate) derivative: Derivative,
    /// Of `made-here`: all of its stages wait.
    pub(crate) queued: (Principal, String),
    /// Of `mixed`: its first stage is done, and the others wait for what the client makes.
    pub(crate) halfway: (Principal, String),
    /// The photo of both.
    pub(crate) photo: Photo,
}

impl Filled {
    /// Fills a canister of an earlier layout, and stops it before the stages that wait get their turn.
    pub(crate) fn of(layout: u32) -> Filled {
        let darkroom = Darkroom::of_on(network_with_root_key(), &fixture(layout), Some(args()), CYCLES);
        add_pipelines(&darkroom);
        let (a, b, c) = (principal(1), principal(2), principal(3));
        let photos = small_photos();
        let publish =
            |owner, photo: &Photo, key, visibility| Published::new(&darkroom, owner, photo, key, visibility);
        let mut published = vec![
            publish(a, &photos[0], "first", api::Visibility::Public),
            publish(b, &photos[1], "second", api::Visibility::Public),
            publish(a, &photos[3], "third", api::Visibility::Private),
        ];
        // Free space between those that stay.
        let gone = publish(b, &photos[2], "deleted", api::Visibility::Public);
        published.push(publish(c, &photos[2], "last", api::Visibility::Public));
        let freed = darkroom.delete_as(b, &gone.item.id).unwrap();
        assert_eq!(freed.bytes, gone.size());

        let file = File::new(1, 8 * u64::from(CHUNK) + 77);
        let open = open_uploads(&darkroom, &file, [a, b, c]);
        let derivative = open_derivative(&darkroom, c, &photos[1]);

        let photo = photos[0].clone();
        let through = |pipeline: &str| api::BeginUpload {
            pipeline: Some(pipeline.to_owned()),
            ..declared(&photo, None)
        };
        let halfway = put_original(&darkroom, a, &through("mixed"), &photo);
        for _ in 0..50 {
            if assets_of(&darkroom, a, &halfway).len() == 2 {
                break;
            }
            darkroom.network.tick();
        }
        assert_eq!(assets_of(&darkroom, a, &halfway), ["original", "icon"]);
        let queued = put_original(&darkroom, b, &through("made-here"), &photo);
        darkroom.network.stop_canister(darkroom.id, Some(darkroom.owner)).unwrap();
        Filled {
            darkroom,
            published,
            deleted: (b, gone.item.id, freed),
            file,
            open,
            derivative,
            queued: (b, queued),
            halfway: (a, halfway),
            photo,
        }
    }

    /// Upgrades it to the present module, and starts it.
    pub(crate) fn upgrade(&self) {
        self.darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap();
        self.darkroom.network.start_canister(self.darkroom.id, Some(self.darkroom.owner)).unwrap();
    }
}

/// The names of an item's assets.
pub(crate) fn assets_of(darkroom: &Darkroom, owner: Principal, item: &str) -> Vec<String> {
    let item: api::Result<api::Item> = darkroom.query_as(owner, "item", (item,));
    item.unwrap().assets.into_iter().map(|asset| asset.name).collect()
}

/// Uploads of one file at every point, with and without a declared SHA-256: nothing there, in order, behind gaps, all
/// but the first chunk, all.
fn open_uploads(darkroom: &Darkroom, file: &File, [a, b, c]: [Principal; 3]) -> Vec<Open> {
    let behind_gaps = [0, 2, 3, 8];
    let uploads: [(Principal, bool, api::Visibility, &str, &[u32]); 6] = [
        (c, true, api::Visibility::Public, "nothing", &[]),
        (a, true, api::Visibility::Public, "in order", &[0, 1, 2]),
        (a, true, api::Visibility::Public, "gaps", &behind_gaps),
        (b, false, api::Visibility::Private, "gaps, undeclared", &behind_gaps),
        (c, true, api::Visibility::Public, "all but the first", &[8, 7, 6, 5, 4, 3, 2, 1]),
        (b, false, api::Visibility::Public, "all, undeclared", &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ];
    uploads
        .map(|(owner, is_declared, visibility, key, sent)| {
            let begin = api::BeginUpload {
                pipeline: Some("file".to_owned()),
                visibility: Some(visibility),
                ..file.declared(is_declared, Some(key))
            };
            Open::new(darkroom, owner, begin, file, sent)
        })
        .into()
}

/// The preview of a photo, all but its first chunk.
fn open_derivative(darkroom: &Darkroom, owner: Principal, photo: &Photo) -> Derivative {
    let made = derivatives(photo).unwrap();
    let item = put_original(darkroom, owner, &declared(photo, Some("derivative")), photo);
    let mut rest = put_assets_args(&item, &made);
    let preview = declared_for(darkroom, rest.clone()).assets.remove(0);
    rest.assets.remove(0);
    let bytes = preview.bytes.to_vec();
    assert!(bytes.len() > 2 * CHUNK as usize);
    let begin = api::BeginAsset {
        item: item.clone(),
        asset: api::PutAsset { bytes: Vec::new().into(), ..preview },
        size: bytes.len() as u64,
    };
    let upload = darkroom.update_as::<api::Result<api::Upload>>(owner, "begin_asset", (&begin,)).unwrap();
    let sent = put_all(darkroom, owner, upload.session, &bytes, &[0]);
    Derivative { owner, item, session: upload.session, bytes, sent, rest }
}
