//! A canister on which every kind of caller and every kind of thing is.

use std::cell::Cell;

use candid::Principal;
use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, File, originals_only};

use crate::callers::Caller;
use crate::table::Subject;

/// Bytes of a chunk.
const CHUNK: u32 = 65_536;
/// The optional derivative, which published items are without.
pub(crate) const OPTIONAL: &str = "thumbnail";

/// A canister with what owner and removed owner have.
pub(crate) struct World {
    pub(crate) darkroom: Darkroom,
    pub(crate) access: api::Access,
    /// Of each of the processors.
    pub(crate) versions: Vec<api::ProcessorInfo>,
    owner: Things,
    removed: Things,
    /// Things that were made.
    made: Cell<u64>,
}

/// What an owner has.
pub(crate) struct Things {
    things: Vec<(Subject, Thing)>,
    /// A token for the private item, and what it opens.
    token: Option<api::CreatedToken>,
}

/// An item with the session of its original.
pub(crate) struct Thing {
    pub(crate) item: String,
    pub(crate) session: u64,
    pub(crate) key: String,
    pub(crate) file: File,
}

impl Things {
    /// The thing of this kind.
    pub(crate) fn of(&self, subject: Subject) -> &Thing {
        self.find(subject).unwrap_or_else(|| panic!("{subject:?} is no thing"))
    }

    /// The thing of this kind, if there is one.
    pub(crate) fn find(&self, subject: Subject) -> Option<&Thing> {
        self.things.iter().find(|(other, _)| *other == subject).map(|(_, thing)| thing)
    }

    /// The token for the private item, and what it opens.
    pub(crate) fn token(&self) -> &api::CreatedToken {
        self.token.as_ref().unwrap_or_else(|| panic!("there is no private item"))
    }
}

impl World {
    /// A canister of this module with this `access`, or with a list that has uploader, owner and other owner.
    pub(crate) fn new(module: &[u8], access: Option<api::Access>) -> World {
        let limits = api::Limits { chunk_size: Some(CHUNK), ..Default::default() };
        let args = api::InitArgs {
            pipelines: Some(vec![pipeline()]),
            access: Some(api::Access::Authenticated),
            limits: Some(limits),
            ..Default::default()
        };
        let darkroom = Darkroom::of(module, Some(args), 100_000_000_000_000);
        let listed =
            [Caller::Uploader, Caller::Owner, Caller::Other].map(|caller| caller.principal(&darkroom));
        let nothing = || Things { things: Vec::new(), token: None };
        let mut world = World {
            versions: darkroom.query("processors", ()),
            access: access.unwrap_or(api::Access::Principals(listed.to_vec())),
            darkroom,
            owner: nothing(),
            removed: nothing(),
            made: Cell::new(0),
        };
        let kinds = [Subject::Public, Subject::Private, Subject::Open, Subject::Full];
        [world.owner, world.removed] =
            [Caller::Owner, Caller::Removed].map(|owner| world.made(owner, &kinds));
        world.made(Caller::Other, &kinds);
        world
    }

    /// What a caller names: the removed owner what is its own, all others what is the owner's.
    pub(crate) fn things(&self, caller: Caller) -> &Things {
        if caller == Caller::Removed { &self.removed } else { &self.owner }
    }

    /// The like of what a caller names, made for one call that changes it.
    pub(crate) fn fresh(&self, caller: Caller, subject: Subject) -> Things {
        let owner = if caller == Caller::Removed { Caller::Removed } else { Caller::Owner };
        let kinds: &[Subject] = if subject == Subject::Nothing { &[] } else { &[subject] };
        self.made(owner, kinds)
    }

