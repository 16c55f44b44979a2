#!/bin/sh
# Runs the golden tests as other machines would: on Arm, and on x86-64 with less and with more SIMD than this one
# may have. Not part of CI: it builds everything for a second target and emulates.
#
#     codec/tests/machines.sh [arm] [x86-64]
#
# Needs, on Debian: apt install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
#                   rustup target add aarch64-unknown-linux-gnu
#
# x86-64 levels are QEMU's models of processors; what runs is chosen at run time by fast_image_resize and
# archmage from what the processor says it has. QEMU emulates no AVX-512: `native` runs what this machine has.
set -eu
cd "$(dirname "$0")/../.."

for program in qemu-aarch64 qemu-x86_64 aarch64-linux-gnu-gcc; do
    command -v "$program" >/dev/null || {
        echo "$program is missing: apt install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross" >&2
        exit 1
    }
done

# Each table of goldens, and the division by alpha, of which all results are known.
goldens() {
    cargo test --target "$1" -p darkroom-jpeg -p darkroom-codec -p darkroom-dominant-colors -p darkroom-metadata \
        -p darkroom-placeholder -p darkroom-preview -p darkroom-thumbnail \
        -p darkroom-watermark --test it --test goldens --test conformance -- \
        pixels_are_the_same_everywhere fixtures_decode_to_the_bytes_of_the_table the_same_bytes_everywhere
    cargo test --target "$1" -p darkroom-codec --lib -- division_is_right_for_all_pairs
}

arm() {
    echo "== aarch64: NEON"
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    goldens aarch64-unknown-linux-gnu
    cargo test --target aarch64-unknown-linux-gnu -p darkroom-jpeg
}

x86_64() {
    # SSE2 alone; SSE4.2; AVX2 with FMA; all that QEMU has.
    for model in qemu64,-sse3,-ssse3,-sse4.1,-sse4.2,-popcnt Nehalem Haswell max; do
        echo "== x86-64: $model"
        CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="qemu-x86_64 -cpu $model" goldens x86_64-unknown-linux-gnu
    done
    echo "== x86-64: native"
    goldens x86_64-unknown-linux-gnu
}

for machine in "${@:-all}"; do
    case $machine in
    arm) arm ;;
    x86-64) x86_64 ;;
    all) arm && x86_64 ;;
    *) echo "usage: machines.sh [arm] [x86-64]" >&2 && exit 2 ;;
    esac
done
echo "== all goldens are the same"
