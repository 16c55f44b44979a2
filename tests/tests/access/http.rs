//! What is answered over HTTP: paths and methods, whoever asks.

use candid::Encode;
use darkroom_api as api;

use crate::callers::Caller;
use crate::calls::get;
use crate::table::Subject;
use crate::world::World;

/// What is asked for on a path.
pub(crate) struct Path {
    /// The path as the table writes it.
    pub(crate) name: &'static str,
    /// What it names.
    pub(crate) what: &'static str,
    /// Whether there is a gallery.
    pub(crate) gallery: bool,
    make: fn(&World) -> String,
    /// The statuses of `GET`, of `HEAD`, and of all other methods.
    pub(crate) statuses: [u16; 3],
}

/// Methods with the column that they stand in.
const METHODS: [(&str, usize); 7] =
    [("GET", 0), ("HEAD", 1), ("POST", 2), ("PUT", 2), ("DELETE", 2), ("OPTIONS", 2), ("PATCH", 2)];

/// The paths of the table.
pub(crate) fn paths() -> Vec<Path> {
    let item = "/<item>";
    let asset = "/<item>/<asset>";
    let hash = "/sha256/<hex>";
    let token = "/private/<id>/<secret>/<item>/<asset>";
    let (found, missing) = ([200, 200, 405], [404, 404, 405]);
    /// Path and condition as they are shown, the path that is asked for, and the statuses.
    type Shown = (&'static str, &'static str, fn(&World) -> String, [u16; 3]);
    let rows: Vec<Shown> = vec![
        ("/", "no gallery", |_| "/".to_owned(), missing),
        ("/gallery/...", "no gallery", |_| "/gallery/gallery.js".to_owned(), missing),
        ("/", "a gallery", |_| "/".to_owned(), found),
        ("/gallery/...", "a gallery", |_| "/gallery/gallery.js".to_owned(), found),
        (item, "public", |world| of(world, Subject::Public, ""), found),
        (item, "private", |world| of(world, Subject::Private, ""), missing),
        (item, "unpublished", |world| of(world, Subject::Open, ""), missing),
        (asset, "public", |world| of(world, Subject::Public, "/preview"), found),
        (
            asset,
            "public, of several chunks",
            |world| of(world, Subject::Public, "/original"),
            [206, 200, 405],
        ),
        (asset, "private", |world| of(world, Subject::Private, "/original"), missing),
        (asset, "unpublished", |world| of(world, Subject::Open, "/preview"), missing),
        (hash, "of a public item's", |world| content(world, Subject::Public), [206, 200, 405]),
        (hash, "of a private item's", |world| content(world, Subject::Private), missing),
        (token, "valid", |world| world.things(Caller::Owner).token().path.clone(), [206, 200, 405]),
        (token, "with another secret", |world| damaged(world, 3), missing),
        (token, "with another id", |world| damaged(world, 2), missing),
        (token, "with another asset", |world| damaged(world, 5), missing),
        ("/metrics", "", |_| "/metrics".to_owned(), found),
        ("any other", "", |_| "/a/b/c".to_owned(), missing),
        ("not UTF-8", "", |_| "/%ff".to_owned(), [400, 400, 400]),
    ];
    let path =
        |(name, what, make, statuses)| Path { name, what, gallery: what == "a gallery", make, statuses };
    rows.into_iter().map(path).collect()
}

fn of(world: &World, subject: Subject, asset: &str) -> String {
    format!("/{}{asset}", world.things(Caller::Owner).of(subject).item)
}

fn content(world: &World, subject: Subject) -> String {
    format!("/sha256/{}", world.things(Caller::Owner).of(subject).file.sha256())
}

/// A token's path with another segment.
fn damaged(world: &World, segment: usize) -> String {
    let path = &world.things(Caller::Owner).token().path;
    let mut segments: Vec<&str> = path.split('/').collect();
    let other = match segments[segment] {
        "original" => "preview".to_owned(),
        digits => digits.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect(),
    };
    segments[segment] = &other;
    segments.join("/")
}

#[test]
fn every_path_by_every_method_and_every_caller() {
    let world = World::new(darkroom_wasm::CANISTER, None);
    let darkroom = &world.darkroom;
    let (mut wrong, mut cells) = (Vec::new(), 0);
    for gallery in [false, true] {
        darkroom.configure(api::InitArgs { gallery: Some(gallery), ..Default::default() });
        for path in paths().iter().filter(|path| path.gallery == gallery) {
            let url = (path.make)(&world);
            for (method, column) in METHODS {
                let request = api::HttpRequest { method: method.to_owned(), ..get(&url) };
                let argument = Encode!(&request).unwrap();
                for caller in Caller::ALL {
                    let sender = caller.principal(darkroom);
                    for reply in [
                        darkroom.network.query_call(darkroom.id, sender, "http_request", argument.clone()),
                        darkroom.network.update_call(darkroom.id, sender, "http_request", argument.clone()),
                    ] {
                        let answer: api::HttpResponse = candid::decode_one(&reply.unwrap()).unwrap();
                        cells += 1;
                        let (found, expected) = (answer.status_code, path.statuses[column]);
                        if found != expected {
                            let Path { name, what, .. } = path;
                            wrong.push(format!(
                                "{method} {name} {what} by {caller:?}: {found}, not {expected}"
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} answers:\n{}", wrong.len(), wrong.join("\n"));
}
