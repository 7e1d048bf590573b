//! Wrong variants of careful file transfer.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const FILE_TRANSFER: Algorithm =
    Algorithm { name: "file_transfer", path: "end_to_end/file_transfer.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "digest_of_what_came",
        mistake: "The last node computes the digest to compare with from the file that came, and not from the one that was sent.",
        breaks: "EndToEndDigest",
        edits: &[Edit {
            file: "file_transfer.rs",
            right: "Checks::EndToEnd => crc32c(&file) == digest,",
            wrong: "Checks::EndToEnd => { let digest = crc32c(&file); crc32c(&file) == digest }",
        }],
    },
    Mutant {
        name: "acknowledged_before_the_disk",
        mistake: "The first node hears that a file is there before it is on the disk.",
        breaks: "EndToEndDigest",
        edits: &[Edit { file: "file_transfer.rs", right: "        ctx.disk().sync();\n", wrong: "" }],
    },
    Mutant {
        name: "not_sent_again",
        mistake: "After a wrong digest the pieces are believed to be there.",
        breaks: "Progress",
        edits: &[Edit {
            file: "file_transfer.rs",
            right: "            sending.missing = (0..sending.chunks.len() as u32).collect();\n",
            wrong: "            sending.missing.clear();\n",
        }],
    },
];
