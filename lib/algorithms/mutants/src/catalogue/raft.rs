//! Wrong variants of Raft.

use super::{Algorithm, Edit, Mutant};

/// Raft's mutants.
pub const RAFT: Algorithm = Algorithm { name: "raft", path: "consensus/raft", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "two_votes_in_a_term",
        mistake: "A server votes for whoever asks, although it has voted for another in this term.",
        breaks: "ElectionSafety",
        edits: &[Edit {
            file: "election.rs",
            right: "let free = self.voted_for.is_none_or(|id| id == candidate);",
            wrong: "let free = true;",
        }],
    },
    Mutant {
        name: "votes_not_persisted",
        mistake: "The vote is not written to the disk: after a restart a server may vote again in the same term.",
        breaks: "ElectionSafety",
        edits: &[Edit {
            file: "persistence.rs",
            right: "let (term, voted_for) = (self.current_term, self.voted_for);",
            wrong: "let (term, voted_for) = (self.current_term, None);",
        }],
    },
    Mutant {
        name: "term_not_persisted",
        mistake: "After a restart a server believes in the term of its last log entry, and so votes again in terms in which it has voted.",
        breaks: "ElectionSafety",
        edits: &[Edit {
            file: "persistence.rs",
            right: "(self.current_term, self.voted_for, self.log) = (term, voted_for, log);",
            wrong: "(self.current_term, self.voted_for, self.log) = (log.last_term(), voted_for.filter(|_| term == log.last_term()), log);",
        }],
    },
    Mutant {
        name: "half_is_enough",
        mistake: "Half of the servers count as a majority: of four, two and the other two.",
        breaks: "ElectionSafety",
        edits: &[Edit {
            file: "membership.rs",
            right: ".count() * 2 > servers.len()",
            wrong: ".count() * 2 >= servers.len()",
        }],
    },
    Mutant {
        name: "any_candidate_will_do",
        mistake: "A vote is given whether or not the candidate's log is up to date (5.4.1 left out).",
        breaks: "LeaderCompleteness",
        edits: &[Edit {
            file: "election.rs",
            right: "(last_term, last_index) >= (self.log.last_term(), self.log.last_index())",
            wrong: "true",
        }],
    },
    Mutant {
        name: "longest_log_wins",
        mistake: "Logs are compared by their length alone, not by the term of their last entries first.",
        breaks: "LeaderCompleteness",
        edits: &[Edit {
            file: "election.rs",
            right: "(last_term, last_index) >= (self.log.last_term(), self.log.last_index())",
            wrong: "last_index >= self.log.last_index()",
        }],
    },
    Mutant {
        name: "old_terms_committed_by_counting",
        mistake: "An entry of an earlier term counts as committed as soon as a majority has it (Figure 8).",
        breaks: "LeaderCompleteness",
        edits: &[Edit {
            file: "commitment.rs",
            right: "if self.log.term_at(on_majority) == Some(self.current_term) {",
            wrong: "if on_majority > 0 {",
        }],
    },
    Mutant {
        name: "answers_before_the_disk",
        mistake: "A follower tells the leader that it has entries before they are on its disk.",
        breaks: "LeaderCompleteness",
        edits: &[Edit {
            file: "replication.rs",
            right: "        self.persist(ctx);\n        let reply = AppendEntriesReply { term: self.current_term, round, result };\n        ctx.send(leader, Message::AppendEntriesReply(reply));",
            wrong: "        let reply = AppendEntriesReply { term: self.current_term, round, result };\n        ctx.send(leader, Message::AppendEntriesReply(reply));\n        self.persist(ctx);",
        }],
    },
    Mutant {
        name: "old_messages_cut_the_log",
        mistake: "A follower deletes all that follows the entries of a message, though the message may be old and the rest committed.",
        breaks: "LeaderCompleteness",
        edits: &[Edit {
            file: "replication.rs",
            right: "        if is_configured_anew {\n            self.adopt_configuration(ctx);\n        }",
            wrong: "        self.log.truncate_from(last_new.max(self.log.snapshot().last_included_index) + 1);\n        self.adopt_configuration(ctx);",
        }],
    },
    Mutant {
        name: "commits_what_was_not_compared",
        mistake: "A follower commits up to the leader's commit index, although its own entries up to there are others.",
        breaks: "StateMachineSafety",
        edits: &[Edit {
            file: "replication.rs",
            right: "return self.conflict_at(prev_log_index);",
            wrong: "self.commit_up_to(leader_commit.min(self.log.last_index()), ctx);\n            return self.conflict_at(prev_log_index);",
        }],
    },
    Mutant {
        name: "terms_not_compared",
        mistake: "The consistency check looks only whether there is an entry before the new ones, not at its term.",
        breaks: "LogMatching",
        edits: &[Edit {
            file: "replication.rs",
            right: "if !in_snapshot && self.log.term_at(prev_log_index) != Some(prev_log_term) {",
            wrong: "if !in_snapshot && self.log.term_at(prev_log_index).is_none() {",
        }],
    },
    Mutant {
        name: "leader_gives_way",
        mistake: "A leader whose log differs from a follower's deletes its own entries from there on.",
        breaks: "LeaderAppendOnly",
        edits: &[Edit {
            file: "replication.rs",
            right: "let next_index = self.after_conflict(first_index, term);",
            wrong: "let next_index = self.after_conflict(first_index, term);\n                self.log.truncate_from(next_index.max(self.commit_index + 1));",
        }],
    },
    Mutant {
        name: "reads_without_asking",
        mistake: "A leader answers reads from its state machine without asking whether it still leads.",
        breaks: "Linearizability",
        edits: &[Edit {
            file: "reads.rs",
            right: "let round = leadership.round + 1;",
            wrong: "let round = 0;",
        }],
    },
    Mutant {
        name: "reads_before_the_term_begins",
        mistake: "A new leader answers reads by its commit index before it has committed an entry of its own term.",
        breaks: "Linearizability",
        edits: &[Edit {
            file: "reads.rs",
            right: "self.commit_index.max(leadership.first_of_term)",
            wrong: "self.commit_index",
        }],
    },
    Mutant {
        name: "commands_done_twice",
        mistake: "A request that is sent again is applied again: sessions remember nothing.",
        breaks: "Linearizability",
        edits: &[
            Edit {
                file: "sessions.rs",
                right: "Some((last, response)) if *last == sequence => SessionResponse::Response(response.clone()),",
                wrong: "",
            },
            Edit {
                file: "sessions.rs",
                right: "Some((last, _)) if *last > sequence => SessionResponse::SessionExpired,",
                wrong: "",
            },
        ],
    },
    Mutant {
        name: "lease_of_the_future",
        mistake: "A lease is counted from when the followers' answers arrived, not from when they were asked.",
        breaks: "Linearizability",
        edits: &[Edit {
            file: "reads.rs",
            right: "leadership.lease = leadership.lease.max(sent + lease_time);",
            wrong: "leadership.lease = leadership.lease.max(ctx.monotonic().max(sent) + lease_time);",
        }],
    },
    Mutant {
        name: "all_members_at_once",
        mistake: "A change to arbitrary other members is made in one step, without joint consensus.",
        breaks: "ElectionSafety",
        edits: &[Edit {
            file: "membership.rs",
            right: "Configuration::Joint { old: old.clone(), new: servers }",
            wrong: "Configuration::Simple(servers)",
        }],
    },
];
