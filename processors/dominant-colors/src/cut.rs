//! Modified median cut, in integers.
//!
//! A bucket is a box in the space of colours. Buckets are cut across their longest side until there are as many as
//! colours are wanted. The first three quarters of them come from the fullest bucket each, so that what there is most
//! of is told apart; the others from the bucket with the greatest product of contents and volume, so that small areas
//! of colours of their own are not lost. A bucket is cut not at its median but in the middle of the longer side of
//! it, which keeps a large even area together. (Paul Heckbert, Color Image Quantization for Frame Buffer Display,
//! SIGGRAPH 1982; Dan Bloomberg, Color quantization using modified median cut, 2008.)

use crate::histogram::Cell;

/// Colours that one stands for.
struct Bucket {
    cells: Vec<Cell>,
    /// The lowest and the highest place that is taken, for red, green and blue.
    bounds: [(u8, u8); 3],
    weight: u64,
}

/// At most `count` colours with what they count.
pub(crate) fn palette(cells: Vec<Cell>, count: usize) -> Vec<([u8; 3], u64)> {
    let mut buckets: Vec<Bucket> = Bucket::of(cells).into_iter().collect();
    while buckets.len() < count {
        let by_volume = buckets.len() * 4 >= count * 3;
        let key = |of: &Bucket| of.weight * if by_volume { of.volume() } else { 1 };
        // Of equals the last.
        let fullest =
            (0..buckets.len()).filter(|at| buckets[*at].cells.len() > 1).max_by_key(|at| key(&buckets[*at]));
        let Some(at) = fullest else { break };
        let halves = buckets.swap_remove(at).cut();
        buckets.extend(halves);
    }
    buckets.iter().map(|of| (of.color(), of.weight)).collect()
}

impl Bucket {
    /// `None` without cells.
    fn of(cells: Vec<Cell>) -> Option<Bucket> {
        let first = cells.first()?.place;
        let mut bounds = first.map(|place| (place, place));
        for cell in &cells {
            for ((low, high), place) in bounds.iter_mut().zip(cell.place) {
                (*low, *high) = ((*low).min(place), (*high).max(place));
            }
        }
        let weight = cells.iter().map(|cell| cell.weight).sum();
        Some(Bucket { cells, bounds, weight })
    }

    /// In cells, at most 32768.
    fn volume(&self) -> u64 {
        self.bounds.iter().map(|(low, high)| u64::from(high - low) + 1).product()
    }

    /// Both halves; the bucket itself where it is one cell.
    fn cut(self) -> impl Iterator<Item = Bucket> {
        // Of equally long sides the first.
        let axis = (0..3).rev().max_by_key(|axis| self.bounds[*axis].1 - self.bounds[*axis].0).unwrap_or(0);
        let at = self.place_of_cut(axis);
        let (lower, upper) = self.cells.into_iter().partition(|cell| cell.place[axis] <= at);
        [lower, upper].into_iter().filter_map(Bucket::of)
    }

    /// The highest place of the lower half: both ends of a side are taken, so neither half is empty.
    fn place_of_cut(&self, axis: usize) -> u8 {
        let (low, high) = self.bounds[axis];
        let mut planes = [0u64; 32];
        for cell in &self.cells {
            planes[usize::from(cell.place[axis])] += cell.weight;
        }
        let mut below = 0;
        let median = (low..high).find(|place| {
            below += planes[usize::from(*place)];
            below * 2 >= self.weight
        });
        let median = median.unwrap_or(high);
        let (left, right) = (median - low, high - median);
        if left <= right {
            (median + right / 2).min(high.saturating_sub(1))
        } else {
            (median - 1 - left / 2).max(low)
        }
    }

    /// The mean of its colours, rounded to nearest.
    fn color(&self) -> [u8; 3] {
        [0, 1, 2].map(|channel| {
            let sum: u64 = self.cells.iter().map(|cell| cell.sums[channel]).sum();
            let mean = (sum + self.weight / 2).checked_div(self.weight);
            mean.and_then(|mean| u8::try_from(mean).ok()).unwrap_or(u8::MAX)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(place: [u8; 3], weight: u64) -> Cell {
        Cell { place, weight, sums: place.map(|place| u64::from(place) * 8 * weight) }
    }

    #[test]
    fn as_many_colours_as_cells_and_no_more() {
        let cells: Vec<_> = (0..12).map(|at| cell([at * 2, 31 - at, at], u64::from(at) + 1)).collect();
        for count in 1..=16 {
            let made = palette(cells.clone(), count);
            assert_eq!(made.len(), count.min(12));
            assert_eq!(made.iter().map(|(_, weight)| weight).sum::<u64>(), 78, "nothing is lost");
        }
        assert_eq!(palette(Vec::new(), 5), []);
    }

    #[test]
    fn a_small_area_of_its_own_colour_is_not_lost() {
        // Four shades that are near each other, and two that are less but far apart.
        let mut cells: Vec<_> = (20..24).map(|grey| cell([grey; 3], 2000)).collect();
        cells.extend([cell([0, 0, 0], 1000), cell([10, 14, 12], 100)]);
        // By contents alone, the fourth bucket would be one more shade.
        let made = palette(cells, 4);
        assert!(made.contains(&([80, 112, 96], 100)), "{made:?}");
    }

    #[test]
    fn a_large_even_area_stays_together() {
        let cells = vec![cell([4, 4, 4], 900), cell([6, 4, 4], 20), cell([28, 4, 4], 80)];
        // The mean of red is 32 and 16 × 20 ÷ 920.
        assert_eq!(palette(cells, 2), [([32, 32, 32], 920), ([224, 32, 32], 80)]);
    }
}
