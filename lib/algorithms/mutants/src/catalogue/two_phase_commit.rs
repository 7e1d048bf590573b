//! Wrong variants of two-phase commit.

use super::{Algorithm, Edit, Mutant};

/// Two-phase commit's mutants.
pub const TWO_PHASE_COMMIT: Algorithm =
    Algorithm { name: "two_phase_commit", path: "commit/two_phase_commit.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "vote_not_logged",
        mistake: "A participant votes yes without a record in its log: after a restart it knows nothing of what it has promised.",
        breaks: "AC3 CommitNeedsAllVotes",
        edits: &[Edit {
            file: "two_phase_commit.rs",
            right: "self.log.append(LogRecord::Yes(id, participants, writes), ctx);",
            wrong: "self.log.apply(LogRecord::Yes(id, participants, writes));",
        }],
    },
    Mutant {
        name: "commits_at_the_timeout",
        mistake: "A coordinator takes silence for consent: it commits when its patience ends.",
        breaks: "AC3 CommitNeedsAllVotes",
        edits: &[Edit {
            file: "two_phase_commit.rs",
            right: "self.decide(id, Decision::Abort, &reason, ctx);",
            wrong: "self.decide(id, Decision::Commit, &reason, ctx);",
        }],
    },
    Mutant {
        name: "presumed_commit_without_record",
        mistake: "A coordinator that finds no decision in its log after a crash commits, although not all may have voted.",
        breaks: "AC3 CommitNeedsAllVotes",
        edits: &[Edit {
            file: "two_phase_commit.rs",
            right: "                self.adopt(id, Decision::Abort, ctx);\n                self.announce(id, Decision::Abort, ctx);",
            wrong: "                self.adopt(id, Decision::Commit, ctx);\n                self.announce(id, Decision::Commit, ctx);",
        }],
    },
    Mutant {
        name: "aborts_alone_when_in_doubt",
        mistake: "A participant that has voted yes and hears nothing decides abort by itself.",
        breaks: "AC1 SameDecision",
        edits: &[Edit {
            file: "two_phase_commit.rs",
            right: "        let mut asked = BTreeSet::from([id.coordinator]);",
            wrong: "        if record.voted_yes {\n            return self.adopt(id, Decision::Abort, ctx);\n        }\n        let mut asked = BTreeSet::from([id.coordinator]);",
        }],
    },
    Mutant {
        name: "told_before_it_is_logged",
        mistake: "A coordinator tells the decision before it is in its log, and decides abort if it crashes in between.",
        breaks: "AC1 SameDecision",
        edits: &[Edit {
            file: "two_phase_commit.rs",
            right: "        self.adopt(id, decision, ctx);\n        self.announce(id, decision, ctx);\n",
            wrong: "        self.announce(id, decision, ctx);\n        self.adopt(id, decision, ctx);\n",
        }],
    },
];
