//! Sizes of everything at one scale, and the memory that it takes.

use crate::header::Header;
use crate::scale::Scale;

/// Samples of one component at one scale.
#[derive(Clone, Debug)]
pub(crate) struct Plane {
    /// Blocks of one MCU in each direction: the sampling factors.
    pub(crate) h: usize,
    pub(crate) v: usize,
    /// Samples per side that each block becomes.
    pub(crate) points: u32,
    /// Blocks that hold picture, as scans of this component alone have them (T.81 section A.2.2).
    pub(crate) blocks_wide: usize,
    pub(crate) blocks_high: usize,
    /// Samples that hold picture.
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// How samples become those of the picture's size.
    pub(crate) upsample: Upsample,
}

/// How a component is brought to the size of the picture: what libjpeg chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upsample {
    /// It has that size.
    None,
    /// Twice as wide: each sample three parts of the nearer and one of the farther neighbour.
    Wider,
    /// Twice as high, alike.
    Higher,
    /// Both.
    Both,
    /// Nearest sample; the fractions are those of a length here to one in the picture.
    Nearest { across: (usize, usize), down: (usize, usize) },
}

/// A picture at one scale.
#[derive(Clone, Debug)]
pub(crate) struct Geometry {
    pub(crate) planes: Vec<Plane>,
    /// MCUs of an interleaved scan.
    pub(crate) mcus_wide: usize,
    pub(crate) mcus_high: usize,
    /// Rows of the picture that a row of MCUs gives.
    pub(crate) strip_height: usize,
    /// Size of the picture.
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Geometry {
    pub(crate) fn new(header: &Header, scale: Scale) -> Self {
        let (h_max, v_max) = header.max_sampling();
        let points = scale.points();
        let planes = header
            .components
            .iter()
            .map(|component| {
                let (h, v) = (u32::from(component.horizontal), u32::from(component.vertical));
                let own = component_points((h, v), (h_max, v_max), points);
                let width = (header.width * h * own).div_ceil(h_max * 8) as usize;
                let height = (header.height * v * own).div_ceil(v_max * 8) as usize;
                Plane {
                    h: h as usize,
                    v: v as usize,
                    points: own,
                    blocks_wide: (header.width * h).div_ceil(h_max * 8) as usize,
                    blocks_high: (header.height * v).div_ceil(v_max * 8) as usize,
                    width,
                    height,
                    upsample: upsample((h * own, h_max * points), (v * own, v_max * points), width, points),
                }
            })
            .collect();
        Self {
            planes,
            mcus_wide: header.width.div_ceil(h_max * 8) as usize,
            mcus_high: header.height.div_ceil(v_max * 8) as usize,
            strip_height: (v_max * points) as usize,
            width: scale.of(header.width) as usize,
            height: scale.of(header.height) as usize,
        }
    }

    /// Whether some component is made higher by blending, which takes rows from the strip before and behind.
    pub(crate) fn blends_rows(&self) -> bool {
        self.planes.iter().any(|plane| matches!(plane.upsample, Upsample::Higher | Upsample::Both))
    }
}

/// Samples per side for the blocks of a component: twice as many, up to eight, as long as it is sampled at half the
/// rate of the picture or less in both directions. So it needs no blowing up afterwards.
fn component_points((h, v): (u32, u32), (h_max, v_max): (u32, u32), points: u32) -> u32 {
    let mut own = points;
    while own < 8
        && (h_max * points).is_multiple_of(h * own * 2)
        && (v_max * points).is_multiple_of(v * own * 2)
    {
        own *= 2;
    }
    own
}

fn upsample(across: (u32, u32), down: (u32, u32), width: usize, points: u32) -> Upsample {
    let twice = |(from, to): (u32, u32)| from * 2 == to;
    let same = |(from, to): (u32, u32)| from == to;
    // Blending needs three samples across, and is not worth it where each block is one sample.
    let blend = points > 1;
    let length = |(from, to): (u32, u32)| (from as usize, to as usize);
    match () {
        () if same(across) && same(down) => Upsample::None,
        () if blend && twice(across) && same(down) && width > 2 => Upsample::Wider,
        () if blend && same(across) && twice(down) => Upsample::Higher,
        () if blend && twice(across) && twice(down) && width > 2 => Upsample::Both,
        () => Upsample::Nearest { across: length(across), down: length(down) },
    }
}
