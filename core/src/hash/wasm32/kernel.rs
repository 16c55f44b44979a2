//! SHA-256 over whole blocks (FIPS 180-4, section 6.2.2) with SIMD128, for one, two or four chaining values.
//!
//! Written for few Wasm operators, as that is what the Internet Computer charges for. Three things make it cheap:
//!
//! - the schedules of four blocks are made together, one block to each 32-bit lane;
//! - four chaining values over blocks of their own have one lane each;
//! - two over the same blocks share the schedules. A working variable `x` of the first and `y` of the second are
//!   one vector `[x, x, y, y]`: a 64-bit left shift by `32 - n` leaves `x` rotated right by `n` in the upper half
//!   of its pair, for one shift instead of two and an or. After a round's additions only the upper halves are
//!   right; one swizzle doubles them again.

use core::arch::wasm32::{
    i8x16_shuffle, i8x16_swizzle, i32x4_add, i64x2_shl, u8x16, u32x4, u32x4_extract_lane, u32x4_shl,
    u32x4_shr, u32x4_splat, u64x2, v128, v128_bitselect, v128_xor,
};
use core::hint::black_box;

/// 16 big-endian words.
pub(super) type Block = [u8; 64];

/// Eight words, `H` in FIPS 180-4.
pub(super) type ChainingValue = [u32; 8];

/// `K + W` of four blocks: that of block `j` in round `t` is at `4 * t + j`.
type Schedules = [u32; 4 * 64];

/// One block's part of [`Schedules`]: from its first word to its last, with those of the others between them.
type Interleaved = [u32; 4 * 63 + 1];

/// FIPS 180-4, section 4.2.2.
const K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// Advances `value` over `blocks`.
pub(super) fn compress(value: &mut ChainingValue, blocks: &[Block]) {
    scheduled(blocks, |schedules, count| rounds(value, schedules, count));
}

/// Advances both values over the same `blocks`.
pub(super) fn compress_both(one: &mut ChainingValue, other: &mut ChainingValue, blocks: &[Block]) {
    // Known to the compiler, the indices would become a shuffle, which costs three times a swizzle.
    let double = black_box(u8x16(4, 5, 6, 7, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15));
    let mut both: [v128; 8] = core::array::from_fn(|i| u32x4(one[i], one[i], other[i], other[i]));
    scheduled(blocks, |schedules, count| rounds_of_both(&mut both, schedules, count, double));
    *one = both.map(|v| u32x4_extract_lane::<1>(v));
    *other = both.map(|v| u32x4_extract_lane::<3>(v));
}

/// Gives `use_them` the schedules of all blocks in their order, and of how many blocks (1 to 4) they are.
fn scheduled(blocks: &[Block], mut use_them: impl FnMut(&Schedules, usize)) {
    let mut schedules = [0; 4 * 64];
    let (fours, rest) = blocks.as_chunks::<4>();
    for four in fours {
        schedule(four, schedules.as_chunks_mut().0, lanes);
        use_them(&schedules, 4);
    }
    if !rest.is_empty() {
        let mut four = [[0; 64]; 4];
        four[..rest.len()].copy_from_slice(rest);
        schedule(&four, schedules.as_chunks_mut().0, lanes);
        use_them(&schedules, rest.len());
    }
}

/// Advances four values, one to each lane, each over a block of its own.
pub(super) fn compress_four(values: &mut [v128; 8], blocks: &[Block; 4]) {
    let mut schedules = [u32x4_splat(0); 64];
    schedule(blocks, &mut schedules, |words| words);
    rounds_of_four(values, &schedules);
}

