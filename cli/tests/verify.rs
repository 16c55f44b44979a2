//! `darkroom verify`.

#![allow(clippy::unwrap_used, reason = "tests fail where it panics")]

mod support;

use darkroom_client::{Darkroom, Toolkit};
use darkroom_codec::CODECS;
use darkroom_core::Result;
use darkroom_core::decode::{Decode, DecodeLimits, DecodePlan};
use darkroom_core::media::MediaType;
use darkroom_core::pixels::{Pixels, Size};
use ic_agent::identity::BasicIdentity;
use support::{Network, Place, text};

/// Sees every picture as its negative.
struct Negative;

impl Decode for Negative {
    fn size(&self, media: &MediaType, bytes: &[u8], limits: DecodeLimits) -> Result<Size> {
        CODECS.size(media, bytes, limits)
    }

    fn decode(
        &self,
        media: &MediaType,
        bytes: &[u8],
        at_least: Size,
        limits: DecodeLimits,
    ) -> Result<Pixels> {
        let pixels = CODECS.decode(media, bytes, at_least, limits)?;
        let (size, format) = (pixels.size(), pixels.format());
        Pixels::new(size, format, pixels.into_data().into_iter().map(|value| !value).collect())
    }

    fn plan(
        &self,
        media: &MediaType,
        bytes: &[u8],
        requests: &[Size],
        limits: DecodeLimits,
    ) -> Result<DecodePlan> {
        CODECS.plan(media, bytes, requests, limits)
    }
}

#[test]
fn an_item_that_is_not_what_its_recipes_give_is_told() {
    let place = Place::new();
    let network = Network::start(&place, None);
    place.run(&["deploy"]).code(0);
    let photo = place.photo("a.jpg", 1);
    let identity = BasicIdentity::from_pem_file(place.path(".darkroom/identity.pem")).unwrap();
    let registry = darkroom_processors::registry().unwrap();
    let canister = place.canister().parse().unwrap();
    let stored = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let connect = Darkroom::connect(&network.url, canister).identity(identity);
        let darkroom = connect.toolkit(Toolkit { registry, decoder: &Negative }).await.unwrap();
        darkroom.upload_path(&photo, Default::default(), |_| ()).await.unwrap()
    });
    let done = place.run(&["verify", &stored.item]);
    let table = done.code(1).says("is not what it should be").stdout();
    assert!(table.contains("made again with other bytes"), "{table}");
}

#[test]
fn a_stored_item_is_what_its_recipes_give() {
    let place = Place::new();
    let photo = place.photo("a.jpg", 1);
    let line = place.store(&[text(&photo)]).remove(0);
    let done = place.run(&["verify", line["item"].as_str().unwrap()]);
    let table = done.code(0).stdout();
    assert_eq!(table.matches("made again with the same bytes").count(), 3, "{table}");
    assert_eq!(table.matches("certified in 1 answer, downloaded").count(), 4, "{table}");
    place.run(&["verify", "aaaaaaaaaaaaaaaa"]).code(4);

    // An original of several chunks is served in parts, each with a certificate.
    let large = place.file("large.jpg", &darkroom_codec::testing::photo(3000, 2400, 99, 3));
    let line = place.store(&[text(&large)]).remove(0);
    let done = place.run(&["verify", line["item"].as_str().unwrap()]);
    let table = done.code(0).stdout();
    assert!(table.contains("certified in 4 answers, downloaded"), "{table}");

    let line = place.store(&[text(&photo), "--private"]).remove(0);
    let done = place.run(&["verify", line["item"].as_str().unwrap()]);
    let table = done.code(0).says("no public URLs").stdout();
    assert_eq!(table.matches("certified: nothing is public").count(), 4, "{table}");
}
