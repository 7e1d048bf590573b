//! Wrong variants of the store with tunable consistency.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const TUNABLE_STORE: Algorithm =
    Algorithm { name: "tunable_store", path: "replication/tunable_store.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "what_was_found_is_dropped",
        mistake: "A read asks a majority, and answers from its own copy all the same.",
        breaks: "ReadsSeeWrites",
        edits: &[Edit {
            file: "tunable_store.rs",
            right: "            let key = operation.key.clone();\n            self.add(&key, &siblings, ctx);\n            self.go_on(call, ctx);",
            wrong: "            let _ = siblings;\n            self.go_on(call, ctx);",
        }],
    },
    Mutant {
        name: "one_has_it_is_enough",
        mistake: "A write is acknowledged once one replica has it, whatever the level.",
        breaks: "ReadsSeeWrites",
        edits: &[Edit {
            file: "tunable_store.rs",
            right: "if operation.answered.len() < operation.needed {",
            wrong: "if operation.phase == Phase::Query && operation.answered.len() < operation.needed {",
        }],
    },
    Mutant {
        name: "the_other_copy_wins",
        mistake: "A replica takes another's siblings in the place of its own.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit {
            file: "tunable_store.rs",
            right: "        merged.merge(siblings);\n",
            wrong: "        if siblings.values().count() > 0 {\n            merged = siblings.clone();\n        }\n",
        }],
    },
    Mutant {
        name: "acknowledged_before_the_disk",
        mistake: "A replica says that it keeps what is only in its memory.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit { file: "tunable_store.rs", right: "        ctx.disk().sync();\n", wrong: "" }],
    },
    Mutant {
        name: "blind_writes_overwrite",
        mistake: "A write takes the place of all that its replica has, although its client has read none of it.",
        breaks: "NoLostAdd",
        edits: &[Edit {
            file: "tunable_store.rs",
            right: "            siblings.put(ctx.id(), &context, value);",
            wrong: "            let context = { let _ = context; siblings.context() };\n            siblings.put(ctx.id(), &context, value);",
        }],
    },
];
