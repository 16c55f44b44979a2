//! The window, step by step and under random events.

use proptest::prelude::*;

use super::*;

fn grown(deliveries: usize) -> Window {
    let mut window = Window::new(MOST);
    (0..deliveries).for_each(|_| window.delivered(true));
    window
}

#[test]
fn it_doubles_to_the_threshold_and_then_adds_one_per_window() {
    assert_eq!(grown(0).size(), START);
    assert_eq!(grown(START).size(), 2 * START, "a full window delivered doubles it");
    let at_threshold = THRESHOLD - START;
    assert_eq!(grown(at_threshold).size(), THRESHOLD);
    assert_eq!(grown(at_threshold + THRESHOLD - 1).size(), THRESHOLD);
    assert_eq!(grown(at_threshold + THRESHOLD).size(), THRESHOLD + 1);
    assert_eq!(grown(10_000).size(), MOST);
}

#[test]
fn it_has_no_more_places_than_it_may() {
    for most in [0, 1, 3, 5, 17] {
        let mut window = Window::new(most);
        assert_eq!(window.size(), most.clamp(1, START));
        (0..1_000).for_each(|_| window.delivered(true));
        assert_eq!(window.size(), most.max(1));
    }
}

#[test]
fn what_was_not_used_does_not_grow() {
    let mut window = Window::new(MOST);
    (0..1000).for_each(|_| window.delivered(false));
    assert_eq!(window.size(), START);
}

#[test]
fn overload_halves_once_for_all_that_was_sent_before() {
    let mut window = grown(THRESHOLD - START);
    // Sixteen on their way, numbers 0 to 15; all are turned away.
    (0..16).for_each(|number| window.overloaded(number, 16));
    assert_eq!(window.size(), THRESHOLD / 2);
    window.overloaded(16, 20);
    assert_eq!(window.size(), THRESHOLD / 4);
    // From a cut it grows slowly.
    (0..THRESHOLD / 4).for_each(|_| window.delivered(true));
    assert_eq!(window.size(), THRESHOLD / 4 + 1);
}

#[test]
fn one_always_remains() {
    let mut window = Window::new(MOST);
    (0..50).for_each(|number| window.overloaded(number, number + 1));
    assert_eq!(window.size(), 1);
    window.delivered(true);
    assert_eq!(window.size(), 2, "and it recovers");
}

proptest! {
    #[test]
    fn it_keeps_its_bounds_and_moves_as_it_says(events in proptest::collection::vec((0u8..4, 0u64..20), 0..500)) {
        let mut window = Window::new(MOST);
        for (next, (event, back)) in (20..).zip(events) {
            let before = window.clone();
            match event {
                0 => {
                    window.overloaded(next - back.min(next), next);
                    prop_assert!(window.size() == before.size || window.size() == (before.size / 2).max(1));
                }
                full => {
                    window.delivered(full > 1);
                    prop_assert!(window.size() - before.size <= usize::from(full > 1));
                }
            }
            prop_assert!((1..=MOST).contains(&window.size()));
            prop_assert!(window.threshold >= 1 && window.credit <= window.size());
        }
    }
}
