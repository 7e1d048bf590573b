//! Wrong variants of closed timestamps.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const CLOSED_TIMESTAMP: Algorithm =
    Algorithm { name: "closed_timestamp", path: "clocks/closed_timestamp.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "clock_believed",
        mistake: "A write gets the time of the leader's clock, also where that is closed already.",
        breaks: "ClosedStaysClosed",
        edits: &[Edit {
            file: "closed_timestamp.rs",
            right: "ctx.now().max(self.closed + ns(1)).max(last + ns(1))",
            wrong: "ctx.now().max(last + ns(1))",
        }],
    },
    Mutant {
        name: "answered_before_it_is_closed",
        mistake: "A follower answers of the present from what it has.",
        breaks: "SnapshotReads",
        edits: &[Edit {
            file: "closed_timestamp.rs",
            right: "            if at <= self.closed {\n                ctx.reply",
            wrong: "            if at <= self.closed.max(ctx.now()) {\n                ctx.reply",
        }],
    },
    Mutant {
        name: "read_without_closing",
        mistake: "The leader answers of the present, and goes on writing there.",
        breaks: "SnapshotReads",
        edits: &[
            Edit {
                file: "closed_timestamp.rs",
                right: "            self.close(come.unwrap_or(Time::ZERO), ctx);\n",
                wrong: "",
            },
            Edit {
                file: "closed_timestamp.rs",
                right: "            if at <= self.closed {\n                ctx.reply",
                wrong: "            if at <= self.closed || (leader(ctx) == ctx.id() && at <= ctx.now()) {\n                ctx.reply",
            },
        ],
    },
];
