//! Transforms against numbers worked out by hand.
