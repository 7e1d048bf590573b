//! The five properties that Raft guarantees at every moment (Figure 3), as invariants over a cluster's states.
//!
//! They remember: a leader, a log entry and an applied command of the past count as much as those of the present. They look at what
//! servers have in memory, also when it is not on the disk yet.

use std::collections::BTreeMap;
use std::fmt::Debug;

use netsplit_node::{Invariant, Member, NodeId};

use super::log::{Entry, Index, Term};
use super::state_machine::StateMachine;
use super::{Raft, Role};

/// "At most one leader can be elected in a given term" (5.2): ever, not only at the same time.
#[derive(Clone, Debug, Default, Hash)]
pub struct ElectionSafety {
    leaders: BTreeMap<Term, NodeId>,
}

impl<M: StateMachine> Invariant<Raft<M>> for ElectionSafety {
    fn name(&self) -> &str {
        "ElectionSafety"
    }

    fn check(&mut self, members: &[Member<'_, Raft<M>>]) -> Result<(), String> {
        for member in members.iter().filter(|member| member.up && member.state.is_leader()) {
            let term = member.state.current_term;
            let leader = *self.leaders.entry(term).or_insert(member.id);
            if leader != member.id {
                return Err(format!("{leader} and {} were both elected in term {term}", member.id));
            }
        }
        Ok(())
    }
}

/// "A leader never overwrites or deletes entries in its log; it only appends new entries" (5.3).
#[derive(Clone, Debug, Hash)]
pub struct LeaderAppendOnly<M: StateMachine> {
    /// Of each leader its term, and its log when it was last looked at.
    logs: BTreeMap<NodeId, LeadersLog<M::Command>>,
}

/// The term that somebody leads, and the entries that were not compacted.
type LeadersLog<C> = (Term, Vec<(Index, Entry<C>)>);

impl<M: StateMachine> Default for LeaderAppendOnly<M> {
    fn default() -> Self {
        LeaderAppendOnly { logs: BTreeMap::new() }
    }
}

impl<M: StateMachine> Invariant<Raft<M>> for LeaderAppendOnly<M> {
    fn name(&self) -> &str {
        "LeaderAppendOnly"
    }

    fn check(&mut self, members: &[Member<'_, Raft<M>>]) -> Result<(), String> {
        for member in members {
            let raft = member.state;
            if !(member.up && raft.is_leader()) {
                self.logs.remove(&member.id);
                continue;
            }
            let (term, seen) = self.logs.entry(member.id).or_default();
            if *term != raft.current_term {
                (*term, *seen) = (raft.current_term, Vec::new());
            }
            let compacted = raft.log.snapshot().last_included_index;
            seen.retain(|(index, _)| *index > compacted);
            for (index, entry) in seen.iter() {
                if raft.log.entry(*index) != Some(entry) {
                    let now = described(raft.log.entry(*index));
                    return Err(format!(
                        "{}, leader of term {term}, had {entry:?} at {index}, and now {now}",
                        member.id
                    ));
                }
            }
            let first_new = seen.last().map_or(0, |(index, _)| *index) + 1;
            let new = raft.log.entries().rev().take_while(|(index, _)| *index >= first_new);
            let mut new: Vec<_> = new.map(|(index, entry)| (index, entry.clone())).collect();
            new.reverse();
            seen.extend(new);
        }
        Ok(())
    }
}

/// "If two logs contain an entry with the same index and term, then the logs are identical in all entries up through the given
/// index" (5.3).
///
/// That is so exactly if an index and a term determine the command and the term of the entry before: by induction, they determine
/// everything before.
#[derive(Clone, Debug, Hash)]
pub struct LogMatching<M: StateMachine> {
    /// Each entry that was ever in a log, by its index and term, with the term of the entry before it.
    entries: BTreeMap<(Index, Term), AfterTerm<M::Command>>,
    seen: Changes,
}

/// An entry, and the term of the one before it.
type AfterTerm<C> = (Entry<C>, Term);

impl<M: StateMachine> Default for LogMatching<M> {
    fn default() -> Self {
        LogMatching { entries: BTreeMap::new(), seen: Changes::default() }
    }
}

impl<M: StateMachine> Invariant<Raft<M>> for LogMatching<M> {
    fn name(&self) -> &str {
        "LogMatching"
    }

