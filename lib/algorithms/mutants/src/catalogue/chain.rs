//! Wrong variants of chain replication.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const CHAIN: Algorithm = Algorithm { name: "chain", path: "replication/chain", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "head_answers_at_once",
        mistake: "The head tells the client once its own disk has the update.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit {
            file: "mod.rs",
            right: "        if self.chain.tail() == Some(ctx.id()) {\n            self.stable = self.history.len();",
            wrong: "        if self.chain.tail() == Some(ctx.id()) || self.chain.head() == Some(ctx.id()) {\n            self.stable = self.history.len();",
        }],
    },
    Mutant {
        name: "no_lease",
        mistake: "A tail answers queries until it hears that it is no tail any more.",
        breaks: "Linearizability",
        edits: &[Edit {
            file: "mod.rs",
            right: "ctx.monotonic() >= self.leased_until || !self.is_whole()",
            wrong: "!self.is_whole()",
        }],
    },
    Mutant {
        name: "new_tail_answers_too_soon",
        mistake: "A server answers queries as soon as it is the tail, before it has what the old one acknowledged meanwhile.",
        breaks: "Linearizability",
        edits: &[Edit {
            file: "mod.rs",
            right: "ctx.monotonic() >= self.leased_until || !self.is_whole()",
            wrong: "ctx.monotonic() >= self.leased_until",
        }],
    },
    Mutant {
        name: "updates_of_any_chain",
        mistake: "A server takes updates from whoever sends them, also from one that was taken out and does not know.",
        breaks: "UpdatePropagation",
        edits: &[Edit {
            file: "mod.rs",
            right: "        if epoch != self.chain.epoch || self.chain.before(ctx.id()) != Some(from) {\n            return;\n        }\n",
            wrong: "",
        }],
    },
    Mutant {
        name: "history_kept_by_who_joins",
        mistake: "A server that comes back goes on with what it has, although the others have gone on without some of it.",
        breaks: "UpdatePropagation",
        edits: &[Edit {
            file: "mod.rs",
            right: "            self.history.clear();\n            self.stable = 0;\n",
            wrong: "",
        }],
    },
    Mutant {
        name: "new_successor_not_told",
        mistake: "After a change a server sends its new successor what comes from then on, and not what that may lack.",
        breaks: "Progress",
        edits: &[Edit {
            file: "mod.rs",
            right: "            let start = self.successor_has.unwrap_or(end).min(end);",
            wrong: "            let start = end;",
        }],
    },
    Mutant {
        name: "acknowledged_before_the_disk",
        mistake: "Updates are handed on and acknowledged although only memory has them.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit {
            file: "mod.rs",
            right: "        ctx.disk().sync();\n        let start = self.history.len();",
            wrong: "        let start = self.history.len();",
        }],
    },
    Mutant {
        name: "whole_by_hearsay",
        mistake: "A server is taken for whole by what its predecessor has, although that one may lack something itself.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit {
            file: "mod.rs",
            right: "        let Some(next) = self.chain.after(ctx.id()).filter(|_| self.is_whole()) else { return };",
            wrong: "        let Some(next) = self.chain.after(ctx.id()) else { return };",
        }],
    },
];