/// FIPS 180-4, section 6.2.2, step 1, with `K` added: the words of all four blocks of each round as they are kept.
// Not inlined, here and below: what is stored here is loaded there, and the compiler, seeing both, would replace
// cheap loads by dear extractions of lanes.
#[inline(never)]
fn schedule<T>(four: &[Block; 4], out: &mut [T], keep: impl Fn(v128) -> T) {
    let out = &mut out[..64];
    let mut w = [u32x4_splat(0); 64];
    macro_rules! load { ($($t:literal)*) => { $(
        let front = u64x2(pair(&four[0], $t), pair(&four[1], $t));
        let back = u64x2(pair(&four[2], $t), pair(&four[3], $t));
        w[$t] = i8x16_shuffle::<3, 2, 1, 0, 11, 10, 9, 8, 19, 18, 17, 16, 27, 26, 25, 24>(front, back);
        w[$t + 1] = i8x16_shuffle::<7, 6, 5, 4, 15, 14, 13, 12, 23, 22, 21, 20, 31, 30, 29, 28>(front, back);
        out[$t] = keep(i32x4_add(w[$t], u32x4_splat(K[$t])));
        out[$t + 1] = keep(i32x4_add(w[$t + 1], u32x4_splat(K[$t + 1])));
    )* } }
    macro_rules! extend { ($($t:literal)*) => { $(
        w[$t] = i32x4_add(
            i32x4_add(sigma0(w[$t - 15]), w[$t - 16]),
            i32x4_add(sigma1(w[$t - 2]), w[$t - 7]),
        );
        out[$t] = keep(i32x4_add(w[$t], u32x4_splat(K[$t])));
    )* } }
    load!(0 2 4 6 8 10 12 14);
    extend!(16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39);
    extend!(40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63);
}

/// Words `t` and `t + 1`, as they lie in memory.
#[inline(always)]
fn pair(block: &Block, t: usize) -> u64 {
    let (words, _) = block.as_chunks::<8>();
    u64::from_le_bytes(words[t / 2])
}

/// Becomes one store.
#[inline(always)]
pub(super) fn lanes(v: v128) -> [u32; 4] {
    [
        u32x4_extract_lane::<0>(v),
        u32x4_extract_lane::<1>(v),
        u32x4_extract_lane::<2>(v),
        u32x4_extract_lane::<3>(v),
    ]
}

/// rotr 7, rotr 18, shr 3.
#[inline(always)]
fn sigma0(x: v128) -> v128 {
    let right = v128_xor(v128_xor(u32x4_shr(x, 7), u32x4_shr(x, 18)), u32x4_shr(x, 3));
    v128_xor(v128_xor(right, u32x4_shl(x, 25)), u32x4_shl(x, 14))
}

/// rotr 17, rotr 19, shr 10.
#[inline(always)]
fn sigma1(x: v128) -> v128 {
    let right = v128_xor(v128_xor(u32x4_shr(x, 17), u32x4_shr(x, 19)), u32x4_shr(x, 10));
    v128_xor(v128_xor(right, u32x4_shl(x, 15)), u32x4_shl(x, 13))
}

/// All 64 of `$round`, with the working variables renamed instead of moved.
macro_rules! all_rounds {
    ($round:ident, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
        all_rounds!($round, $a $b $c $d $e $f $g $h: 0 8 16 24 32 40 48 56)
    };
    ($round:ident, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident:
        $t:literal $($more:literal)*) => {
        $round!($a $b $c $d $e $f $g $h $t);
        $round!($h $a $b $c $d $e $f $g $t + 1);
        $round!($g $h $a $b $c $d $e $f $t + 2);
        $round!($f $g $h $a $b $c $d $e $t + 3);
        $round!($e $f $g $h $a $b $c $d $t + 4);
        $round!($d $e $f $g $h $a $b $c $t + 5);
        $round!($c $d $e $f $g $h $a $b $t + 6);
        $round!($b $c $d $e $f $g $h $a $t + 7);
        all_rounds!($round, $a $b $c $d $e $f $g $h: $($more)*);
    };
    ($round:ident, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident:) => {};
}

