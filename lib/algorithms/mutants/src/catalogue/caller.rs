//! Wrong variants of the caller of remote procedures.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const CALLER: Algorithm = Algorithm { name: "caller", path: "rpc/caller.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a_time_out_is_a_failure",
        mistake: "A client is told that its call failed when the last attempt timed out.",
        breaks: "FailMeansNo",
        edits: &[Edit {
            file: "caller.rs",
            right: "if !operation.may_have_happened && operation.under_way.is_empty() {",
            wrong: "{",
        }],
    },
    Mutant {
        name: "only_the_last_attempt_counts",
        mistake: "A refusal of the last attempt is told as a failure, although an earlier attempt may have had its effect.",
        breaks: "FailMeansNo",
        edits: &[Edit {
            file: "caller.rs",
            right: "operation.may_have_happened |= reason.is_none();",
            wrong: "operation.may_have_happened = reason.is_none();",
        }],
    },
    Mutant {
        name: "asks_once",
        mistake: "What was lost is not asked again.",
        breaks: "Progress",
        edits: &[Edit {
            file: "caller.rs",
            right: "            ctx.set_timer(wait, Timer::Retry(call));\n",
            wrong: "",
        }],
    },
];
