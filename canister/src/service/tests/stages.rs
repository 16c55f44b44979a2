//! Which stages run together, and what becomes of those that cannot.

use super::*;

/// Preview, thumbnail and placeholder, all made here and straight from the original.
fn open_flat(memory: &VectorMemory, images: api::ImageLimits) -> TestService {
    let stage = |asset: &str, source: Option<&str>, params: &str| api::Stage {
        asset: asset.to_owned(),
        processor: asset.to_owned(),
        source: source.map(str::to_owned),
        placement: Some(api::Placement::Canister),
        storage: None,
        optional: None,
        verify: None,
        params: Some(params.to_owned()),
    };
    let original = api::Stage { placement: None, params: None, ..stage("original", None, "") };
    let stages = vec![
        original,
        stage("preview", Some("original"), r#"{"max_edge":300}"#),
        stage("thumbnail", Some("original"), r#"{"width":64,"height":64}"#),
        stage("placeholder", Some("original"), "{}"),
    ];
    let lane = api::Lane { name: "all".to_owned(), stages };
    let args = api::InitArgs {
        pipelines: Some(vec![api::Pipeline { name: "flat".to_owned(), lanes: vec![lane] }]),
        access: Some(api::Access::Authenticated),
        limits: Some(api::Limits { images: Some(images), ..api::Limits::default() }),
        ..Default::default()
    };
    Service::open(memory.clone(), darkroom_processors::registry().unwrap(), &args).unwrap()
}

fn upload(service: &mut TestService) -> api::Item {
    upload_photo(service, Vec::new())
}

/// States, sources first, with what went wrong.
fn messages(service: &TestService, item: &api::Item) -> Vec<(String, String, Option<String>)> {
    let item = service.describe(owner(1), &item.id).unwrap();
    let state = |stage: api::StageStatus| (stage.asset, stage.state, stage.error.map(|error| error.message));
    item.stages.into_iter().map(state).collect()
}

fn instructions(most: u64) -> api::ImageLimits {
    api::ImageLimits { max_stage_instructions: Some(most), ..api::ImageLimits::default() }
}

#[test]
fn stages_of_one_source_share_a_message() {
    let mut service = open_flat(&VectorMemory::default(), api::ImageLimits::default());
    let item = upload(&mut service);
    assert_eq!(run_all(&mut service), 1);
    let together = service.describe(owner(1), &item.id).unwrap();
    assert_eq!((together.state.as_str(), together.assets.len()), (api::item_state::PUBLISHED, 4));
    assert!(!service.has_jobs());
    // Alone each makes the same.
    let mut service = open_flat(&VectorMemory::default(), api::ImageLimits::default());
    let item = upload(&mut service);
    while let Some(job) = service.next_job(2) {
        service.isolate_job(job.number).unwrap();
        let again = service.next_job(2).unwrap();
        assert_eq!((again.number, again.has_company), (job.number, false));
        service.run_job(job.number, 2).unwrap();
    }
    let alone = service.describe(owner(1), &item.id).unwrap();
    assert_eq!(alone.state, api::item_state::PUBLISHED);
    for (one, other) in alone.assets.iter().zip(&together.assets) {
        assert_eq!((&one.name, &one.sha256), (&other.name, &other.sha256));
    }
}

#[test]
fn after_a_trap_in_company_a_stage_runs_alone() {
    let mut service = open_flat(&VectorMemory::default(), api::ImageLimits::default());
    let item = upload(&mut service);
    let job = service.next_job(2).unwrap();
    assert!(job.has_company);
    service.isolate_job(job.number).unwrap();
    service.next_job(2).unwrap();
    service.run_job(job.number, 2).unwrap();
    let done: Vec<_> = messages(&service, &item).into_iter().map(|(_, state, _)| state).collect();
    use api::stage_state::{DONE, QUEUED};
    assert_eq!(done, [DONE, QUEUED, QUEUED]);
    // The others still share one.
    assert_eq!(run_all(&mut service), 1);
    assert_eq!(service.describe(owner(1), &item.id).unwrap().state, api::item_state::PUBLISHED);
}

#[test]
fn what_went_wrong_in_company_counts_as_nobodys_attempt() {
    let mut service = open_flat(&VectorMemory::default(), api::ImageLimits::default());
    let item = upload(&mut service);
    let attempts = |service: &TestService| service.describe(owner(1), &item.id).unwrap().stages[0].attempts;
    let job = service.next_job(2).unwrap();
    assert_eq!(attempts(&service), 1);
    service.isolate_job(job.number).unwrap();
    assert_eq!(attempts(&service), 0);
    // Interrupted alone it counts, and the fourth time it fails.
    for attempt in 1..=3 {
        assert_eq!(service.next_job(2).unwrap().number, job.number);
        service.postpone_job(job.number, Some("no memory was left".to_owned())).unwrap();
        assert_eq!(attempts(&service), attempt);
    }
    assert_ne!(service.next_job(2).unwrap().number, job.number);
    let (_, state, error) = messages(&service, &item).remove(0);
    assert_eq!(state, api::stage_state::FAILED);
    assert_eq!(error.as_deref(), Some("interrupted 3 times, last: no memory was left"));
}

#[test]
fn a_pipeline_that_holds_together_no_longer_fails_its_jobs_and_no_others() {
    let mut service = open_flat(&VectorMemory::default(), api::ImageLimits::default());
    let broken = upload(&mut service);
    let id: ItemId = broken.id.parse().unwrap();
    let mut record = service.store.items.get(&id.0).unwrap().unwrap();
    let draft = record.draft.as_mut().unwrap();
    let stages = draft.pipeline.lanes.iter_mut().flat_map(|lane| &mut lane.stages);
    stages.filter(|stage| stage.asset.as_str() != "original").for_each(|stage| {
        stage.processor = "gone".to_owned();
    });
    service.store.items.insert(id.0, &record);
    let sound = upload(&mut service);
    run_all(&mut service);
    for (asset, state, error) in messages(&service, &broken) {
        assert_eq!(state, api::stage_state::FAILED, "{asset}");
        assert!(error.unwrap().contains("gone"), "{asset}");
    }
    assert_eq!(service.describe(owner(1), &sound.id).unwrap().state, api::item_state::PUBLISHED);
    assert!(!service.has_jobs());
}

#[test]
fn what_does_not_fit_together_runs_apart_and_what_cannot_fit_fails_with_its_estimate() {
    let mut service = open_flat(&VectorMemory::default(), api::ImageLimits::default());
    upload(&mut service);
    let budgets = [10_000_000u64, 100_000_000, 200_000_000, 1_000_000_000];
    let mut seen = Vec::new();
    for most in budgets {
        let mut service = open_flat(&VectorMemory::default(), instructions(most));
        let item = upload(&mut service);
        let messages_run = run_all(&mut service);
        let states = messages(&service, &item);
        let failed: Vec<_> = states.iter().filter_map(|(_, _, error)| error.clone()).collect();
        for error in &failed {
            assert!(error.ends_with(&format!(" instructions; at most {most} are allowed")), "{error}");
            let estimate: u64 = error.split_whitespace().nth(2).unwrap().parse().unwrap();
            assert!(estimate > most, "{error}");
        }
        seen.push((failed.len(), messages_run));
    }
    assert_eq!(seen.first(), Some(&(3, 3)), "{seen:?}");
    assert_eq!(seen.last(), Some(&(0, 1)), "{seen:?}");
    assert!(seen.iter().any(|(failed, messages)| *failed < 3 && *messages > 1), "{seen:?}");
}

#[test]
fn limits_of_images_are_named_with_what_was_found() {
    let pixels = |most| api::ImageLimits { max_pixels: Some(most), ..api::ImageLimits::default() };
    let output = |most| api::ImageLimits { max_output_pixels: Some(most), ..api::ImageLimits::default() };
    let memory = |most| api::ImageLimits { max_stage_memory: Some(most), ..api::ImageLimits::default() };
    let side = api::ImageLimits { max_side: Some(599), ..api::ImageLimits::default() };
    let bytes = api::ImageLimits { max_bytes: Some(1000), ..api::ImageLimits::default() };
    for (images, stage, expected) in [
        (pixels(239_999), 0, "image pixels is 240000; at most 239999 is allowed"),
        (side, 1, "image width is 600; at most 599 is allowed"),
        (bytes, 2, "; at most 1000 is allowed"),
        (output(59_999), 0, "image pixels of the result is 60000; at most 59999 is allowed"),
        (memory(1_000), 0, " bytes of memory; at most 1000 are allowed"),
    ] {
        let mut service = open_flat(&VectorMemory::default(), images);
        let item = upload(&mut service);
        run_all(&mut service);
        let (_, state, error) = messages(&service, &item).remove(stage);
        let error = error.unwrap_or_default();
        assert_eq!(state, api::stage_state::FAILED);
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn limits_are_checked_kept_and_told() {
    let memory = VectorMemory::default();
    let service = open_flat(&memory, api::ImageLimits { max_pixels: Some(5), ..instructions(7) });
    let images = |service: &TestService| service.limits().unwrap().images.unwrap();
    let found = images(&service);
    assert_eq!(
        (found.max_pixels, found.max_stage_instructions, found.max_side),
        (Some(5), Some(7), Some(65_535))
    );
    drop(service);
    let mut service =
        Service::open(memory, darkroom_processors::registry().unwrap(), &api::InitArgs::default()).unwrap();
    assert_eq!(images(&service), found, "an upgrade without arguments keeps them");
    let controller = Caller { controller: true, ..owner(2) };
    let args = |images| api::InitArgs {
        limits: Some(api::Limits { images: Some(images), ..api::Limits::default() }),
        ..api::InitArgs::default()
    };
    let error = service.configure(controller, &args(instructions(40_000_000_001))).unwrap_err();
    let text = "invalid configuration: limits.images.max_stage_instructions is 40000000001; 1 to 40000000000 are \
                allowed";
    assert_eq!(error.message, text);
    assert_eq!(images(&service), found);
}

#[test]
fn a_damaged_record_holds_up_no_other_job_and_no_list() {
    let memory = VectorMemory::default();
    let mut service = open_flat(&memory, api::ImageLimits::default());
    let published = upload(&mut service);
    run_all(&mut service);
    let [item, before, damaged, other] = [0; 4].map(|_| upload(&mut service));
    let id: ItemId = item.id.parse().unwrap();
    service.store.items.damage(&id.0);
    // Of the next the job cannot be read.
    let of_damaged = |key: &[u8; 8]| {
        let job = service.store.jobs.get(key).unwrap().unwrap();
        job.item.to_string() == damaged.id
    };
    let jobs: Vec<_> = service.store.jobs.keys(..).filter(|key| of_damaged(key)).collect();
    assert_eq!(jobs.len(), 3);
    jobs.iter().for_each(|key| service.store.jobs.damage(key));
    run_all(&mut service);
    for live in [&before, &other] {
        assert_eq!(service.describe(owner(1), &live.id).unwrap().state, api::item_state::PUBLISHED);
    }
    assert!(!service.has_jobs());
    let state = service.describe(owner(1), &damaged.id).unwrap().state;
    assert_eq!(state, api::item_state::PROCESSING);
    let last: ItemId = other.id.parse().unwrap();
    service.store.items.damage(&last.0);
    let page = service.list(owner(1), &api::ListItems::default()).unwrap();
    let listed: Vec<_> = page.items.into_iter().map(|item| item.id).collect();
    assert_eq!(listed, [before.id, published.id]);
}
