//! What must hold of Paxos' nodes at every moment: the three properties of consensus, and the two lemmas on which their proof rests.

use std::collections::{BTreeMap, BTreeSet};

use netsplit_node::{Invariant, Member, NodeId, Value};

use super::{Ballot, Paxos, Proposal};

/// Section 1: "only a single value is chosen". No two nodes learn different values, whenever they do.
#[derive(Clone, Debug, Default, Hash)]
pub struct Agreement {
    first: Option<(NodeId, Value)>,
}

impl Invariant<Paxos> for Agreement {
    fn name(&self) -> &str {
        "Agreement"
    }

    fn check(&mut self, members: &[Member<'_, Paxos>]) -> Result<(), String> {
        for member in members {
            let Some(value) = member.state.learned() else { continue };
            let (first, known) = self.first.get_or_insert_with(|| (member.id, value.clone()));
            if known != value {
                return Err(format!("{first} has learned {known:?}, and {} {value:?}", member.id));
            }
        }
        Ok(())
    }
}

/// Section 1: "only a value that has been proposed may be chosen".
#[derive(Clone, Debug, Default, Hash)]
pub struct Validity {
    wanted: BTreeSet<Value>,
}

impl Invariant<Paxos> for Validity {
    fn name(&self) -> &str {
        "Validity"
    }

    fn check(&mut self, members: &[Member<'_, Paxos>]) -> Result<(), String> {
        self.wanted.extend(members.iter().filter_map(|member| member.state.wanted.clone()));
        let learned = members.iter().filter_map(|member| Some((member.id, member.state.learned()?)));
        match { learned }.find(|(_, value)| !self.wanted.contains(value)) {
            Some((id, value)) => Err(format!("{id} has learned {value:?}, which nobody has proposed")),
            None => Ok(()),
        }
    }
}

/// A node that has learned a value keeps to it. (A restart forgets what was learned; what it learns again is the same by agreement.)
#[derive(Clone, Debug, Default, Hash)]
pub struct Integrity {
    learned: BTreeMap<NodeId, Value>,
}

impl Invariant<Paxos> for Integrity {
    fn name(&self) -> &str {
        "Integrity"
    }

    fn check(&mut self, members: &[Member<'_, Paxos>]) -> Result<(), String> {
        for member in members {
            let Some(value) = member.state.learned() else { continue };
            let known = self.learned.entry(member.id).or_insert_with(|| value.clone());
            if known != value {
                return Err(format!("{} has learned {known:?}, and then {value:?}", member.id));
            }
        }
        Ok(())
    }
}

/// P1a, section 2.2: an acceptor that has promised a ballot to a proposer accepts nothing lower from then on, and does not forget it.
#[derive(Clone, Debug, Default, Hash)]
pub struct PromisesKept {
    /// For each acceptor, the highest ballot of which its promise has reached the proposer, and what it said that it had accepted.
    heard: BTreeMap<NodeId, (Ballot, Option<Proposal>)>,
}

impl Invariant<Paxos> for PromisesKept {
    fn name(&self) -> &str {
        "PromisesKept"
    }

    fn check(&mut self, members: &[Member<'_, Paxos>]) -> Result<(), String> {
        for member in members {
            let Some(attempt) = &member.state.attempt else { continue };
            // What a node has promised itself is not on its disk until it is sent to others: a crash may forget it with the ballot.
            for (&acceptor, accepted) in
                attempt.promises.iter().filter(|&(&acceptor, _)| acceptor != member.id)
            {
                let known = self.heard.get(&acceptor).is_some_and(|(ballot, _)| *ballot >= attempt.ballot);
                if !known {
                    self.heard.insert(acceptor, (attempt.ballot, accepted.clone()));
                }
            }
        }
        for member in members {
            let Some((ballot, reported)) = self.heard.get(&member.id) else { continue };
            let (promised, accepted) = (member.state.promised(), member.state.accepted());
            if promised < Some(*ballot) {
                return Err(format!(
                    "{} has promised {ballot:?}, and now its promise is {promised:?}",
                    member.id
                ));
            }
            if accepted != reported.as_ref() && accepted.map(|proposal| proposal.ballot) < Some(*ballot) {
                return Err(format!(
                    "{} has promised {ballot:?}, and has accepted {accepted:?} since",
                    member.id
                ));
            }
        }
        Ok(())
    }
}

/// P2b, section 2.2: once a value is chosen, no proposer proposes another under a higher ballot.
#[derive(Clone, Debug, Default, Hash)]
pub struct ChosenStays {
    /// The lowest ballot under which a node has learned the value.
    chosen: Option<Proposal>,
}

impl Invariant<Paxos> for ChosenStays {
    fn name(&self) -> &str {
        "ChosenStays"
    }

    fn check(&mut self, members: &[Member<'_, Paxos>]) -> Result<(), String> {
        for learned in members.iter().filter_map(|member| member.state.learned.as_ref()) {
            if self.chosen.as_ref().is_none_or(|chosen| learned.ballot < chosen.ballot) {
                self.chosen = Some(learned.clone());
            }
        }
        let Some(chosen) = &self.chosen else { return Ok(()) };
        for member in members {
            let Some(attempt) = &member.state.attempt else { continue };
            let Some(value) = attempt.proposed.as_ref().filter(|&value| *value != chosen.value) else {
                continue;
            };
            if attempt.ballot > chosen.ballot {
                let (id, ballot) = (member.id, attempt.ballot);
                return Err(format!(
                    "{id} proposes {value:?} under {ballot:?}, although {chosen:?} is chosen"
                ));
            }
        }
        Ok(())
    }
}
