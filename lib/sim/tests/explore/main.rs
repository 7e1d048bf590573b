//! Exploration: the numbers of states that are known from elsewhere, and what is found in systems that are wrong.

mod clusters;
mod counts;
mod deciding;
mod linearizable_register;
mod liveness;
mod models;
mod reductions;
mod registers;
mod searching;
mod single_copy;
mod single_decree_paxos;
mod two_phase_commit;
