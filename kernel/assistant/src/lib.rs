//! Completion and inspection for notebooks.
//!
//! rust-analyzer, which evcxr asks, needs seconds and hundreds of megabytes to know a notebook: too much for a kernel that
//! starts in a tenth of a second, and too slow for the first Tab. So it lives in a process of its own, the program
//! `netsplit-assistant` ([`protocol`] is what it understands), started with the first question
//! and ended when nobody asks any more. Until it is ready, the kernel answers with what it knows by itself
//! ([`own_answers`]). None of this waits for a cell that runs, or makes one wait.

pub mod own_answers;
pub mod protocol;
