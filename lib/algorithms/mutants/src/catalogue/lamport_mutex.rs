//! Wrong variants of Lamport's mutual exclusion.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const LAMPORT_MUTEX: Algorithm =
    Algorithm { name: "lamport_mutex", path: "clocks/lamport_mutex.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "enters_without_hearing_all",
        mistake: "A node enters once its request is the first that it knows, without having heard of everyone after it (rule 5, ii).",
        breaks: "MutualExclusion",
        edits: &[Edit {
            file: "lamport_mutex.rs",
            right: "if is_first && all_were_heard && !self.inside {",
            wrong: "if is_first && !self.inside {",
        }],
    },
    Mutant {
        name: "anything_heard_will_do",
        mistake: "A message of each peer is enough, however old its timestamp.",
        breaks: "MutualExclusion",
        edits: &[Edit { file: "lamport_mutex.rs", right: "|&heard| heard > own)", wrong: "|_| true)" }],
    },
    Mutant {
        name: "clock_not_moved_by_receipts",
        mistake: "A receipt ticks the clock, but does not move it past the message's timestamp (rule IR2): nothing that is heard is ever late enough.",
        breaks: "Progress",
        edits: &[Edit {
            file: "lamport_mutex.rs",
            right: "self.clock.receive(ctx.id(), message.sent());",
            wrong: "self.clock.tick(ctx.id());",
        }],
    },
    Mutant {
        name: "not_in_order",
        mistake: "Messages are taken as they arrive, not in the order of their sending.",
        breaks: "MutualExclusion",
        edits: &[Edit {
            file: "lamport_mutex.rs",
            right: "        let arrival = self.links.receive(from, frame);\n",
            wrong: "        let early = match &frame {\n            Frame::Data { message, .. } => Some(message.clone()),\n            Frame::Ack { .. } => None,\n        };\n        let mut arrival = self.links.receive(from, frame);\n        arrival.delivered = early.into_iter().collect();\n",
        }],
    },
];
