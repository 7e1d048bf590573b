//! Charts: compared with golden files that were looked at, and held to what every picture keeps to.

#[path = "../compare/mod.rs"]
mod compare;
mod gallery;
mod golden;
mod metrics;
#[allow(dead_code, reason = "each test binary uses its part of this")]
#[path = "../scenarios/mod.rs"]
mod scenarios;
mod troubles;
#[path = "../xml/mod.rs"]
mod xml;
