//! Decoding of progressive files (T.81 annex G): all scans that matter, then the transform.

use archmage::autoversion;

use crate::bits::Bits;
use crate::coefficients::Store;
use crate::error::{Result, damaged};
use crate::geometry::Geometry;
use crate::huffman::Table;
use crate::output::Output;
use crate::refine::{Band, ac_first, ac_refine, dc_first};
use crate::scan::Scan;
use crate::sequential::{Restarts, check};
use crate::strip::{LANES, Strip};
use crate::wanted::wanted;
use crate::zigzag::NATURAL;

/// Decodes all, once for all `outputs`, of which `largest` is the geometry of the largest.
///
/// The coefficients that it needs are kept; smaller ones take theirs out of them. The scans that it needs are read,
/// among which are those that smaller ones do.
pub(crate) fn decode(scans: &[Scan<'_>], largest: &Geometry, outputs: &mut [Output<'_>]) -> Result<()> {
    let mut stores: Vec<Store> = largest.planes.iter().map(|plane| Store::new(largest, plane)).collect();
    for (scan, wanted) in scans.iter().zip(wanted(scans, largest)) {
        if wanted {
            read(scan, largest, &mut stores)?;
        }
    }
    let tables: Vec<[u16; 64]> = (0..largest.planes.len()).map(|index| quantization(scans, index)).collect();
    for index in 0..largest.mcus_high {
        for output in outputs.iter_mut() {
            for (((strip, store), table), plane) in
                output.strips.iter_mut().zip(&stores).zip(&tables).zip(&largest.planes)
            {
                for row in 0..plane.v {
                    let groups = largest.mcus_wide.div_ceil(LANES) * plane.h;
                    transform_row(strip, store, table, (index * plane.v + row, row), groups);
                }
            }
            output.paint(index);
        }
    }
    Ok(())
}

/// The table of a component, in rows.
fn quantization(scans: &[Scan<'_>], index: usize) -> [u16; 64] {
    let mut components = scans.iter().flat_map(|scan| &scan.components).filter(|c| c.index == index);
    let table = components.find_map(|component| component.quantization.as_deref());
    let mut rows = [0; 64];
    for (&place, &factor) in NATURAL.iter().zip(table.unwrap_or(&[0; 64])) {
        rows[usize::from(place)] = factor;
    }
    rows
}

fn read(scan: &Scan<'_>, geometry: &Geometry, stores: &mut [Store]) -> Result<()> {
    if scan.start == 0 {
        let tables = scan
            .components
            .iter()
            .map(|component| match &component.dc {
                _ if scan.high > 0 => Ok(None),
                Some(spec) => Ok(Some(Table::new(spec))),
                None => damaged("a scan without its DC table", scan.at),
            })
            .collect::<Result<Vec<_>>>()?;
        return read_dc(scan, geometry, stores, &tables);
    }
    match scan.components.first().and_then(|component| stores.get_mut(component.index)) {
        Some(store) => read_ac(scan, geometry, store),
        None => Ok(()),
    }
}

/// Reads a scan of AC coefficients, which has one component, that of `store`.
pub(crate) fn read_ac(scan: &Scan<'_>, geometry: &Geometry, store: &mut Store) -> Result<()> {
    let mut bits = Bits::new(scan.data);
    let mut restarts = Restarts::new(scan.restart_interval);
    let Some(component) = scan.components.first() else { return Ok(()) };
    let Some(spec) = &component.ac else { return damaged("a scan without its AC table", scan.at) };
    let table = Table::new(spec);
    let band = Band { table: &table, start: scan.start.into(), end: scan.end.into(), low: scan.low.into() };
    let read_row = if scan.high == 0 { ac_first } else { ac_refine };
    let plane = &geometry.planes[component.index];
    let mut ending = 0;
    for row in 0..plane.blocks_high {
        let mut row = store.row(row);
        read_row(&mut bits, &mut restarts, band, &mut ending, &mut row, plane.blocks_wide);
        check(&bits, scan.offset)?;
    }
    Ok(())
}

/// Reads a scan of DC coefficients, of one component or of several.
fn read_dc(
    scan: &Scan<'_>,
    geometry: &Geometry,
    stores: &mut [Store],
    tables: &[Option<Table>],
) -> Result<()> {
    let mut bits = Bits::new(scan.data);
    let mut restarts = Restarts::new(scan.restart_interval);
    let alone = scan.components.len() == 1;
    let plane = &geometry.planes[scan.components[0].index];
    let (wide, high) = match alone {
        true => (plane.blocks_wide, plane.blocks_high),
        false => (geometry.mcus_wide, geometry.mcus_high),
    };
    let mut predictions = [0i32; 4];
    let bit = 1i16 << scan.low;
    for mcu_row in 0..high {
        for mcu in 0..wide {
            if let Some(number) = restarts.due() {
                bits.bad |= bits.overrun() || !bits.restart(number);
                predictions = [0; 4];
            }
            for ((component, table), prediction) in scan.components.iter().zip(tables).zip(&mut predictions) {
                let plane = &geometry.planes[component.index];
                let (h, v) = if alone { (1, 1) } else { (plane.h, plane.v) };
                for down in 0..v {
                    let mut row = stores[component.index].row(mcu_row * v + down);
                    for across in 0..h {
                        let (values, lane) = row.block(mcu * h + across);
                        let Some(value) = values.first_mut().and_then(|values| values.get_mut(lane)) else {
                            continue;
                        };
                        match table {
                            Some(table) => *value = dc_first(&mut bits, table, prediction, scan.low.into()),
                            None => {
                                bits.fill();
                                if bits.take(1) == 1 {
                                    *value |= bit;
                                }
                            }
                        }
                    }
                }
            }
        }
        check(&bits, scan.offset)?;
    }
    Ok(())
}

/// Transforms a row of blocks, number `row` of the component and `down` of the strip.
#[autoversion(v3, neon, wasm128)]
fn transform_row(
    strip: &mut Strip,
    store: &Store,
    quantization: &[u16; 64],
    (row, down): (usize, usize),
    groups: usize,
) {
    let mut group = [[0; LANES]; 64];
    for across in 0..groups {
        let highest = store.group(row, across, strip.points as usize, quantization, &mut group);
        strip.put(&group, highest, down, across * LANES);
    }
}
