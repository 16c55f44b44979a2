//! The gallery against a sorted list.

use std::collections::BTreeMap;

use ic_stable_structures::VectorMemory;
use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
use proptest::prelude::*;

use super::*;

fn gallery() -> Gallery<VectorMemory> {
    let manager = MemoryManager::init(VectorMemory::default());
    let get = |id| manager.get(MemoryId::new(id));
    Gallery::open(get(0), get(1), get(2))
}

fn entry(number: u8) -> EntryRecord {
    let picture = PictureRecord { asset: AssetName::original(), meta: Meta::default() };
    EntryRecord {
        item: ItemId([number; 10]),
        file_name: format!("{number}.jpg"),
        // Some at the same time.
        published_at: u64::from(number / 3),
        placeholder: None,
        thumbnail: picture.clone(),
        preview: picture,
    }
}

fn place(number: u8) -> Place {
    Place::new(u64::from(number / 3), ItemId([number; 10]))
}

/// What is on a page, and where it leads.
type Seen = (Vec<u8>, Option<Place>);

/// All pages from the newest on, with what is on each and where it leads.
fn pages(gallery: &Gallery<VectorMemory>) -> BTreeMap<Place, Seen> {
    let mut pages = BTreeMap::new();
    let mut next = gallery.newest();
    while let Some(page) = next {
        let entries = gallery.page(page).unwrap().unwrap();
        next = gallery.older(page);
        pages.insert(page, (entries.iter().map(|entry| entry.item.0[0]).collect(), next));
    }
    pages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn all_entries_are_on_pages_in_order_and_every_other_page_is_told(
        changes in prop::collection::vec((any::<u8>(), prop::bool::weighted(0.7)), 1..150),
    ) {
        let mut gallery = gallery();
        let mut known = std::collections::BTreeSet::new();
        let mut before = BTreeMap::new();
        for (number, is_added) in changes {
            let told = if is_added {
                known.insert(number);
                gallery.put(&entry(number))
            } else {
                known.remove(&number);
                gallery.remove(place(number))
            };
            let after = pages(&gallery);
            let found: Vec<u8> = after.values().rev().flat_map(|(entries, _)| entries.clone()).collect();
            prop_assert_eq!(&found, &known.iter().rev().copied().collect::<Vec<_>>());
            prop_assert_eq!(gallery.len(), found.len() as u64);
            prop_assert!(after.values().all(|(entries, _)| (1..=PAGE).contains(&entries.len())));
            for page in before.keys().chain(after.keys()) {
                prop_assert!(before.get(page) == after.get(page) || told.contains(page), "{}", page);
            }
            prop_assert!(told.len() <= 3);
            before = after;
        }
    }
}

#[test]
fn pages_are_full_when_entries_come_in_order() {
    let mut gallery = gallery();
    (0..100).for_each(|number| drop(gallery.put(&entry(number))));
    let counts: Vec<_> = pages(&gallery).values().map(|(entries, _)| entries.len()).collect();
    assert_eq!(counts, [16, 16, 16, 16, 16, 16, 4]);
}

#[test]
fn pages_are_found_by_their_files_and_by_no_other_name() {
    for place in [START, place(0), place(77), Place::new(u64::MAX, ItemId([255; 10]))] {
        assert_eq!(Place::of_file(&place.file_name()), Some(place));
    }
    let id = "aaaaaaaaaaaaaaaa";
    assert_eq!(START.file_name(), format!("0-{id}.json"));
    for name in [
        format!("0-{id}"),
        format!("00-{id}.json"),
        format!("+1-{id}.json"),
        format!("-1-{id}.json"),
        format!("0-{id}.json.json"),
        format!("99999999999999999999-{id}.json"),
        "0-a.json".to_owned(),
        ".json".to_owned(),
    ] {
        assert_eq!(Place::of_file(&name), None, "{name}");
    }
}
