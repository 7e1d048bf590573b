//! Wrong variants of Paxos.

use super::{Algorithm, Edit, Mutant};

/// Paxos' mutants.
pub const PAXOS: Algorithm = Algorithm { name: "paxos", path: "consensus/paxos", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "promise_forgotten",
        mistake: "The promise is not written to the disk: after a restart an acceptor accepts what it has promised not to.",
        breaks: "PromisesKept",
        edits: &[Edit {
            file: "mod.rs",
            right: "        self.promised.store(bytes);\n",
            wrong: "        None::<Ballot>.store(bytes);\n",
        }],
    },
    Mutant {
        name: "accepts_below_its_promise",
        mistake: "An acceptor accepts whatever comes, although it has promised a higher ballot.",
        breaks: "PromisesKept",
        edits: &[Edit {
            file: "mod.rs",
            right: "Some(promised) if promised > proposal.ballot => Err(promised),",
            wrong: "Some(promised) if promised > proposal.ballot && proposal.ballot.round == 0 => Err(promised),",
        }],
    },
    Mutant {
        name: "own_value_first",
        mistake: "A proposer proposes what its own client wants, whatever the acceptors have accepted.",
        breaks: "ChosenStays",
        edits: &[Edit {
            file: "mod.rs",
            right: "heard.map(|proposal| proposal.value.clone()).or(wanted)",
            wrong: "wanted.or(heard.map(|proposal| proposal.value.clone()))",
        }],
    },
    Mutant {
        name: "lowest_ballot_wins",
        mistake: "A proposer takes the value of the lowest ballot that it hears of, not of the highest.",
        breaks: "ChosenStays",
        edits: &[Edit {
            file: "mod.rs",
            right: ".max_by_key(|proposal| proposal.ballot)",
            wrong: ".min_by_key(|proposal| proposal.ballot)",
        }],
    },
    Mutant {
        name: "half_is_enough",
        mistake: "Half of the nodes count as a majority: of four, two and the other two.",
        breaks: "ChosenStays",
        edits: &[Edit { file: "mod.rs", right: "members / 2 + 1", wrong: "members.div_ceil(2)" }],
    },
    Mutant {
        name: "ballots_mixed_up",
        mistake: "A learner counts who has accepted anything, not who has accepted under one ballot.",
        breaks: "Agreement",
        edits: &[Edit {
            file: "mod.rs",
            right: "self.accepted_by.entry(proposal.ballot).or_default();",
            wrong: "self.accepted_by.entry(Ballot { round: 0, proposer: NodeId(0) }).or_default();",
        }],
    },
    Mutant {
        name: "any_value_will_do",
        mistake: "A proposer that hears of nothing proposes a value that nobody wants.",
        breaks: "Validity",
        edits: &[Edit {
            file: "mod.rs",
            right: "let wanted = self.wanted.clone();",
            wrong: "let wanted = self.wanted.as_ref().map(|_| Value::from(\"nothing in particular\"));",
        }],
    },
];
