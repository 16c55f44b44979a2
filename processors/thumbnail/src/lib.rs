//! Darkroom processor `thumbnail`.
