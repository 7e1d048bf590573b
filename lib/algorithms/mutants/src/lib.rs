//! Wrong variants of the algorithms, each with one mistake that somebody could make.
//!
//! A test suite is worth what it notices. Each mutant is the algorithm's own text with one change, and names the property that the change
//! breaks; a test holds the suite to noticing exactly that, with a seed that is kept. They are made when this crate is built
//! (`build.rs`), from the changes in [`catalogue`], so that the algorithm's text has no trace of them and no switch that turns it wrong.
//! Nothing here is part of the prelude: a student who hunts a mutant sees it through its behaviour.

pub mod catalogue;

/// Wrong variants of `consensus/raft/`.
pub mod raft {
    include!(concat!(env!("OUT_DIR"), "/raft.rs"));
}
