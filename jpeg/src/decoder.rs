//! The decoder as callers see it.

use std::slice;

use crate::error::{Error, Result};
use crate::geometry::Geometry;
use crate::header::Header;
use crate::image::Image;
use crate::limits::Limits;
use crate::output::Output;
use crate::scale::Scale;
use crate::scan::File;
use crate::wanted::check_others;
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
    /// Those of [`Header::read`]; [`Error::Limit`] for too many pixels or scans; [`Error::Invalid`] and
    /// [`Error::Damaged`] for what follows the header.
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
    ///
    /// Damage in a scan that the scale does not read is not seen, unless the scale is short of bits that would stand
    /// behind it. Then all scans are read, at the cost of a decoding at full size: a progressive file that ends
    /// between two of them is a whole picture of less detail, one that ends within any of them is damaged. So what is
    /// given of a file that was cut off is either what the whole file gives or what its complete scans do.
    pub fn decode(&self, scale: Scale) -> Result<Image> {
        let geometry = Geometry::new(self.header(), scale);
        self.check(&[scale], &geometry)?;
        let mut output = Output::new(self.header(), &geometry);
        self.fill(&geometry, slice::from_mut(&mut output))?;
        Ok(output.finish())
    }

    /// Decodes at each of `scales`, in their order, to the very images that [`Self::decode`] gives one by one. The
    /// entropy-coded data, which takes most of the time, is read only once, as far as the largest of them needs.
    ///
    /// The same scale may be asked for more than once.
    ///
    /// ```no_run
    /// # let bytes: Vec<u8> = Vec::new();
    /// use darkroom_jpeg::{Decoder, Limits, Scale};
    ///
    /// let decoder = Decoder::new(&bytes, &Limits::default())?;
    /// for image in decoder.decode_many(&[Scale::Half, Scale::Eighth])? {
    ///     println!("{} x {} pixels", image.width, image.height);
    /// }
    /// # Ok::<(), darkroom_jpeg::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] if all of them together take more memory than allowed ([`Header::memory_many`]); else that
    /// of the largest scale, which is refused wherever a smaller one is.
    pub fn decode_many(&self, scales: &[Scale]) -> Result<Vec<Image>> {
        let Some(&largest) = scales.iter().max() else { return Ok(Vec::new()) };
        let largest = Geometry::new(self.header(), largest);
        self.check(scales, &largest)?;
        // One for each scale, where it is asked for first.
        let repeats = |at: usize| scales[..at].iter().position(|earlier| *earlier == scales[at]);
        let first = (0..scales.len()).filter(|&at| repeats(at).is_none());
        let geometries: Vec<Geometry> = first.map(|at| Geometry::new(self.header(), scales[at])).collect();
        let mut outputs: Vec<Output<'_>> =
            geometries.iter().map(|geometry| Output::new(self.header(), geometry)).collect();
        self.fill(&largest, &mut outputs)?;
        let mut outputs = outputs.into_iter();
        let mut images: Vec<Image> = Vec::with_capacity(scales.len());
        for at in 0..scales.len() {
            match repeats(at) {
                Some(first) => images.push(images[first].clone()),
                None => images.extend(outputs.next().map(Output::finish)),
            }
        }
        Ok(images)
    }

    /// Checks what can be checked before the memory for `scales` is taken.
    fn check(&self, scales: &[Scale], largest: &Geometry) -> Result<()> {
        let found = self.header().memory_many(scales);
        // No allocation can be larger than an `isize` counts, which is 2 GiB on 32-bit machines.
        let allowed = self.limits.memory.min(isize::MAX as u64);
        if found > allowed {
            return Err(Error::Limit { unit: "bytes of memory", found, allowed });
        }
        if self.header().progressive {
            check_others(&self.file.scans, largest)?;
        }
        Ok(())
    }

    /// Decodes to all `outputs`, of which `largest` is the geometry of the largest.
    fn fill(&self, largest: &Geometry, outputs: &mut [Output<'_>]) -> Result<()> {
        let decode = if self.header().progressive { progressive::decode } else { sequential::decode };
        decode(&self.file.scans, largest, outputs)
    }
}
