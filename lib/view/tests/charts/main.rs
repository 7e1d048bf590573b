//! Charts: compared with golden files that were looked at, and held to what every picture keeps to.

#[path = "../compare/mod.rs"]
mod compare;
mod gallery;
mod golden;
mod metrics;
#[path = "../scenarios/mod.rs"]
mod scenarios;
mod troubles;
#[path = "../xml/mod.rs"]
mod xml;
