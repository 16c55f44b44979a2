//! One of the pictures that a file is decoded to: its strips, and what makes rows of pixels of them.

use crate::geometry::Geometry;
use crate::header::Header;
use crate::image::Image;
use crate::paint::Painter;
use crate::strip::Strip;

/// A picture at one scale, while strip after strip is transformed.
#[derive(Debug)]
pub(crate) struct Output<'a> {
    /// One for each component.
    pub(crate) strips: Vec<Strip>,
    painter: Painter<'a>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(header: &Header, geometry: &'a Geometry) -> Self {
        Self {
            strips: geometry.planes.iter().map(|plane| Strip::new(geometry, plane)).collect(),
            painter: Painter::new(geometry, header.color_space()),
        }
    }

    /// Bytes that [`Self::new`] and [`Self::paint`] take.
    pub(crate) fn memory(header: &Header, geometry: &Geometry) -> u64 {
        let strips = geometry.planes.iter().map(|plane| {
            let (stride, rows) = Strip::size(geometry, plane);
            (stride * rows) as u64
        });
        Painter::memory(geometry, header.color_space()) + strips.sum::<u64>()
    }

    /// Paints what strip number `index`, whose samples are all there, makes possible, and makes room for the next.
    pub(crate) fn paint(&mut self, index: usize) {
        self.painter.paint(&self.strips, index);
        self.strips.iter_mut().for_each(Strip::advance);
    }

    pub(crate) fn finish(self) -> Image {
        self.painter.finish()
    }
}