/// FIPS 180-4, section 6.2.2, steps 2 to 4, for both values: the first in the lower two lanes.
#[inline(never)]
fn rounds_of_both(both: &mut [v128; 8], schedules: &Schedules, count: usize, double: v128) {
    let mut values = *both;
    for kw in interleaved(schedules).take(count) {
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = values;
        macro_rules! round {
            ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident $t:expr) => {
                // rotr 6, 11, 25 and rotr 2, 13, 22.
                let sum1 = v128_xor(v128_xor(i64x2_shl($e, 26), i64x2_shl($e, 21)), i64x2_shl($e, 7));
                let sum0 = v128_xor(v128_xor(i64x2_shl($a, 30), i64x2_shl($a, 19)), i64x2_shl($a, 10));
                let choice = v128_bitselect($f, $g, $e);
                let majority = v128_bitselect($c, $b, v128_xor($a, $b));
                let t1 = i32x4_add(i32x4_add(i32x4_add(sum1, choice), $h), u32x4_splat(kw[4 * ($t)]));
                $d = i8x16_swizzle(i32x4_add($d, t1), double);
                $h = i8x16_swizzle(i32x4_add(i32x4_add(sum0, majority), t1), double);
            };
        }
        all_rounds!(round, a b c d e f g h);
        for (old, new) in values.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *old = i32x4_add(*old, new);
        }
    }
    *both = values;
}

/// The same for four values, one to each lane, with a schedule each.
#[inline(never)]
fn rounds_of_four(values: &mut [v128; 8], schedules: &[v128; 64]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *values;
    macro_rules! round {
        ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident $t:expr) => {
            let sum1 = rotated_and_added(
                [u32x4_shr($e, 6), u32x4_shr($e, 11), u32x4_shr($e, 25)],
                [u32x4_shl($e, 26), u32x4_shl($e, 21), u32x4_shl($e, 7)],
            );
            let sum0 = rotated_and_added(
                [u32x4_shr($a, 2), u32x4_shr($a, 13), u32x4_shr($a, 22)],
                [u32x4_shl($a, 30), u32x4_shl($a, 19), u32x4_shl($a, 10)],
            );
            let choice = v128_bitselect($f, $g, $e);
            let majority = v128_bitselect($c, $b, v128_xor($a, $b));
            let t1 = i32x4_add(i32x4_add(i32x4_add(sum1, choice), $h), schedules[$t]);
            $d = i32x4_add($d, t1);
            $h = i32x4_add(i32x4_add(sum0, majority), t1);
        };
    }
    all_rounds!(round, a b c d e f g h);
    for (old, new) in values.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *old = i32x4_add(*old, new);
    }
}

/// Three rotations, each in its two halves, added bit by bit.
#[inline(always)]
fn rotated_and_added(right: [v128; 3], left: [v128; 3]) -> v128 {
    let half = |[one, two, three]: [v128; 3]| v128_xor(v128_xor(one, two), three);
    v128_xor(half(right), half(left))
}

/// The same for one value, where rotations of plain words are the cheapest.
#[inline(never)]
#[expect(unused_assignments, reason = "no round follows the last one")]
fn rounds(value: &mut ChainingValue, schedules: &Schedules, count: usize) {
    let mut values = *value;
    for kw in interleaved(schedules).take(count) {
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = values;
        let mut bc = b ^ c;
        macro_rules! round {
            ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident $t:expr) => {
                let sum1 = $e.rotate_right(6) ^ $e.rotate_right(11) ^ $e.rotate_right(25);
                let sum0 = $a.rotate_right(2) ^ $a.rotate_right(13) ^ $a.rotate_right(22);
                let choice = (($f ^ $g) & $e) ^ $g;
                // This round's a and b are the next one's b and c.
                let ab = $a ^ $b;
                let majority = (ab & bc) ^ $b;
                bc = ab;
                let t1 = sum1.wrapping_add(choice).wrapping_add($h).wrapping_add(kw[4 * ($t)]);
                $d = $d.wrapping_add(t1);
                $h = sum0.wrapping_add(majority).wrapping_add(t1);
            };
        }
        all_rounds!(round, a b c d e f g h);
        for (old, new) in values.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *old = old.wrapping_add(new);
        }
    }
    *value = values;
}

/// The four blocks' parts.
#[inline(always)]
fn interleaved(schedules: &Schedules) -> impl Iterator<Item = &Interleaved> {
    // A part whose address the compiler cannot trace is read by constant offsets. Otherwise it counts each address up.
    schedules.array_windows().map(black_box)
}
