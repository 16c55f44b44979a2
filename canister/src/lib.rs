//! The Darkroom canister: upload sessions, items and serving on the Internet Computer.
