//! The photo pipeline itself: lanes, assets, processors, pipelines, sessions, chunks and hashes. Knows no ICP, no I/O, no clock.
