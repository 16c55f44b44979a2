//! The `darkroom` command line.
