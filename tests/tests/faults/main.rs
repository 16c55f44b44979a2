//! Every fault by every operation: what the caller sees, that the store agrees with itself right after it, and that a
//! client that goes on comes to exactly what it would have come to without.
//!
//! `docs/reliability.md` is made of it; `DARKROOM_BLESS=1` writes it anew.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fault;
mod operation;
mod table;
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use darkroom_localnet::PocketIcServer;
use fault::{FAULTS, Fault, Killable};
use operation::{OPERATIONS, Operation};
use world::{View, World};

/// The same without a fault.
fn clean(operation: Operation, is_filled: bool) -> View {
    let mut world = World::new(darkroom_tests::network_with_root_key());
    operation.prepare(&mut world);
    if is_filled {
        world.fill(operation.room());
    }
    let seen = operation.act(&mut world);
    assert!(["ok", "206, certified"].contains(&seen.as_str()), "{operation:?}: {seen}");
    operation.complete(&mut world);
    world.check(&format!("{operation:?} without a fault"));
    world.view()
}

/// What is seen in a cell of the table.
fn cell(operation: Operation, fault: Fault, expected: &View) -> String {
    let (mut process, network) = match fault {
        Fault::Killed => {
            let (killable, network) = Killable::start();
            (Some(killable), network)
        }
        _ => (None, darkroom_tests::network_with_root_key()),
    };
    let mut world = World::new(network);
    operation.prepare(&mut world);
    if fault.is_filled() {
        world.fill(operation.room());
    }
    let name = format!("{operation:?}, {fault:?}");
    let seen = fault.apply(operation, &mut world, &mut process);
    world.check(&format!("{name}: right after ({seen})"));
    let failure = world.failure();
    operation.complete(&mut world);
    world.check(&format!("{name}: in the end ({seen})"));
    assert_eq!(&world.view(), expected, "{name}: not what it would have come to ({seen})");
    if let Some(process) = process {
        process.end(world);
    }
    match failure {
        Some(failure) => format!("{seen}; {failure}"),
        None => seen,
    }
}

#[test]
fn every_fault_by_every_operation() {
    let views: Mutex<BTreeMap<(Operation, bool), View>> = Mutex::default();
    let all: Vec<(Operation, Fault)> =
        OPERATIONS.iter().flat_map(|operation| FAULTS.map(|fault| (*operation, fault))).collect();
    let (next, cells) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let wanted = std::env::var("DARKROOM_CELL").ok();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((operation, fault)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = format!("{operation:?} {fault:?}");
                    if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted)) {
                        continue;
                    }
                    let key = (*operation, fault.is_filled());
                    let known = views.lock().unwrap().get(&key).cloned();
                    let expected = known.unwrap_or_else(|| clean(*operation, fault.is_filled()));
                    let seen = cell(*operation, *fault, &expected);
                    println!("{name}: {seen}");
                    views.lock().unwrap().insert(key, expected);
                    cells.lock().unwrap().insert((*fault, *operation), seen);
                }
            });
        }
    });
    if wanted.is_none() {
        table::compare(&cells.into_inner().unwrap());
    }
}

/// Not a test: the process that is killed.
#[test]
#[ignore = "a process of the other test"]
fn server_process() {
    let server = PocketIcServer::start(0).unwrap();
    println!("url {}", server.url());
    // Until it is killed, or who started it is gone.
    let _ = std::io::read_to_string(std::io::stdin());
}
