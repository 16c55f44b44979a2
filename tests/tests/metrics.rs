//! `/metrics`: the text that Prometheus reads, with values that follow what happens.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use darkroom_api as api;
use darkroom_core::Digest;
use darkroom_tests::{Darkroom, Gateway, derivatives, network_with_root_key, put_assets_args, small_photos};

const PAGE: f64 = 65_536.0;

/// The values of all series.
struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Asks as a gateway does.
    fn of(darkroom: &Darkroom) -> Metrics {
        let gateway = Gateway::new(darkroom);
        let (request, response) = gateway.ask("GET", "/metrics", &[]);
        gateway.verify_skip(&request, &response).unwrap();
        assert_eq!(response.status_code, 200);
        let kind = response.headers.iter().find(|(name, _)| name == "content-type").unwrap();
        assert_eq!(kind.1, "text/plain; version=0.0.4; charset=utf-8");
        let now = darkroom.network.get_time().as_nanos_since_unix_epoch() / 1_000_000;
        Metrics(parse(std::str::from_utf8(&response.body).unwrap(), now))
    }

    #[track_caller]
    fn get(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("no {series} in {:?}", self.0.keys()))
    }

    #[track_caller]
    fn expect(&self, expected: &[(&str, f64)]) {
        for (series, value) in expected {
            assert_eq!(self.get(series), *value, "{series}");
        }
    }

    fn calls(&self, operation: &str) -> f64 {
        self.get(&format!("darkroom_operation_calls_total{{operation=\"{operation}\"}}"))
    }

    fn instructions(&self, operation: &str) -> f64 {
        self.get(&format!("darkroom_operation_instructions_total{{operation=\"{operation}\"}}"))
    }
}

/// Reads the text format, version 0.0.4, of which each line has to be in its place: help and type before the values of
/// a metric, no series twice, a number and the time in milliseconds behind each.
fn parse(text: &str, now: u64) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let (mut helped, mut typed) = (BTreeSet::new(), BTreeMap::new());
    let mut series = BTreeMap::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(!help.is_empty() && helped.insert(name), "{line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(typed.insert(name, kind).is_none(), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(["counter", "gauge"].contains(&kind), "{line}");
        } else {
            let [name, value, time] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let metric = name.split('{').next().unwrap();
            let allowed = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(metric.starts_with("darkroom_") && metric.chars().all(allowed), "{line}");
            assert!(helped.contains(metric) && typed.contains_key(metric), "{line}");
            if let Some(labels) = name.strip_prefix(metric).filter(|labels| !labels.is_empty()) {
                let (label, value) = labels[1..].strip_suffix("\"}").unwrap().split_once("=\"").unwrap();
                assert!(
                    !label.is_empty() && label.chars().all(allowed) && value.chars().all(allowed),
                    "{line}"
                );
            }
            assert_eq!(time, now.to_string(), "{line}");
            let value: f64 = value.parse().unwrap();
            assert!(value.is_finite() && value >= 0.0, "{line}");
            assert!(series.insert(name.to_owned(), value).is_none(), "{line}");
        }
    }
    assert!(typed.len() > 10 && typed.len() == helped.len());
    series
}

fn darkroom() -> Darkroom {
    Darkroom::on(network_with_root_key(), None)
}

