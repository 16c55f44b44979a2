//! The decoder as callers see it.

use crate::error::{Error, Result};
use crate::geometry::Geometry;
use crate::header::Header;
use crate::image::Image;
use crate::limits::Limits;
use crate::memory;
use crate::scale::Scale;
use crate::scan::File;
use crate::{progressive, sequential};

/// A file whose structure was checked.
///
/// ```no_run
/// # let bytes: Vec<u8> = Vec::new();
/// use darkroom_jpeg::{Decoder, Limits, Scale};
///
/// let decoder = Decoder::new(&bytes, &Limits::default())?;
/// let image = decoder.decode(Scale::Quarter)?;
/// assert_eq!(image.width, Scale::Quarter.of(decoder.header().width));
/// # Ok::<(), darkroom_jpeg::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    file: File<'a>,
    limits: Limits,
}

impl<'a> Decoder<'a> {
    /// Walks the file to its end, without decoding, and checks headers, tables and `limits`.
    ///
    /// A file may end without an end marker, and anything may follow one.
    ///
    /// # Errors
    ///
    /// Those of [`Header::read`]; [`Error::Limit`] for too many pixels or scans; [`Error::Damaged`].
    pub fn new(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        Ok(Self { file: File::read(bytes, limits)?, limits: *limits })
    }

    /// What the file says about itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.file.header
    }

    /// Whether the marker for the end of the image is there, without which a file may have been cut off.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.file.ended
    }

    /// Decodes at `scale`. The pixels are in the file's own orientation and colour profile.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] if it takes more memory than allowed; [`Error::Damaged`] for entropy-coded data that is cut
    /// off or not valid.
    pub fn decode(&self, scale: Scale) -> Result<Image> {
        let File { header, scans, .. } = &self.file;
        let found = header.memory(scale);
        // No allocation can be larger than an `isize` counts, which is 2 GiB on 32-bit machines.
        let allowed = self.limits.memory.min(isize::MAX as u64);
        if found > allowed {
            return Err(Error::Limit { unit: "bytes of memory", found, allowed });
        }
        let geometry = Geometry::new(header, scale);
        if header.progressive {
            progressive::decode(header, scans, &geometry)
        } else {
            sequential::decode(header, scans, &geometry)
        }
    }
}

impl Header {
    /// The most bytes that decoding at `scale` takes, its result included and the file not.
    ///
    /// A sequential file takes its result and a few rows. A progressive one also takes two bytes for each
    /// coefficient that the scale needs (1, 4, 16 or 64 of each block) and eight for each block.
    #[must_use]
    pub fn memory(&self, scale: Scale) -> u64 {
        memory::needed(self, &Geometry::new(self, scale))
    }
}