    fn check(&mut self, members: &[Member<'_, Raft<M>>]) -> Result<(), String> {
        for member in members.iter().filter(|member| member.up) {
            let log = &member.state.log;
            if !self.seen.is_new(member) {
                continue;
            }
            for (index, entry) in log.entries() {
                let Some(before) = log.term_at(index - 1) else { continue };
                let known =
                    self.entries.entry((index, entry.term)).or_insert_with(|| (entry.clone(), before));
                if known.0 != *entry || known.1 != before {
                    return Err(format!(
                        "{} has {entry:?} at {index} after an entry of term {before}; elsewhere it is {:?} after one of term {}",
                        member.id, known.0, known.1
                    ));
                }
            }
        }
        Ok(())
    }
}

/// "If a log entry is committed in a given term, then that entry will be present in the logs of the leaders for all higher-numbered
/// terms" (5.4).
#[derive(Clone, Debug, Default, Hash)]
pub struct LeaderCompleteness {
    /// The term of each entry that was committed, and the lowest term in which a server knew that.
    committed: BTreeMap<Index, (Term, Term)>,
    seen: Changes,
    /// The leaders whose logs were compared, and up to which committed index.
    compared: BTreeMap<NodeId, (Term, Index)>,
}

impl<M: StateMachine> Invariant<Raft<M>> for LeaderCompleteness {
    fn name(&self) -> &str {
        "LeaderCompleteness"
    }

    fn check(&mut self, members: &[Member<'_, Raft<M>>]) -> Result<(), String> {
        for member in members.iter().filter(|member| member.up) {
            if self.seen.is_new(member) {
                self.note_committed(member);
            }
        }
        let Some((&last, _)) = self.committed.last_key_value() else { return Ok(()) };
        for member in members.iter().filter(|member| member.up && member.state.is_leader()) {
            let (leader, log) = (member.state.current_term, &member.state.log);
            let compared = self.compared.entry(member.id).or_default();
            let from = if compared.0 == leader { compared.1 + 1 } else { 0 };
            *compared = (leader, last);
            for (index, (term, known_in)) in self.committed.range(from..) {
                let is_there =
                    *index < log.snapshot().last_included_index || log.term_at(*index) == Some(*term);
                if *known_in < leader && !is_there {
                    return Err(format!(
                        "{} leads term {leader} and has {} at {index}, where an entry of term {term} was committed in term {known_in}",
                        member.id,
                        described(log.entry(*index))
                    ));
                }
            }
        }
        Ok(())
    }
}

impl LeaderCompleteness {
    fn note_committed<M: StateMachine>(&mut self, member: &Member<'_, Raft<M>>) {
        let raft = member.state;
        let new = raft.log.entries().take_while(|(index, _)| *index <= raft.commit_index);
        for (index, entry) in new {
            let known = self.committed.entry(index).or_insert((entry.term, raft.current_term));
            known.1 = known.1.min(raft.current_term);
        }
    }
}

/// "If a server has applied a log entry at a given index to its state machine, no other server will ever apply a different log entry
/// for the same index" (5.4.3).
#[derive(Clone, Debug, Hash)]
pub struct StateMachineSafety<M: StateMachine> {
    applied: BTreeMap<Index, (Entry<M::Command>, NodeId)>,
    seen: Changes,
}

impl<M: StateMachine> Default for StateMachineSafety<M> {
    fn default() -> Self {
        StateMachineSafety { applied: BTreeMap::new(), seen: Changes::default() }
    }
}

impl<M: StateMachine> Invariant<Raft<M>> for StateMachineSafety<M> {
    fn name(&self) -> &str {
        "StateMachineSafety"
    }

    fn check(&mut self, members: &[Member<'_, Raft<M>>]) -> Result<(), String> {
        for member in members.iter().filter(|member| member.up) {
            let raft = member.state;
            if !self.seen.is_new(member) {
                continue;
            }
            for (index, entry) in raft.log.entries().take_while(|(index, _)| *index <= raft.last_applied) {
                let (known, by) = self.applied.entry(index).or_insert_with(|| (entry.clone(), member.id));
                if known != entry {
                    return Err(format!("{by} applied {known:?} at {index}, and {} {entry:?}", member.id));
                }
            }
        }
        Ok(())
    }
}

/// Tells servers whose log or progress has changed from those that are as they were: looking through every log after every event
/// would take most of the time.
#[derive(Clone, Debug, Default, Hash)]
struct Changes {
    seen: BTreeMap<NodeId, [u64; 5]>,
}

impl Changes {
    /// Whether a server's log, its commitment or its term is another than last time, by its ends.
    fn is_new<M: StateMachine>(&mut self, member: &Member<'_, Raft<M>>) -> bool {
        let raft = member.state;
        let leads = matches!(raft.role, Role::Leader(_));
        let now = [
            raft.log.last_index(),
            raft.log.last_term(),
            raft.commit_index,
            raft.last_applied,
            raft.current_term * 2 + u64::from(leads),
        ];
        self.seen.insert(member.id, now) != Some(now)
    }
}

fn described<C: Debug>(entry: Option<&Entry<C>>) -> String {
    entry.map_or("nothing".to_owned(), |entry| format!("{entry:?}"))
}
