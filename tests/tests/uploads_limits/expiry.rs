//! Expiry: sessions that rest too long are reaped by a timer, a bounded number in each message, also when an
//! upgrade comes between; what they held is given back.

use darkroom_api as api;
use darkroom_tests::{Darkroom, File, files_from_all, principal};

use crate::{CHUNK, chunk, code, held, limits};

fn seconds(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}

#[test]
fn expired_sessions_are_reaped_by_a_timer_and_give_everything_back() {
    let args = limits(|limits| limits.session_seconds = Some(3600));
    let darkroom = Darkroom::with(Some(files_from_all(args)));
    let (a, b) = (principal(1), principal(2));
    let start = darkroom.usage_as(a);
    let file = File::new(1, 4 * chunk());
    let open = darkroom.begin_as(a, &file.declared(true, Some("key"))).unwrap();
    darkroom.put_of(a, &open, &file, 0).unwrap();
    darkroom.put_of(a, &open, &file, 2).unwrap();
    let waiting = darkroom.begin_as(a, &File::new(2, 4 * chunk()).declared(true, None)).unwrap();
    let used = darkroom.begin_as(b, &file.declared(true, None)).unwrap();
    // A chunk begins the time of its session anew, and so does the same key.
    for index in 0..3 {
        darkroom.network.advance_time(seconds(1800));
        darkroom.network.tick();
        let before = darkroom.status_as(b, used.session).unwrap().expires_at;
        darkroom.put_of(b, &used, &file, index).unwrap();
        assert!(darkroom.status_as(b, used.session).unwrap().expires_at > before);
    }
    // Those of the other owner have expired meanwhile: refused, whether the timer has come to them or not.
    let ended = [api::code::SESSION_EXPIRED, api::code::SESSION_NOT_FOUND];
    for session in [open.session, waiting.session] {
        assert!(ended.contains(&code(darkroom.finish_as(a, session)).as_str()));
    }
    assert!(ended.contains(&code(darkroom.put_of(a, &open, &file, 1)).as_str()));
    darkroom.later(600);
    darkroom.freed();
    assert_eq!(held(&darkroom.usage_as(a).own), (0, 0, 0));
    assert_eq!(code(darkroom.status_as(a, open.session)), api::code::SESSION_NOT_FOUND);
    assert_eq!(
        code(darkroom.query_as::<api::Result<api::Item>>(a, "item", (&open.item,))),
        api::code::ITEM_NOT_FOUND
    );
    // The key is free again, for other bytes too.
    let again = darkroom.begin_as(a, &File::new(3, 100).declared(true, Some("key"))).unwrap();
    assert_ne!((again.session, &again.item), (open.session, &open.item));
    darkroom.abort_as(a, again.session).unwrap();
    // The one that was in use goes on.
    let usage = darkroom.usage_as(b);
    assert_eq!((held(&usage.own), held(&usage.total)), ((file.size, 1, 1), (file.size, 1, 1)));
    assert_eq!((usage.store.bytes, usage.store.sessions), (3 * chunk(), 1));
    let item = darkroom.put_of(b, &used, &file, 3).unwrap().item.unwrap();
    darkroom.assert_stored(b, &item, &file);
    // A finished session's record expires as well; what it stored stays.
    darkroom.later(2 * 3600);
    assert_eq!(darkroom.store().sessions, 0);
    darkroom.assert_stored(b, &item, &file);
    darkroom.delete_as(b, &item.id).unwrap();
    darkroom.freed();
    assert_eq!(darkroom.usage_as(a), start);
}

#[test]
fn many_are_reaped_in_steps_with_an_upgrade_between() {
    let args = limits(|limits| limits.session_seconds = Some(60));
    let darkroom = Darkroom::with(Some(files_from_all(args)));
    let start = darkroom.usage_as(darkroom.owner);
    let count = 130u64;
    for number in 0..count {
        let owner = principal(u8::try_from(number % 3).unwrap());
        let file = File::new(number, chunk() + 100 + number);
        let upload = darkroom.begin_as(owner, &file.declared(true, None)).unwrap();
        darkroom.put_of(owner, &upload, &file, u32::from(number % 2 == 0)).unwrap();
    }
    let full = darkroom.usage_as(darkroom.owner);
    assert_eq!((full.total.items, full.store.sessions, full.store.chunks), (count, count, count));
    darkroom.network.advance_time(seconds(2 * 3600));
    // Each step is seen from outside: some are gone, and what the others hold is all there.
    let mut seen = vec![count];
    for round in 0..300 {
        darkroom.network.tick();
        let usage = darkroom.usage_as(darkroom.owner);
        let left = usage.store.sessions;
        assert_eq!((usage.total.items, u64::from(usage.total.open_sessions)), (left, left), "round {round}");
        if seen.last() != Some(&left) {
            seen.push(left);
            if (1..count).contains(&left) && seen.len() % 2 == 0 {
                darkroom.upgrade();
                // An upgrade ends the timers; the next interval finds the rest.
                darkroom.network.advance_time(seconds(700));
            }
        }
        if left == 0 && usage.store.being_freed == 0 {
            break;
        }
    }
    assert!(seen.len() > 3, "the sessions ended at once: {seen:?}");
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{seen:?}");
    assert_eq!(darkroom.usage_as(darkroom.owner), start);
}

#[test]
fn very_many_chunks_are_freed_in_steps_with_an_upgrade_between() {
    let darkroom = Darkroom::with(Some(files_from_all(limits(|_| ()))));
    let (owner, start) = (principal(1), darkroom.usage_as(principal(1)));
    let count = 1_100u32;
    let file = File::new(1, u64::from(count) * chunk());
    let upload = darkroom.begin_as(owner, &file.declared(false, None)).unwrap();
    let bytes = file.chunk(0, CHUNK);
    for index in 0..count {
        darkroom.put_bytes(owner, upload.session, index, &bytes).unwrap();
    }
    let freed = darkroom.abort_as(owner, upload.session).unwrap();
    assert_eq!(freed.bytes, file.size);
    // The quota is back at once, the bytes little by little.
    let usage = darkroom.usage_as(owner);
    assert_eq!(held(&usage.own), (0, 0, 0));
    assert_eq!(usage.store.being_freed, 1);
    assert!(usage.store.chunks > 0 && usage.store.chunks < u64::from(count), "{usage:?}");
    darkroom.upgrade();
    assert_eq!(darkroom.abort_as(owner, upload.session).unwrap(), freed);
    darkroom.freed();
    assert_eq!(darkroom.usage_as(owner), start);
}
