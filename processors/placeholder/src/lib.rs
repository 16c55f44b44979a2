//! Darkroom processor `placeholder`.
