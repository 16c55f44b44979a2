//! The tables of a JPEG: well formed, and there when a scan uses them.

use darkroom_core::Result;

use super::header::damaged;

/// Which tables have been defined so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tables {
    quantisation: [bool; 4],
    /// For DC and for AC coefficients.
    huffman: [[bool; 4]; 2],
}

impl Tables {
    /// Reads a DQT segment.
    pub(crate) fn quantisation(&mut self, start: usize, mut body: &[u8]) -> Result<()> {
        while let Some((&kind, rest)) = body.split_first() {
            let (wide, index) = (kind >> 4, usize::from(kind & 15));
            let length = match wide {
                0 => 64,
                1 => 128,
                _ => return damaged(start, &format!("a quantisation table of precision {wide}")),
            };
            let Some(known) = self.quantisation.get_mut(index) else {
                return damaged(start, &format!("quantisation table {index}; 0 to 3 are allowed"));
            };
            let Some((table, rest)) = rest.split_at_checked(length) else {
                return damaged(start, "a quantisation table is cut off");
            };
            if table.chunks_exact(length / 64).any(|value| value.iter().all(|byte| *byte == 0)) {
                return damaged(start, "a quantisation table has a 0 in it");
            }
            *known = true;
            body = rest;
        }
        Ok(())
    }

    /// Reads a DHT segment.
    pub(crate) fn huffman(&mut self, start: usize, mut body: &[u8]) -> Result<()> {
        while let Some((&kind, rest)) = body.split_first() {
            let (class, index) = (usize::from(kind >> 4), usize::from(kind & 15));
            let Some(known) = self.huffman.get_mut(class).and_then(|class| class.get_mut(index)) else {
                return damaged(start, &format!("Huffman table {index} of class {class}"));
            };
            let Some((counts, rest)) = rest.split_first_chunk::<16>() else {
                return damaged(start, "a Huffman table is cut off");
            };
            let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let Some((symbols, rest)) = rest.split_at_checked(total) else {
                return damaged(start, "a Huffman table is cut off");
            };
            if !(1..=256).contains(&total) || !prefix_free(counts) {
                return damaged(start, "a Huffman table with codes that cannot be told apart");
            }
            if class == 0 && symbols.iter().any(|symbol| *symbol > 11) {
                return damaged(start, "a Huffman table with a difference of more than 11 bits");
            }
            *known = true;
            body = rest;
        }
        Ok(())
    }

    /// Makes sure of a quantisation table.
    pub(crate) fn need_quantisation(&self, start: usize, index: u8) -> Result<()> {
        if self.quantisation.get(usize::from(index)) == Some(&true) {
            return Ok(());
        }
        damaged(start, &format!("quantisation table {index} is used but not defined"))
    }

    /// Makes sure of a Huffman table.
    pub(crate) fn need_huffman(&self, start: usize, ac: bool, index: u8) -> Result<()> {
        if self.huffman[usize::from(ac)].get(usize::from(index)) == Some(&true) {
            return Ok(());
        }
        let class = if ac { "AC" } else { "DC" };
        damaged(start, &format!("{class} Huffman table {index} is used but not defined"))
    }
}

/// Whether a prefix code with so many codes of 1 to 16 bits exists.
fn prefix_free(counts: &[u8; 16]) -> bool {
    let mut free: u32 = 1;
    counts.iter().all(|&count| match (free * 2).checked_sub(count.into()) {
        Some(left) => {
            free = left;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dht(class: u8, counts: [u8; 16], symbols: &[u8]) -> Result<()> {
        let body: Vec<u8> = [class].into_iter().chain(counts).chain(symbols.iter().copied()).collect();
        Tables::default().huffman(0, &body)
    }

    #[test]
    fn codes_have_to_exist() {
        let mut counts = [0; 16];
        assert!(dht(0x10, counts, &[]).is_err(), "empty");
        counts[0] = 2;
        assert!(dht(0x10, counts, &[1, 2]).is_ok());
        counts[1] = 1;
        assert!(dht(0x10, counts, &[1, 2, 3]).is_err(), "two codes of one bit leave none of two");
        assert!(dht(0x10, [255; 16], &[0; 256]).is_err());
        counts = [0; 16];
        counts[15] = 1;
        assert!(dht(0x00, counts, &[11]).is_ok());
        assert!(dht(0x00, counts, &[12]).is_err(), "12 bits for a difference");
        assert!(dht(0x20, counts, &[1]).is_err(), "class 2");
        assert!(dht(0x04, counts, &[1]).is_err(), "table 4");
    }

    #[test]
    fn quantisation_tables_are_whole_and_without_zeros() {
        let check = |body: &[u8]| Tables::default().quantisation(0, body);
        let narrow = [vec![0x03], vec![1; 64]].concat();
        assert!(check(&narrow).is_ok());
        assert!(check(&narrow[..64]).is_err());
        assert!(check(&[narrow.clone(), narrow.clone()].concat()).is_ok());
        assert!(check(&[vec![0x10], [0, 1].repeat(64)].concat()).is_ok());
        assert!(check(&[vec![0x10], [0, 0].repeat(64)].concat()).is_err());
        assert!(check(&[vec![0x00], vec![0; 64]].concat()).is_err());
        assert!(check(&[vec![0x04], vec![1; 64]].concat()).is_err());
        assert!(check(&[vec![0x20], vec![1; 64]].concat()).is_err());
    }
}
