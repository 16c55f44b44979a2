//! A module that reads and writes stable memory as it is told, to look at what a canister has left there.

use darkroom_tests::Darkroom;

/// Where the header is: the first bucket of the memory manager, behind its own page.
pub(crate) const HEADER: u64 = 65_536;

/// A canister that reads and writes its stable memory as it is told.
pub(crate) fn poker() -> Vec<u8> {
    wat::parse_str(
        r#"(module
            (import "ic0" "msg_arg_data_size" (func $size (result i32)))
            (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
            (import "ic0" "msg_reply" (func $reply))
            (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
            (import "ic0" "stable64_size" (func $pages (result i64)))
            (import "ic0" "stable64_grow" (func $grow (param i64) (result i64)))
            (import "ic0" "stable64_read" (func $read (param i64 i64 i64)))
            (import "ic0" "stable64_write" (func $write (param i64 i64 i64)))
            (memory 1)
            (func $argument (call $copy (i32.const 0) (i32.const 0) (call $size)))
            ;; Offset (8 bytes), then what is written there.
            (func (export "canister_update write")
                (call $argument)
                (if (i64.eqz (call $pages)) (then (drop (call $grow (i64.const 300)))))
                (call $write (i64.load (i32.const 0)) (i64.const 8)
                    (i64.extend_i32_u (i32.sub (call $size) (i32.const 8))))
                (call $reply))
            ;; Offset (8 bytes); gives 12 bytes.
            (func (export "canister_query read")
                (call $argument)
                (call $read (i64.const 16) (i64.load (i32.const 0)) (i64.const 12))
                (call $append (i32.const 16) (i32.const 12))
                (call $reply)))"#,
    )
    .unwrap()
}

pub(crate) fn write(darkroom: &Darkroom, offset: u64, bytes: &[u8]) {
    let args = [&offset.to_le_bytes(), bytes].concat();
    darkroom.network.update_call(darkroom.id, darkroom.owner, "write", args).unwrap();
}

pub(crate) fn read(darkroom: &Darkroom, offset: u64) -> Vec<u8> {
    let args = offset.to_le_bytes().to_vec();
    darkroom.network.query_call(darkroom.id, darkroom.owner, "read", args).unwrap()
}
