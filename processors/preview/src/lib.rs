//! Darkroom processor `preview`.
