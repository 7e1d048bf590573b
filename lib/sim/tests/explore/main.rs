//! Exploration: the numbers of states that are known from elsewhere, and what is found in systems that are wrong.

mod counts;
mod searching;
mod two_phase_commit;
