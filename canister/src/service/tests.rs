//! The service on a heap of its own, natively.
