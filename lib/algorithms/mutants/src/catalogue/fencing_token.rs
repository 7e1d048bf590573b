//! Wrong variants of fencing.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const FENCING_TOKEN: Algorithm =
    Algorithm { name: "fencing_token", path: "replication/fencing_token.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "compared_with_the_latest_of_the_key",
        mistake: "A token is compared with those of its key alone: the past may still write elsewhere.",
        breaks: "SingleWriter",
        edits: &[Edit {
            file: "fencing_token.rs",
            right: "if self.fencing == Fencing::Checked && token < self.highest() {",
            wrong: "if self.fencing == Fencing::Checked && self.accepted.iter().any(|it| it.1 == key && token < it.0) {",
        }],
    },
    Mutant {
        name: "forgotten_by_a_crash",
        mistake: "A write is answered before it is on the disk, and with it its token.",
        breaks: "SingleWriter",
        edits: &[Edit { file: "fencing_token.rs", right: "        ctx.disk().sync();\n", wrong: "" }],
    },
    Mutant {
        name: "every_write_needs_a_new_token",
        mistake: "A token that was accepted once is refused from then on.",
        breaks: "Progress",
        edits: &[Edit {
            file: "fencing_token.rs",
            right: "token < self.highest() {",
            wrong: "token <= self.highest() {",
        }],
    },
];
