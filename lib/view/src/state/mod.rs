//! A node's state as a picture shows it: a role, and rows of names and values that can be compared between nodes and moments.

mod debug_text;
mod sheet;

pub(crate) use sheet::{Sheet, names};
