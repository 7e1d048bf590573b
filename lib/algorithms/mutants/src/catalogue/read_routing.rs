//! Wrong variants of read routing.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const READ_ROUTING: Algorithm =
    Algorithm { name: "read_routing", path: "replication/read_routing.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "token_ignored",
        mistake: "A copy answers as it is, whatever the session has seen.",
        breaks: "Read your writes",
        edits: &[Edit {
            file: "read_routing.rs",
            right: "Request::Read { key, at_least } => self.read(call, key, at_least, ctx),",
            wrong: "Request::Read { key, .. } => self.read(call, key, Lsn::default(), ctx),",
        }],
    },
    Mutant {
        name: "writes_leave_no_token",
        mistake: "A session notes what it has read, and not what it has written.",
        breaks: "Read your writes",
        edits: &[Edit {
            file: "read_routing.rs",
            right: "        self.seen = self.seen.max(response.place());",
            wrong: "        if matches!(response, Response::Value { .. }) {\n            self.seen = self.seen.max(response.place());\n        }",
        }],
    },
    Mutant {
        name: "reads_leave_no_token",
        mistake: "A session notes what it has written, and not what it has read.",
        breaks: "Monotonic reads",
        edits: &[Edit {
            file: "read_routing.rs",
            right: "        self.seen = self.seen.max(response.place());",
            wrong: "        if matches!(response, Response::Stored { .. }) {\n            self.seen = self.seen.max(response.place());\n        }",
        }],
    },
    Mutant {
        name: "positions_without_epochs",
        mistake: "A place is a number: after a fail-over another entry in its position is taken for the one that was lost.",
        breaks: "Read your writes",
        edits: &[Edit {
            file: "read_routing.rs",
            right: "            match (self.store.knows(*place), waiting) {",
            wrong: "            let is_there = place.position <= self.store.acknowledged().position;\n            match (if is_there { Known::Yes } else { Known::NotYet }, waiting) {",
        }],
    },
    Mutant {
        name: "unacknowledged_entries_read",
        mistake: "A copy shows all that it has, also what a fail-over may take back.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit {
            file: "read_routing.rs",
            right: "                (Known::Yes, Waiting::Reach(_, key)) => {\n                    let response = self.value(&key, self.store.acknowledged(), ctx);",
            wrong: "                (Known::Yes, Waiting::Reach(_, key)) => {\n                    let all = self.store.log().place(self.store.log().entries.len());\n                    let response = self.value(&key, all, ctx);",
        }],
    },
    Mutant {
        name: "primary_does_not_look",
        mistake: "Who is asked as the primary answers without looking whether it has what the session has seen: it may be an old one.",
        breaks: "Read your writes",
        edits: &[Edit {
            file: "read_routing.rs",
            right: "        if self.store.knows(at_least) == Known::Yes {",
            wrong: "        {",
        }],
    },
    Mutant {
        name: "writes_carry_no_token",
        mistake: "A primary takes every write, also that of a session which has seen a newer epoch, or something that is lost.",
        breaks: "Read your writes",
        edits: &[Edit {
            file: "read_routing.rs",
            right: "self.store.is_primary() && self.store.log().place(after.position as usize) != after",
            wrong: "false",
        }],
    },
];
