//! Upload scheduler and reader for Darkroom canisters, on ic-agent.
