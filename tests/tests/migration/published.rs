//! Photos that were published before an upgrade, and what must be there of them after it.

use candid::Principal;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, Gateway, Photo, derivatives, originals_only, principal, put_assets_args};

pub(crate) const CHUNK: u32 = 65_536;
pub(crate) const CYCLES: u128 = 100_000_000_000_000;

/// Arguments that every layout takes: small chunks, from everybody who signs.
pub(crate) fn args() -> api::InitArgs {
    let limits = api::Limits { chunk_size: Some(CHUNK), ..Default::default() };
    api::InitArgs { access: Some(api::Access::Authenticated), limits: Some(limits), ..Default::default() }
}

/// What `begin_upload` is told of a photo.
pub(crate) fn declared(photo: &Photo, key: Option<&str>) -> api::BeginUpload {
    photo.declared(None, key)
}

/// Sends all chunks but those of `skip`; gives how many bytes that were.
pub(crate) fn put_all(
    darkroom: &Darkroom,
    owner: Principal,
    session: u64,
    bytes: &[u8],
    skip: &[u32],
) -> u64 {
    let mut stored = 0;
    let chunks = (0u32..).zip(bytes.chunks(CHUNK as usize));
    for (index, chunk) in chunks.filter(|(index, _)| !skip.contains(index)) {
        darkroom.put_bytes(owner, session, index, chunk).unwrap();
        stored += chunk.len() as u64;
    }
    stored
}

/// Opens a photo's item and stores its original.
pub(crate) fn put_original(
    darkroom: &Darkroom,
    owner: Principal,
    begin: &api::BeginUpload,
    photo: &Photo,
) -> String {
    let upload = darkroom.begin_as(owner, begin).unwrap();
    put_all(darkroom, owner, upload.session, &photo.bytes, &[]);
    darkroom.finish_as(owner, upload.session).unwrap();
    upload.item
}

/// Derivatives as a client of the canister's time declares them: by the versions of its processors.
pub(crate) fn declared_for(darkroom: &Darkroom, mut args: api::PutAssets) -> api::PutAssets {
    let known: Vec<api::ProcessorInfo> = darkroom.query("processors", ());
    for asset in &mut args.assets {
        let processor = known.iter().find(|known| known.id == asset.name);
        asset.processor_version = processor.unwrap().version;
    }
    args
}

pub(crate) fn put_assets(darkroom: &Darkroom, owner: Principal, args: &api::PutAssets) -> api::Item {
    darkroom.update_as::<api::Result<api::Item>>(owner, "put_assets", (args,)).unwrap()
}

/// The pipelines of the canister, and beside them `file`, for originals of any kind; `made-here`, whose derivatives the
/// canister makes; and `mixed`, of which it makes all but the preview.
pub(crate) fn add_pipelines(darkroom: &Darkroom) {
    let mut pipelines: Vec<api::Pipeline> = darkroom.query("pipelines", ());
    let standard = pipelines[0].clone();
    let mut here = api::Pipeline { name: "made-here".to_owned(), ..standard.clone() };
    for stage in &mut here.lanes[1].stages {
        stage.placement = Some(api::Placement::Canister);
    }
    let mut mixed = api::Pipeline { name: "mixed".to_owned(), ..standard };
    let preview = mixed.lanes[1].stages[0].clone();
    let placement = Some(api::Placement::Canister);
    for stage in &mut mixed.lanes[1].stages[1..] {
        stage.placement = placement;
    }
    let processor = "thumbnail".to_owned();
    let icon = api::Stage { asset: "icon".to_owned(), processor, placement, params: None, ..preview };
    mixed.lanes[1].stages.insert(0, icon);
    pipelines.extend([originals_only(), here, mixed]);
    darkroom.configure(api::InitArgs { pipelines: Some(pipelines), ..Default::default() });
}

/// A published photo with its three derivatives.
pub(crate) struct Published {
    pub(crate) owner: Principal,
    pub(crate) item: api::Item,
    pub(crate) bytes: Vec<Vec<u8>>,
}

impl Published {
    pub(crate) fn new(
        darkroom: &Darkroom,
        owner: Principal,
        photo: &Photo,
        key: &str,
        visibility: api::Visibility,
    ) -> Published {
        let made = derivatives(photo).unwrap();
        let begin = api::BeginUpload { visibility: Some(visibility), ..declared(photo, Some(key)) };
        let item = put_original(darkroom, owner, &begin, photo);
        let item = put_assets(darkroom, owner, &declared_for(darkroom, put_assets_args(&item, &made)));
        assert_eq!((item.state.as_str(), item.assets.len()), (api::item_state::PUBLISHED, 4));
        let bytes = std::iter::once(photo.bytes.clone());
        let bytes = bytes.chain(made.into_iter().map(|(_, made)| made.derivative.bytes)).collect();
        Published { owner, item, bytes }
    }

    pub(crate) fn size(&self) -> u64 {
        self.bytes.iter().map(|bytes| bytes.len() as u64).sum()
    }

    /// Bytes in the chunk store: all but the placeholder's, which are in the item's record.
    pub(crate) fn chunked(&self) -> u64 {
        self.size() - self.bytes[3].len() as u64
    }

    pub(crate) fn is_public(&self) -> bool {
        self.item.visibility == api::Visibility::Public
    }

    /// That the item is what it was, and that each byte of its assets is there.
    pub(crate) fn assert_there(&self, darkroom: &Darkroom) {
        let (stranger, id) = (principal(99), &self.item.id);
        let found = |who| darkroom.query_as::<api::Result<api::Item>>(who, "item", (id,));
        assert_eq!(found(self.owner).unwrap(), self.item);
        match self.is_public() {
            true => assert_eq!(found(stranger).unwrap(), self.item),
            false => assert_eq!(found(stranger).unwrap_err().code, "item_not_found"),
        }
        for (asset, bytes) in self.item.assets.iter().zip(&self.bytes) {
            assert_eq!(*asset.sha256, Digest::of(bytes).0);
            let stored = (0..asset.chunks)
                .flat_map(|index| darkroom.chunk_as(self.owner, id, &asset.name, index).unwrap());
            assert!(stored.eq(bytes.iter().copied()), "{} {}", self.item.file_name, asset.name);
        }
    }

    /// That gateways get each byte of a public item, and that there is nothing where a private one is: all of it
    /// certified.
    pub(crate) fn assert_served(&self, gateway: &Gateway<'_>) {
        for (asset, bytes) in self.item.assets.iter().zip(&self.bytes) {
            let url = format!("/{}/{}", self.item.id, asset.name);
            if self.is_public() {
                let (_, served) = gateway.whole(&url);
                assert!(served == *bytes, "{} {url}", self.item.file_name);
            } else {
                assert_eq!(gateway.get("GET", &url, &[]).status_code, 404, "{url}");
            }
        }
    }
}
