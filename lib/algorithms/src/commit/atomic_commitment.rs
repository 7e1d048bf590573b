//! Atomic commitment is the problem that commit protocols solve: every node decides, all decide the same, and commit only if all can.
//!
//! - **Concept:** Atomic commitment (AC1 to AC5)
//! - **Guarantees:** nothing by itself: it says what a protocol has to guarantee. AC1 (safety): all nodes that decide on a transaction decide
//!   the same. AC2 (safety): no node reverses its decision. AC3 (safety): commit only if every participant voted yes. AC4
//!   (non-triviality): commit if all voted yes and nothing fails. AC5 (liveness): once all failures are repaired, every node decides.
//! - **Does not guarantee:** that anybody decides while failures last. A protocol whose working nodes decide whoever else has crashed is
//!   called non-blocking; none is both that and safe if messages may be lost (Gray, 1978; Skeen, 1981).
//! - **Assumes:** nodes that stop and do not lie.
//! - **Source:** Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database Systems", 1987, section 7.3
//! - **Differs:** AC4 and AC5 speak of whole runs, not of states; tests require them, by runs without failures and by healing.
//! - **Chapter:** 18
//!
//! It is not consensus: there a value is fine if anybody proposed it, and a majority suffices; here one vote against decides, so everybody
//! must be heard, and one node that is silent leaves the others in doubt.
//!
//! ```text
//! votes      n1: yes   n2: yes   n3: no     n1: yes   n2: yes   n3: (silent)
//! decision   abort, everywhere              abort if nobody can have told anybody to commit; otherwise wait
//! ```
//!
//! ```
//! use netsplit_algorithms::commit::{SameDecision, TwoPhaseCommit, two_phase_commit::{Config, Termination}};
//! use netsplit_node::{ms, secs};
//! use netsplit_sim::Lab;
//!
//! let lab = Lab::new(42);
//! let config = Config { vote_timeout: ms(100), inquire_every: ms(200), termination: Termination::Cooperative };
//! let banks = lab.cluster("bank", 3, move |_id| TwoPhaseCommit::new(config));
//! banks.require(SameDecision::default());            // the run ends where two nodes decide differently
//! lab.run_for(secs(1));
//! ```

use std::collections::{BTreeMap, BTreeSet};

use netsplit_node::{Invariant, Member, Node, NodeId};

use super::transaction::{Decision, TransactionId};

/// A node of a commit protocol, as the properties see it.
pub trait Committer: Node {
    /// What this node knows of each transaction.
    fn records(&self) -> &BTreeMap<TransactionId, Record>;
}

/// What a node knows of a transaction, by its log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Record {
    /// The nodes at which the transaction writes, as far as this node was told.
    pub participants: BTreeSet<NodeId>,
    /// Whether this node has voted yes: it must then not decide alone.
    pub voted_yes: bool,
    /// How it ends, once this node knows.
    pub decision: Option<Decision>,
}

impl Record {
    /// Whether this node has voted yes and does not know the decision: the paper's uncertainty period, in which it can only wait and ask.
    pub fn is_uncertain(&self) -> bool {
        self.voted_yes && self.decision.is_none()
    }
}

/// The decisions of all members that are up: transaction, member, decision. What a member had decided when it crashed, its log will say.
fn decisions<'a, N: Committer>(
    members: &'a [Member<'_, N>],
) -> impl Iterator<Item = (TransactionId, NodeId, Decision)> + 'a {
    members.iter().filter(|member| member.up).flat_map(|member| {
        let records = member.state.records().iter();
        records.filter_map(|(id, record)| Some((*id, member.id, record.decision?)))
    })
}

/// AC1: all nodes that decide on a transaction decide the same.
///
/// A decision that one node alone has may not be on its disk yet, so that a crash takes it back and nobody has heard of it: it is held against others
/// as long as the node has it, and for ever once another node has it too.
#[derive(Clone, Debug, Default, Hash)]
pub struct SameDecision {
    known: BTreeMap<TransactionId, (NodeId, Decision)>,
}

impl<N: Committer> Invariant<N> for SameDecision {
    fn name(&self) -> &str {
        "AC1 SameDecision"
    }

    fn check(&mut self, members: &[Member<'_, N>]) -> Result<(), String> {
        let mut alone = BTreeMap::new();
        for (id, node, decision) in decisions(members) {
            match self.known.get(&id).or(alone.get(&id)) {
                None => drop(alone.insert(id, (node, decision))),
                Some((first, known)) if *known != decision => {
                    return Err(format!("{id:?}: {first} has decided {known:?}, and {node} {decision:?}"));
                }
                Some(first) => drop(self.known.insert(id, *first)),
            }
        }
        Ok(())
    }
}

/// AC2: a node that has decided does not decide otherwise later. (It may forget and ask again; and as for AC1, what nobody has heard of does not
/// count.)
#[derive(Clone, Debug, Default, Hash)]
pub struct DecisionsFinal {
    known: BTreeMap<(TransactionId, NodeId), Decision>,
}

impl<N: Committer> Invariant<N> for DecisionsFinal {
    fn name(&self) -> &str {
        "AC2 DecisionsFinal"
    }

    fn check(&mut self, members: &[Member<'_, N>]) -> Result<(), String> {
        let mut holders: BTreeMap<TransactionId, usize> = BTreeMap::new();
        decisions(members).for_each(|(id, ..)| *holders.entry(id).or_default() += 1);
        for (id, node, decision) in decisions(members) {
            match self.known.get(&(id, node)) {
                Some(known) if *known != decision => {
                    return Err(format!("{id:?}: {node} had decided {known:?}, and now {decision:?}"));
                }
                None if holders[&id] > 1 => drop(self.known.insert((id, node), decision)),
                Some(_) | None => {}
            }
        }
        Ok(())
    }
}

/// AC3: whoever decides to commit does so when every participant has a yes in its log.
#[derive(Clone, Debug, Default, Hash)]
pub struct CommitNeedsAllVotes {
    /// The commits that were looked at, when they were new.
    known: BTreeSet<(TransactionId, NodeId)>,
}

impl<N: Committer> Invariant<N> for CommitNeedsAllVotes {
    fn name(&self) -> &str {
        "AC3 CommitNeedsAllVotes"
    }

    fn check(&mut self, members: &[Member<'_, N>]) -> Result<(), String> {
        for (id, node, decision) in decisions(members) {
            if decision == Decision::Abort || !self.known.insert((id, node)) {
                continue;
            }
            let records =
                || members.iter().filter_map(|member| Some((member.id, member.state.records().get(&id)?)));
            let participants: BTreeSet<NodeId> =
                records().flat_map(|(_, record)| record.participants.clone()).collect();
            let for_it: BTreeSet<NodeId> =
                records().filter(|(_, record)| record.voted_yes).map(|(id, _)| id).collect();
            if let Some(without) = participants.difference(&for_it).next() {
                return Err(format!(
                    "{id:?}: {node} has decided commit, and {without} has no yes in its log"
                ));
            }
        }
        Ok(())
    }
}