#[test]
fn values_follow_an_upload_a_publication_an_upgrade_and_a_deletion() {
    let darkroom = darkroom();
    let photo = &small_photos()[0];
    let bytes = photo.bytes.len() as f64;
    let empty = Metrics::of(&darkroom);
    empty.expect(&[
        ("darkroom_items{state=\"published\"}", 0.0),
        ("darkroom_items{state=\"unpublished\"}", 0.0),
        ("darkroom_public_assets", 0.0),
        ("darkroom_stored_bytes", 0.0),
        ("darkroom_reserved_bytes", 0.0),
        ("darkroom_open_sessions", 0.0),
    ]);
    assert_eq!((empty.calls("begin_upload"), empty.instructions("begin_upload")), (0.0, 0.0));
    for memory in ["darkroom_stable_memory_bytes", "darkroom_heap_memory_bytes"] {
        assert!(empty.get(memory) > 0.0 && empty.get(memory) % PAGE == 0.0);
    }

    let upload = darkroom.begin(photo, None);
    Metrics::of(&darkroom).expect(&[
        ("darkroom_items{state=\"unpublished\"}", 1.0),
        ("darkroom_open_sessions", 1.0),
        ("darkroom_reserved_bytes", bytes),
        ("darkroom_stored_bytes", 0.0),
    ]);
    darkroom.put(&upload, photo, 0).unwrap();
    let once = Metrics::of(&darkroom);
    darkroom.put(&upload, photo, 0).unwrap();
    let twice = Metrics::of(&darkroom);
    assert_eq!((once.calls("put_chunk"), twice.calls("put_chunk")), (1.0, 2.0));
    assert!(once.instructions("put_chunk") > 1_000.0);
    assert!(twice.instructions("put_chunk") > once.instructions("put_chunk"));
    assert!(twice.get("darkroom_cycles") < once.get("darkroom_cycles"));

    let item = darkroom.finish(upload.session).unwrap().item;
    let args = put_assets_args(&item.id, &derivatives(photo).unwrap());
    let item = darkroom.update::<api::Result<api::Item>>("put_assets", (args,)).unwrap();
    let all: u64 = item.assets.iter().map(|asset| asset.size).sum();
    let stored: u64 = item.assets.iter().filter(|asset| asset.chunks > 0).map(|asset| asset.size).sum();
    let published = Metrics::of(&darkroom);
    published.expect(&[
        ("darkroom_items{state=\"published\"}", 1.0),
        ("darkroom_items{state=\"unpublished\"}", 0.0),
        ("darkroom_public_assets", item.assets.len() as f64),
        ("darkroom_public_contents", item.assets.len() as f64),
        ("darkroom_open_sessions", 0.0),
        ("darkroom_reserved_bytes", all as f64),
    ]);
    assert!(published.get("darkroom_stored_bytes") >= bytes && published.get("darkroom_chunks") >= 1.0);
    assert!(published.get("darkroom_stored_bytes") <= 2.0 * stored as f64);
    let cycles = darkroom.network.cycle_balance(darkroom.id) as f64;
    assert!((published.get("darkroom_cycles") / cycles - 1.0).abs() < 1e-6, "{cycles}");
    assert!(published.get("darkroom_liquid_cycles") < published.get("darkroom_cycles"));

    darkroom.upgrade();
    let upgraded = Metrics::of(&darkroom);
    assert_eq!((upgraded.calls("put_chunk"), upgraded.instructions("put_chunk")), (0.0, 0.0));
    upgraded.expect(&[("darkroom_public_assets", item.assets.len() as f64)]);

    darkroom.update::<api::Result<api::Freed>>("delete_item", (item.id,)).unwrap();
    for _ in 0..20 {
        darkroom.network.tick();
    }
    let deleted = Metrics::of(&darkroom);
    deleted.expect(&[
        ("darkroom_items{state=\"published\"}", 0.0),
        ("darkroom_public_assets", 0.0),
        ("darkroom_public_contents", 0.0),
        ("darkroom_stored_bytes", 0.0),
        ("darkroom_reserved_bytes", 0.0),
        ("darkroom_blobs_being_freed", 0.0),
    ]);
    assert_eq!(deleted.calls("delete_item"), 1.0);
    assert!(deleted.instructions("delete_item") > 1_000.0);
}

#[test]
fn jobs_are_counted_as_they_wait_and_run() {
    let darkroom = darkroom();
    let mut pipelines: Vec<api::Pipeline> = darkroom.query("pipelines", ());
    for stage in pipelines[0].lanes.iter_mut().flat_map(|lane| &mut lane.stages).skip(1) {
        stage.placement = Some(api::Placement::Canister);
    }
    darkroom.configure(api::InitArgs { pipelines: Some(pipelines), ..Default::default() });
    let jobs = |metrics: &Metrics| {
        ["queued", "running"].map(|state| metrics.get(&format!("darkroom_jobs{{state=\"{state}\"}}")))
    };
    // Three stages, of which each round may run some.
    let photo = &small_photos()[0];
    let upload = darkroom.begin(photo, None);
    let sha256 = Digest::of(&photo.bytes).0.into();
    let bytes = photo.bytes.clone().into();
    let chunk = api::PutChunk { session: upload.session, index: 0, bytes, sha256 };
    let chunk = candid::encode_one(chunk).unwrap();
    darkroom.network.submit_call(darkroom.id, darkroom.owner, "put_chunk", chunk).unwrap();
    let mut seen = Vec::new();
    while darkroom.item(&upload.item).unwrap().state != api::item_state::PUBLISHED {
        darkroom.network.tick();
        let [queued, running] = jobs(&Metrics::of(&darkroom));
        assert!(running <= 1.0 && queued + running <= 3.0, "{queued} queued, {running} running");
        seen.push((queued, running));
        assert!(seen.len() < 100, "{seen:?}");
    }
    assert!(seen.iter().any(|(queued, running)| queued + running > 0.0), "{seen:?}");
    let settled = Metrics::of(&darkroom);
    assert_eq!(jobs(&settled), [0.0, 0.0]);
    assert!(settled.calls("run_job") >= 1.0);
    assert!(settled.instructions("run_job") > 1e6);
}

#[test]
fn only_the_very_path_is_not_certified_and_only_reading_is_allowed() {
    let darkroom = darkroom();
    let gateway = Gateway::new(&darkroom);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let (request, response) = gateway.ask(method, "/metrics", &[]);
        gateway.verify_skip(&request, &response).unwrap();
        assert_eq!(response.status_code, 405);
        assert!(response.headers.contains(&("allow".to_owned(), "GET, HEAD".to_owned())));
    }
    let (request, head) = gateway.ask("HEAD", "/metrics?x=y", &[]);
    gateway.verify_skip(&request, &head).unwrap();
    assert_eq!((head.status_code, head.body.len()), (200, 0));
    for url in ["/metrics/", "/metrics/x", "/metrics/x/y", "/Metrics", "/metricsx"] {
        assert_eq!(gateway.get("GET", url, &[]).status_code, 404, "{url}");
    }
    // The answer on the path is good for no other.
    let (request, response) = gateway.ask("GET", "/metrics", &[]);
    for url in ["/metrics/x", "/x"] {
        let elsewhere = api::HttpRequest { url: url.to_owned(), ..request.clone() };
        gateway.verify_skip(&elsewhere, &response).unwrap_err();
    }
}
