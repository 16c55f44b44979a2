//! Stable memory that the present Wasm cannot work with is refused, and stays as it is.

use darkroom_api as api;
use darkroom_tests::{Darkroom, principal, small_photos};

use crate::layouts::present;
use crate::poker::{HEADER, poker, read, write};
use crate::published::{CYCLES, Published, args};

/// The first bytes of a memory manager that is not Darkroom's: one page in one memory, and that is not the header's.
fn manager_of_another(memory: u8) -> Vec<u8> {
    // Magic, version, buckets in use, pages of a bucket; sizes of 255 memories from 40 on; owners of buckets behind.
    let mut bytes = vec![0; 40 + 255 * 8];
    bytes[..8].copy_from_slice(b"MGR\x01\x01\0\x80\0");
    bytes[40 + usize::from(memory) * 8] = 1;
    bytes.push(memory);
    bytes.extend([0xff; 100]);
    bytes
}

#[test]
fn memory_that_darkroom_did_not_write_is_refused_and_kept() {
    let darkroom = Darkroom::of(&poker(), None, CYCLES);
    let body = b"somebody's o";
    let contents = [b"somebody's bytes".to_vec(), manager_of_another(0), manager_of_another(7)];
    for content in &contents {
        write(&darkroom, 0, content);
        write(&darkroom, 65_536, body);
        let message = darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap_err().reject_message;
        let expected = "stable memory holds something that Darkroom did not write";
        assert!(message.contains(expected), "{:?}: {message}", &content[..16]);
        assert_eq!(
            (&read(&darkroom, 0)[..], &read(&darkroom, 65_536)[..]),
            (&content[..12], body.as_slice())
        );
        let last = content.len() - 12;
        assert_eq!(read(&darkroom, last as u64), content[last..]);
    }
}

#[test]
fn a_newer_layout_is_refused_and_kept() {
    let present = present();
    let darkroom = Darkroom::with(Some(args()));
    let published =
        Published::new(&darkroom, principal(1), &small_photos()[0], "key", api::Visibility::Public);
    let usage = darkroom.usage_as(principal(1));
    darkroom.upgrade_to(&poker()).unwrap();
    let header = [b"DRKROOM\0".as_slice(), &present.to_le_bytes()].concat();
    assert_eq!(read(&darkroom, HEADER), header);
    for (version, expected) in [
        (present + 1, format!("layout version {}; this Wasm knows versions up to {present}", present + 1)),
        (u32::MAX, format!("layout version {}; this Wasm knows versions up to {present}", u32::MAX)),
        (0, "stable memory holds something that Darkroom did not write".to_owned()),
    ] {
        write(&darkroom, HEADER + 8, &version.to_le_bytes());
        let message = darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap_err().reject_message;
        assert!(message.contains(&expected), "{message}");
        assert_eq!(read(&darkroom, HEADER + 8)[..4], version.to_le_bytes());
    }
    write(&darkroom, HEADER, b"SOMEBODY");
    let message = darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap_err().reject_message;
    assert!(message.contains("did not write"), "{message}");
    // With the header as it was, everything is.
    write(&darkroom, HEADER, &header);
    darkroom.upgrade_to(darkroom_wasm::CANISTER).unwrap();
    assert_eq!(darkroom.usage_as(principal(1)), usage);
    published.assert_there(&darkroom);
}
