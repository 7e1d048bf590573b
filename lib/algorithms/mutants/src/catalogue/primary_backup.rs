//! Wrong variants of primary-backup replication, semi-synchronous and with consent.

use super::{Algorithm, Edit, Mutant};

/// Primary-backup's mutants.
pub const PRIMARY_BACKUP: Algorithm =
    Algorithm { name: "primary_backup", path: "replication/primary_backup", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "no_fencing",
        mistake: "A backup goes on copying from an old primary although it has consented to a newer epoch.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit {
            file: "mod.rs",
            right: "        if epoch < self.epoch {\n            return ctx.send(from, Message::Fenced { epoch: self.epoch });\n        }\n        self.retire(epoch, ctx);\n        self.await_primary(ctx);",
            wrong: "        self.retire(epoch, ctx);\n        self.await_primary(ctx);",
        }],
    },
    Mutant {
        name: "answers_before_the_backups",
        mistake: "The primary answers once its own disk has the request, and not when enough backups do.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit {
            file: "mod.rs",
            right: "        let backups = self.backups_needed(ctx);\n",
            wrong: "        let backups = 0;\n",
        }],
    },
    Mutant {
        name: "epoch_not_persisted",
        mistake: "After a restart a member believes in the epoch of its log, and forgets to which it has consented.",
        breaks: "EpochsOnlyGrow",
        edits: &[Edit {
            file: "mod.rs",
            right: "ctx.disk().write(\"epochs\", (self.epoch, self.log.epoch).to_bytes());",
            wrong: "ctx.disk().write(\"epochs\", (self.log.epoch, self.log.epoch).to_bytes());",
        }],
    },
    Mutant {
        name: "lagging_backup_promoted",
        mistake: "A new primary goes on with its own log, whatever those who consent have.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit {
            file: "mod.rs",
            right: "let newest = consents.values().max_by_key(|log| (log.epoch, log.entries.len())).cloned();",
            wrong: "let newest = Some(self.log.clone());",
        }],
    },
    Mutant {
        name: "longest_log_wins",
        mistake: "A new primary takes the longest log, though an old primary's may be longer by what nobody acknowledged.",
        breaks: "NoAcknowledgedWriteLost",
        edits: &[Edit {
            file: "mod.rs",
            right: ".max_by_key(|log| (log.epoch, log.entries.len()))",
            wrong: ".max_by_key(|log| log.entries.len())",
        }],
    },
    Mutant {
        name: "reads_without_asking",
        mistake: "A primary answers gets from its own log at once, although it may have been replaced.",
        breaks: "Linearizability",
        edits: &[Edit {
            file: "mod.rs",
            right: "                clients.insert(self.log.entries.len() + 1, call);",
            wrong: "                if matches!(request, KeyValueRequest::Get { .. }) {\n                    let mut log = self.log.clone();\n                    log.entries.push(Entry { epoch: self.epoch, request });\n                    return ctx.reply(call, answer_at(&log, log.entries.len()));\n                }\n                clients.insert(self.log.entries.len() + 1, call);",
        }],
    },
];
