//! The catalogue: every mutant as a change of an algorithm's text. Read by `build.rs`, which makes them, and by whoever shows them.

mod abd;
mod caller;
mod causal_broadcast;
mod chain;
mod chandy_lamport;
mod closed_timestamp;
mod commit_wait;
mod failover;
mod fencing_token;
mod file_transfer;
mod lamport_mutex;
mod lease;
mod paxos;
mod primary_backup;
mod raft;
mod read_routing;
mod three_phase_commit;
mod tunable_store;
mod two_phase_commit;

/// An algorithm with its mutants.
#[derive(Debug)]
pub struct Algorithm {
    /// The module of its mutants.
    pub name: &'static str,
    /// Its file, or the folder with its `mod.rs`, below `lib/algorithms/src`.
    pub path: &'static str,
    /// Its mutants.
    pub mutants: &'static [Mutant],
}

/// One mistake.
#[derive(Debug)]
pub struct Mutant {
    /// The module that has it.
    pub name: &'static str,
    /// What is wrong, in a sentence.
    pub mistake: &'static str,
    /// The property that it breaks, by the name that a violation gives.
    pub breaks: &'static str,
    /// How the text is changed.
    pub edits: &'static [Edit],
}

/// A change of an algorithm's text.
#[derive(Debug)]
pub struct Edit {
    /// The file's name.
    pub file: &'static str,
    /// What stands there, exactly once.
    pub right: &'static str,
    /// What stands there instead.
    pub wrong: &'static str,
}

/// All algorithms that have mutants.
pub const ALGORITHMS: &[Algorithm] = &[
    abd::ABD,
    caller::CALLER,
    causal_broadcast::CAUSAL_BROADCAST,
    chain::CHAIN,
    chandy_lamport::CHANDY_LAMPORT,
    closed_timestamp::CLOSED_TIMESTAMP,
    commit_wait::COMMIT_WAIT,
    failover::FAILOVER,
    fencing_token::FENCING_TOKEN,
    file_transfer::FILE_TRANSFER,
    lamport_mutex::LAMPORT_MUTEX,
    lease::LEASE,
    paxos::PAXOS,
    primary_backup::PRIMARY_BACKUP,
    raft::RAFT,
    read_routing::READ_ROUTING,
    three_phase_commit::THREE_PHASE_COMMIT,
    tunable_store::TUNABLE_STORE,
    two_phase_commit::TWO_PHASE_COMMIT,
];
