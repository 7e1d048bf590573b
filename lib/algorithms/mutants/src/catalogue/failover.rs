//! Wrong variants of the failover manager.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const FAILOVER: Algorithm =
    Algorithm { name: "failover", path: "replication/failover.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "votes_twice_in_an_epoch",
        mistake: "An observer says yes to everybody who asks in an epoch.",
        breaks: "OneAppointmentPerEpoch",
        edits: &[Edit {
            file: "failover.rs",
            right: "if proposed.epoch > self.voted && self",
            wrong: "if proposed.epoch >= self.voted && self",
        }],
    },
    Mutant {
        name: "half_is_enough",
        mistake: "Half of the observers, rounded down, appoint.",
        breaks: "OneAppointmentPerEpoch",
        edits: &[Edit {
            file: "failover.rs",
            right: "let majority = observers / 2 + 1;",
            wrong: "let majority = observers / 2;",
        }],
    },
    Mutant {
        name: "never_looks_again",
        mistake: "An observer looks once, and if the votes are split nobody is appointed.",
        breaks: "Progress",
        edits: &[Edit {
            file: "failover.rs",
            right: "        ctx.set_timer(wait, Timer::Look);\n",
            wrong: "        let _ = wait;\n",
        }],
    },
];
