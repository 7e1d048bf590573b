//! Wrong variants of ABD.

use super::{Algorithm, Edit, Mutant};

/// ABD's mutants.
pub const ABD: Algorithm = Algorithm { name: "abd", path: "register/abd.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "reads_do_not_write_back",
        mistake: "A get returns what its query found, without making sure that a majority has it.",
        breaks: "Linearizability",
        edits: &[Edit {
            file: "abd.rs",
            right: "(Phase::Query { newest }, Kind::Get) => self.begin_propagation(call, key, Kind::Get, newest, ctx),",
            wrong: "(Phase::Query { newest }, Kind::Get) => self.end(call, Kind::Get, newest, ctx),",
        }],
    },
    Mutant {
        name: "queries_ask_too_few",
        mistake: "The query phase ends one answer short of a majority.",
        breaks: "Linearizability",
        edits: &[Edit {
            file: "abd.rs",
            right: "if operation.answered.len() < majority(ctx) {",
            wrong: "let one_less = usize::from(matches!(operation.phase, Phase::Query { .. }));\n        if operation.answered.len() + one_less < majority(ctx) {",
        }],
    },
    Mutant {
        name: "writers_do_not_query",
        mistake: "Every writer takes its own tag for the newest, as only a single writer may.",
        breaks: "Linearizability",
        edits: &[Edit {
            file: "abd.rs",
            right: "Writers::Many => self.begin_query(call, key, Kind::Put(value), ctx),",
            wrong: "Writers::Many => self.begin_write(call, key, value, ctx),",
        }],
    },
    Mutant {
        name: "tags_without_writer",
        mistake: "A tag is a number alone: two writers that found the same newest one make equal tags.",
        breaks: "TagsUnique",
        edits: &[Edit {
            file: "abd.rs",
            right: "tag: Tag { number: newest.number + 1, writer: me }",
            wrong: "tag: Tag { number: newest.number + 1, writer: NodeId(u32::MAX) }",
        }],
    },
    Mutant {
        name: "own_tag_given_twice",
        mistake: "A writer goes by what its query found alone: two puts of its clients at one time get one tag.",
        breaks: "TagsUnique",
        edits: &[Edit {
            file: "abd.rs",
            right: "let newest = found.max(self.register(key).tag);",
            wrong: "let newest = if found == Tag::INITIAL { self.register(key).tag } else { found };",
        }],
    },
    Mutant {
        name: "acknowledged_before_the_disk",
        mistake: "A replica acknowledges what it has only in memory.",
        breaks: "TagsMonotone",
        edits: &[Edit { file: "abd.rs", right: "            ctx.disk().sync();\n", wrong: "" }],
    },
];