    /// Things of an owner's, which may upload meanwhile.
    fn made(&self, owner: Caller, kinds: &[Subject]) -> Things {
        let (darkroom, owner) = (&self.darkroom, owner.principal(&self.darkroom));
        let access =
            |access| darkroom.configure(api::InitArgs { access: Some(access), ..Default::default() });
        access(api::Access::Authenticated);
        let things = kinds.iter().map(|subject| (*subject, self.thing(owner, *subject)));
        let mut things = Things { things: things.collect(), token: None };
        if kinds.contains(&Subject::Private) {
            let item = things.of(Subject::Private).item.clone();
            let args = api::CreateToken { item, asset: "original".to_owned(), lifetime_seconds: None };
            let token: api::Result<_> = darkroom.update_as(owner, "create_token", (args,));
            things.token = Some(token.unwrap());
        }
        access(self.access.clone());
        things
    }

    fn thing(&self, owner: Principal, subject: Subject) -> Thing {
        let number = self.made.get();
        self.made.set(number + 1);
        let (darkroom, file) = (&self.darkroom, File::new(number, 3 * u64::from(CHUNK)));
        let key = format!("{subject:?} {number}");
        let declared = api::BeginUpload {
            media_type: "image/jpeg".to_owned(),
            visibility: Some(match subject {
                Subject::Private => api::Visibility::Private,
                _ => api::Visibility::Public,
            }),
            ..file.declared(subject != Subject::Full, Some(&key))
        };
        let upload = darkroom.begin_as(owner, &declared).unwrap();
        let thing = Thing { item: upload.item.clone(), session: upload.session, key, file };
        let preview = api::PutAssets {
            item: thing.item.clone(),
            assets: vec![derivative("preview", &self.versions, &thing.file)],
        };
        darkroom.update_as::<api::Result<api::Item>>(owner, "put_assets", (preview,)).unwrap();
        let mut chunks = 1;
        if subject != Subject::Open {
            let failed = failed(&thing.item);
            darkroom.update_as::<api::Result<api::Item>>(owner, "fail_stages", (failed,)).unwrap();
            chunks = 3;
        }
        for index in 0..chunks {
            darkroom.put_of(owner, &upload, &thing.file, index).unwrap();
        }
        let item: api::Result<api::Item> = darkroom.query_as(owner, "item", (&thing.item,));
        let published = item.unwrap().published_at.is_some();
        assert_eq!(published, matches!(subject, Subject::Public | Subject::Private), "{subject:?}");
        thing
    }
}

/// An original and a derivative of the client's, and one that may fail.
fn pipeline() -> api::Pipeline {
    let stage = |name: &str| api::Stage {
        asset: name.to_owned(),
        processor: name.to_owned(),
        source: Some("original".to_owned()),
        optional: (name == OPTIONAL).then_some(true),
        ..originals_only().lanes[0].stages[0].clone()
    };
    let derivatives =
        api::Lane { name: "derivatives".to_owned(), stages: vec![stage("preview"), stage(OPTIONAL)] };
    api::Pipeline { name: "photo".to_owned(), lanes: [originals_only().lanes, vec![derivatives]].concat() }
}

/// A derivative that was made from a file, as its client says.
pub(crate) fn derivative(name: &str, versions: &[api::ProcessorInfo], file: &File) -> api::PutAsset {
    let processor = versions.iter().find(|processor| processor.id == name);
    // The first bytes are what is looked at.
    let bytes = [&[0xff, 0xd8, 0xff][..], &[7; 1000]].concat();
    api::PutAsset {
        name: name.to_owned(),
        media_type: "image/jpeg".to_owned(),
        sha256: Digest::of(&bytes).0.into(),
        bytes: bytes.into(),
        width: Some(1),
        height: Some(1),
        processor_version: processor.unwrap_or_else(|| panic!("no processor `{name}`")).version,
        source_sha256: file.sha256().0.into(),
    }
}

/// That the optional derivative could not be made.
pub(crate) fn failed(item: &str) -> api::FailStages {
    let error = api::Error::new("damaged", "the file is cut off");
    let stages = vec![api::FailedStage { asset: OPTIONAL.to_owned(), error }];
    api::FailStages { item: item.to_owned(), stages }
}
