//! Linearizability against everything that can be set against it: brute force, what must not matter, recorded histories, nonsense.

mod oracle;
mod random_histories;

mod against_brute_force;
mod budgets;
mod metamorphic;
mod nonsense;
mod recorded;
