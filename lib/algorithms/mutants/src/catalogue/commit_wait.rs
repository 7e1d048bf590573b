//! Wrong variants of commit wait.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const COMMIT_WAIT: Algorithm =
    Algorithm { name: "commit_wait", path: "clocks/commit_wait.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "earliest_for_latest",
        mistake: "A write gets the earliest time that it may be, which has nearly passed already.",
        breaks: "ExternalConsistency",
        edits: &[Edit {
            file: "commit_wait.rs",
            right: "let latest = ctx.now_interval().latest;",
            wrong: "let latest = ctx.now_interval().earliest;",
        }],
    },
    Mutant {
        name: "waits_for_its_own_clock",
        mistake: "A write waits until the shard's clock shows its timestamp, as if that clock were right.",
        breaks: "ExternalConsistency",
        edits: &[Edit {
            file: "commit_wait.rs",
            right: "_ => commit_wait(*at, ctx.now_interval()),",
            wrong: "_ => commit_wait(*at, netsplit_node::Interval::around(ctx.now(), Duration::ZERO)),",
        }],
    },
    Mutant {
        name: "answered_before_the_disk",
        mistake: "A write is answered although only memory has it.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit { file: "commit_wait.rs", right: "        ctx.disk().sync();\n", wrong: "" }],
    },
];
