//! Exploration: the numbers of states that are known from elsewhere, and what is found in systems that are wrong.

mod counts;
mod linearizable_register;
mod liveness;
mod registers;
mod searching;
mod single_copy;
mod single_decree_paxos;
mod two_phase_commit;
