//! Bodies in parts: ranges are verified one by one, streams as a whole if they are short.

use crate::stage::{Given, Got, Stage};
use crate::v2::{certified, certified_one};

fn part(range: &str, body: &[u8]) -> Given {
    Given::new(206, &[("content-range", range)], body)
}

#[test]
fn ranges_make_a_whole_of_verified_parts() {
    let stage = Stage::new();
    let parts = [("/a", part("bytes 0-3/8", b"four")), ("/a", part("bytes 4-7/8", b"more"))];
    let parts = certified(&stage, &parts);
    stage.set(0, &parts[0]);
    stage.set(1, &parts[1]);
    let whole = stage.get("/a");
    whole.expect(200, b"fourmore");
    assert_eq!((whole.header("content-length"), whole.header("content-range")), (Some("8"), None));
    // What the client asks a range of comes as a range.
    let host = format!("{}.", stage.id);
    let ranged = stage.send("GET", &host, "/a", &[("range", "bytes=4-")]);
    ranged.expect(206, b"more");
    assert_eq!(ranged.header("content-range"), Some("bytes 4-7/8"));
    let head = stage.send("HEAD", &host, "/a", &[]);
    assert_eq!((head.status, head.header("content-length")), (200, Some("8")));

    // The same bytes, told to be others, other bytes, what is not certified, and the first again: the body breaks off.
    let lies = [
        parts[1].clone().change("content-range", |_| "bytes 4-7/9".into()),
        Given { body: b"mole".to_vec().into(), ..parts[1].clone() },
        part("bytes 4-7/8", b"more"),
        parts[0].clone(),
        Given { streaming_strategy: stage.streamed_from(3), ..parts[1].clone() },
    ];
    stage.set_part(3, b"", Some(3));
    for lie in &lies {
        stage.set(1, lie);
        let broken = stage.get("/a");
        assert_eq!(broken.status, 200);
        assert!(broken.body.is_err(), "{broken:?}");
    }
    let lie = Given { body: b"mole".to_vec().into(), ..parts[1].clone() };
    stage.set(1, &lie);
    stage.send("GET", &host, "/a", &[("range", "bytes=4-")]).refused("not found in the tree");
    stage.get_raw("/a").expect(200, b"fourmole");
    // The first part decides whether there is an answer at all.
    stage.set(0, &Given { body: b"fore".to_vec().into(), ..parts[0].clone() });
    stage.get("/a").refused("not found in the tree");
}

#[test]
fn short_streams_are_verified_as_a_whole() {
    let stage = Stage::new();
    let whole = certified_one(&stage, "/a", Given::new(200, &[], b"secret stream"));
    stage.set(
        0,
        &Given {
            body: b"secret".to_vec().into(),
            streaming_strategy: stage.streamed_from(3),
            ..whole.clone()
        },
    );
    for (n, body) in (3..).zip([&b" "[..], b"str", b"e", b"am"]) {
        stage.set_part(n, body, (n < 6).then_some(n + 1));
    }
    let got = stage.get("/a");
    got.expect(200, b"secret stream");
    let instructions = |got: &Got| got.header("x-localnet-instructions").unwrap().parse::<u64>().unwrap();
    let all = instructions(&got);
    stage.set_part(6, b"um", None);
    stage.get("/a").refused("not found in the tree");
    stage.get_raw("/a").expect(200, b"secret streum");
    // A longer one is passed on as it comes, as the public gateways do.
    stage.set_part(6, b"um", Some(7));
    stage.set_part(7, b"!", None);
    stage.get("/a").expect(200, b"secret streum!");
    // One that cannot be had is no answer.
    stage.set(0, &whole);
    let first = instructions(&stage.get("/a"));
    assert!(100 < first && first < all, "{first} of {all}");
    stage.set(0, &Given { streaming_strategy: stage.streamed_from(9), ..whole });
    assert_eq!(stage.get("/a").status, 502);
}
