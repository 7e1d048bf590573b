//! Weaker consistency models against everything that can be set against them: brute force, each other, histories by hand, the laboratory.
//!
//! `NETSPLIT_LONG=1000000 cargo test -p netsplit-check --test consistency` draws so many histories for each comparison;
//! `NETSPLIT_SEED` is their seed.

mod drawn;
mod oracle;

mod against_brute_force;
mod by_hand;
mod laboratory;
mod laws;
