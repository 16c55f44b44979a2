//! Repetitions in a picture: LZ77 with hash chains of bounded length.

use super::Argb;

/// A piece of the entropy-coded image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// One pixel.
    Literal(Argb),
    /// Pixels that stood before.
    Repeat {
        /// How many, at most [`MAX_LENGTH`].
        length: u32,
        /// From where, as VP8L counts: the neighbours first.
        distance: u32,
    },
}

const MAX_LENGTH: usize = 4096;
/// Shorter ones do not pay.
const MIN_LENGTH: usize = 3;
/// How many earlier places are looked at.
const CHAIN: usize = 24;
const HASH_BITS: u32 = 15;
/// The farthest that VP8L can name: 2^20 less the codes of the neighbours.
const WINDOW: usize = (1 << 20) - 120;

/// The first codes name neighbours, as (columns to the left, rows above).
const NEIGHBOURS: [(isize, usize); 14] = [
    (0, 1),
    (1, 0),
    (1, 1),
    (-1, 1),
    (0, 2),
    (2, 0),
    (1, 2),
    (-1, 2),
    (2, 1),
    (-2, 1),
    (2, 2),
    (-2, 2),
    (0, 3),
    (3, 0),
];
/// Codes from here on are distances in pixels.
const NEIGHBOUR_CODES: usize = 120;

const NONE: u32 = u32::MAX;

/// The picture in tokens: at each place the longest repetition, the nearest of equals.
pub(super) fn tokens(pixels: &[Argb], width: usize) -> Vec<Token> {
    let near: Vec<usize> =
        NEIGHBOURS.iter().map(|(left, up)| (up * width).saturating_add_signed(*left)).collect();
    let code = |distance: usize| {
        let place = near.iter().position(|near| *near == distance);
        let code = place.map_or(distance + NEIGHBOUR_CODES, |place| place + 1);
        u32::try_from(code).unwrap_or(u32::MAX)
    };
    let mut chains = Chains::new(pixels.len());
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < pixels.len() {
        let (length, distance) = chains.longest(pixels, at, &near);
        if length >= MIN_LENGTH {
            tokens
                .push(Token::Repeat { length: u32::try_from(length).unwrap_or(0), distance: code(distance) });
        } else {
            tokens.push(Token::Literal(pixels[at]));
        }
        let step = if length >= MIN_LENGTH { length } else { 1 };
        for at in at..at + step {
            chains.add(pixels, at);
        }
        at += step;
    }
    tokens
}

/// The places where three pixels of a hash stood, latest first.
struct Chains {
    heads: Vec<u32>,
    earlier: Vec<u32>,
}

impl Chains {
    fn new(length: usize) -> Chains {
        Chains { heads: vec![NONE; 1 << HASH_BITS], earlier: vec![NONE; length] }
    }

    fn hash(pixels: &[Argb], at: usize) -> Option<usize> {
        let three = pixels.get(at..at + MIN_LENGTH)?;
        let mixed = three.iter().fold(0u32, |mixed, pixel| {
            (mixed.rotate_left(11) ^ u32::from_le_bytes(*pixel)).wrapping_mul(0x9e37_79b1)
        });
        Some((mixed >> (32 - HASH_BITS)) as usize)
    }

    fn add(&mut self, pixels: &[Argb], at: usize) {
        if let (Some(hash), Ok(place)) = (Chains::hash(pixels, at), u32::try_from(at)) {
            self.earlier[at] = std::mem::replace(&mut self.heads[hash], place);
        }
    }

    /// Length and distance of the best repetition; length 0 where there is none.
    fn longest(&self, pixels: &[Argb], at: usize, near: &[usize]) -> (usize, usize) {
        let Some(hash) = Chains::hash(pixels, at) else { return (0, 0) };
        let mut best = (0, 0);
        let mut consider = |distance: usize| {
            let limit = (pixels.len() - at).min(MAX_LENGTH);
            let (now, then) = (&pixels[at..at + limit], &pixels[at - distance..]);
            // Only what is longer in its last pixel can be better.
            if best.0 < limit && now[best.0] == then[best.0] {
                let length = now.iter().zip(then).take_while(|(now, then)| now == then).count();
                if length > best.0 {
                    best = (length, distance);
                }
            }
            best.0 == limit
        };
        for distance in near.iter().take(2).filter(|distance| (1..=at).contains(*distance)) {
            if consider(*distance) {
                return best;
            }
        }
        let mut place = self.heads[hash];
        for _ in 0..CHAIN {
            if place == NONE {
                break;
            }
            let distance = at - place as usize;
            if distance > WINDOW || consider(distance) {
                break;
            }
            place = self.earlier[place as usize];
        }
        best
    }
}
