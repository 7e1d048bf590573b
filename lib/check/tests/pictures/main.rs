//! Timelines and the pictures of verdicts.

mod golden;
mod harmless;
mod scenarios;
#[path = "../../../view/tests/xml/mod.rs"]
mod xml;
