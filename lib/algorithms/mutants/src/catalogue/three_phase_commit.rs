//! Wrong variants of three-phase commit, in the world that it is made for: one where only nodes fail.

use super::{Algorithm, Edit, Mutant};

/// Three-phase commit's mutants.
pub const THREE_PHASE_COMMIT: Algorithm =
    Algorithm { name: "three_phase_commit", path: "commit/three_phase_commit.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "no_second_phase",
        mistake: "The coordinator commits as soon as all have voted yes: the survivors of its crash abort by rule TR3.",
        breaks: "AC1 SameDecision",
        edits: &[Edit {
            file: "three_phase_commit.rs",
            right: "Vote::Yes if missing.is_empty() => self.pre_commit(id, ctx),",
            wrong: "Vote::Yes if missing.is_empty() => self.decide(id, Decision::Commit, ctx),",
        }],
    },
    Mutant {
        name: "committable_ones_abort",
        mistake: "Whoever takes over aborts also where somebody is committable (TR4 left out).",
        breaks: "AC1 SameDecision",
        edits: &[Edit {
            file: "three_phase_commit.rs",
            right: "} else if !is_any(State::Committable) {",
            wrong: "} else if !is_any(State::Committed) {",
        }],
    },
    Mutant {
        name: "decides_alone_after_a_crash",
        mistake: "A node that comes back decides by the termination rules, although it may have forgotten what it knew.",
        breaks: "AC1 SameDecision",
        edits: &[Edit {
            file: "three_phase_commit.rs",
            right: "let may_lead = !self.recovering.contains(&id) || total_failure;",
            wrong: "let may_lead = true;",
        }],
    },
    Mutant {
        name: "vote_not_logged",
        mistake: "A participant votes yes without a record in its log: after a restart it knows nothing of what it has promised.",
        breaks: "AC3 CommitNeedsAllVotes",
        edits: &[Edit {
            file: "three_phase_commit.rs",
            right: "self.log.append(LogRecord::Yes(id, participants, writes), ctx);",
            wrong: "self.log.apply(LogRecord::Yes(id, participants, writes));",
        }],
    },
];
