//! Wrong variants of the algorithms, each with one mistake that somebody could make.
//!
//! A test suite is worth what it notices. Each mutant is the algorithm's own text with one change, and names the property that the change
//! breaks; a test holds the suite to noticing exactly that, with a seed that is kept. They are made when this crate is built
//! (`build.rs`), from the changes in [`catalogue`], so that the algorithm's text has no trace of them and no switch that turns it wrong.
//! Nothing here is part of the prelude: a student who hunts a mutant sees it through its behaviour.

pub mod catalogue;

/// Wrong variants of `register/abd.rs`.
pub mod abd {
    include!(concat!(env!("OUT_DIR"), "/abd.rs"));
}

/// Wrong variants of `clocks/causal_broadcast.rs`.
pub mod causal_broadcast {
    include!(concat!(env!("OUT_DIR"), "/causal_broadcast.rs"));
}

/// Wrong variants of `clocks/commit_wait.rs`.
pub mod commit_wait {
    include!(concat!(env!("OUT_DIR"), "/commit_wait.rs"));
}

/// Wrong variants of `clocks/lamport_mutex.rs`.
pub mod lamport_mutex {
    include!(concat!(env!("OUT_DIR"), "/lamport_mutex.rs"));
}

/// Wrong variants of `consensus/paxos/`.
pub mod paxos {
    include!(concat!(env!("OUT_DIR"), "/paxos.rs"));
}

/// Wrong variants of `replication/primary_backup/`.
pub mod primary_backup {
    include!(concat!(env!("OUT_DIR"), "/primary_backup.rs"));
}

/// Wrong variants of `consensus/raft/`.
pub mod raft {
    include!(concat!(env!("OUT_DIR"), "/raft.rs"));
}

/// Wrong variants of `commit/three_phase_commit.rs`.
pub mod three_phase_commit {
    include!(concat!(env!("OUT_DIR"), "/three_phase_commit.rs"));
}

/// Wrong variants of `commit/two_phase_commit.rs`.
pub mod two_phase_commit {
    include!(concat!(env!("OUT_DIR"), "/two_phase_commit.rs"));
}

/// Wrong variants of `clocks/chandy_lamport.rs`.
pub mod chandy_lamport {
    include!(concat!(env!("OUT_DIR"), "/chandy_lamport.rs"));
}

/// Wrong variants of `rpc/caller.rs`.
pub mod caller {
    include!(concat!(env!("OUT_DIR"), "/caller.rs"));
}

/// Wrong variants of `end_to_end/file_transfer.rs`.
pub mod file_transfer {
    include!(concat!(env!("OUT_DIR"), "/file_transfer.rs"));
}

/// Wrong variants of `replication/lease.rs`.
pub mod lease {
    include!(concat!(env!("OUT_DIR"), "/lease.rs"));
}

/// Wrong variants of `replication/fencing_token.rs`.
pub mod fencing_token {
    include!(concat!(env!("OUT_DIR"), "/fencing_token.rs"));
}

/// Wrong variants of `replication/tunable_store.rs`.
pub mod tunable_store {
    include!(concat!(env!("OUT_DIR"), "/tunable_store.rs"));
}

/// Wrong variants of `replication/failover.rs`.
pub mod failover {
    include!(concat!(env!("OUT_DIR"), "/failover.rs"));
}

/// Wrong variants of `replication/read_routing.rs`.
pub mod read_routing {
    include!(concat!(env!("OUT_DIR"), "/read_routing.rs"));
}

/// Wrong variants of `replication/chain/`.
pub mod chain {
    include!(concat!(env!("OUT_DIR"), "/chain.rs"));
}

/// Wrong variants of `clocks/closed_timestamp.rs`.
pub mod closed_timestamp {
    include!(concat!(env!("OUT_DIR"), "/closed_timestamp.rs"));
}
