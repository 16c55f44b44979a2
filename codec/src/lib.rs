//! Reading and writing of image formats for the processors: scaled decoding, orientation, resizing, encoding.
