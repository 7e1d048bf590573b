//! Wrong variants of leases.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const LEASE: Algorithm = Algorithm { name: "lease", path: "replication/lease.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "drift_forgotten_by_the_server",
        mistake: "The server counts the bare length, although its clock may run fast.",
        breaks: "OneHolder",
        edits: &[Edit { file: "lease.rs", right: "self.length + self.drift()", wrong: "self.length" }],
    },
    Mutant {
        name: "drift_forgotten_by_the_holder",
        mistake: "The holder counts the bare length, although its clock may run slow.",
        breaks: "OneHolder",
        edits: &[Edit { file: "lease.rs", right: "self.length - self.drift()", wrong: "self.length" }],
    },
    Mutant {
        name: "free_after_a_restart",
        mistake: "A server that begins again takes the lease for free.",
        breaks: "OneHolder",
        edits: &[Edit { file: "lease.rs", right: "(held == 1).then(", wrong: "(held == 2).then(" }],
    },
    Mutant {
        name: "any_release_frees_it",
        mistake: "The late release of a lease that has ended frees the one after it.",
        breaks: "OneHolder",
        edits: &[Edit {
            file: "lease.rs",
            right: "if self.latest.is_some_and(|(latest, _)| latest == token) {",
            wrong: "{",
        }],
    },
    Mutant {
        name: "tokens_not_persisted",
        mistake: "A server that begins again counts tokens from the beginning.",
        breaks: "TokensGrow",
        edits: &[Edit {
            file: "lease.rs",
            right: "self.latest = latest.map(|(token, holder)| (FencingToken(token), holder));",
            wrong: "self.latest = latest.map(|(_, holder)| (FencingToken(0), holder));",
        }],
    },
];
