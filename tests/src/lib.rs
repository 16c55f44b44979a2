//! PocketIC suites for Darkroom and their harness.
