//! Parts of a trace: of some participants, of some time, of what a condition chooses.

use super::{Event, EventId, EventKind, Trace};
use crate::node::NodeId;
use crate::time::Time;

impl Trace {
    /// Only the events for which `keep` holds. Those left out count as not kept; what a kept event refers to (the sending of a
    /// received message) stays too.
    pub fn filter(&self, mut keep: impl FnMut(&Event) -> bool) -> Trace {
        let chosen: Vec<&Event> = self.events.iter().filter(|event| keep(event)).collect();
        let mut wanted: Vec<EventId> = chosen.iter().map(|event| event.id).collect();
        wanted.extend(chosen.iter().filter_map(|event| event.kind.message()));
        wanted.sort_unstable();
        wanted.dedup();
        let events = self.events.iter().filter(|event| wanted.binary_search(&event.id).is_ok());
        let events: Vec<Event> = events.cloned().collect();
        let omitted = self.omitted + (self.events.len() - events.len()) as u64;
        Trace { events, omitted, ..self.clone() }
    }

    /// Only what happens to these participants, or between them and others.
    pub fn only(&self, ids: impl IntoIterator<Item = NodeId>) -> Trace {
        let ids: Vec<NodeId> = ids.into_iter().collect();
        self.filter(|event| match &event.kind {
            EventKind::Sent { from, to, .. } | EventKind::Lost { from, to, .. } => {
                ids.contains(from) || ids.contains(to)
            }
            kind => kind.place().is_some_and(|place| ids.contains(&place)),
        })
    }

    /// Only what happens from `since` up to and including `until`.
    pub fn between(&self, since: Time, until: Time) -> Trace {
        self.filter(|event| (since..=until).contains(&event.time))
    }

    /// What led to an event: the chain of causes from the first one that was kept up to the event itself.
    pub fn causes_of(&self, id: EventId) -> Vec<&Event> {
        let mut chain: Vec<&Event> =
            std::iter::successors(self.event(id), |event| self.event(event.cause?)).collect();
        chain.reverse();
        chain
    }
}

impl EventKind {
    /// The kind in one word, as exports name it.
    pub fn name(&self) -> &'static str {
        match self {
            EventKind::Started { .. } => "started",
            EventKind::Sent { .. } => "sent",
            EventKind::Received { .. } => "received",
            EventKind::Lost { .. } => "lost",
            EventKind::Duplicated { .. } => "duplicated",
            EventKind::TimerFired { .. } => "timer_fired",
            EventKind::Invoked { .. } => "invoked",
            EventKind::Returned { .. } => "returned",
            EventKind::Noted { .. } => "noted",
            EventKind::Wrote { .. } => "wrote",
            EventKind::Synced { .. } => "synced",
            EventKind::Crashed { .. } => "crashed",
            EventKind::Paused { .. } => "paused",
            EventKind::Cut { .. } => "cut",
            EventKind::Healed { .. } => "healed",
            EventKind::Fault { .. } => "fault",
            EventKind::Corrupted { .. } => "corrupted",
            EventKind::RuleBegan { .. } => "rule_began",
            EventKind::RuleEnded { .. } => "rule_ended",
            EventKind::Changed { .. } => "changed",
            EventKind::Violated { .. } => "violated",
        }
    }

    /// The participant on whose lifeline it happens; nothing for what happens in the network.
    pub fn place(&self) -> Option<NodeId> {
        match self {
            EventKind::Sent { from, .. } => Some(*from),
            EventKind::Invoked { client, .. } | EventKind::Returned { client, .. } => Some(*client),
            EventKind::Started { node, .. }
            | EventKind::Received { node, .. }
            | EventKind::TimerFired { node, .. }
            | EventKind::Noted { node, .. }
            | EventKind::Wrote { node, .. }
            | EventKind::Synced { node }
            | EventKind::Crashed { node, .. }
            | EventKind::Paused { node, .. }
            | EventKind::Fault { node, .. } => Some(*node),
            EventKind::Lost { .. }
            | EventKind::Duplicated { .. }
            | EventKind::Corrupted { .. }
            | EventKind::Cut { .. }
            | EventKind::Healed { .. }
            | EventKind::RuleBegan { .. }
            | EventKind::RuleEnded { .. }
            | EventKind::Changed { .. }
            | EventKind::Violated { .. } => None,
        }
    }

    /// The sending of the message that this is about, if it is about one that was sent before.
    pub fn message(&self) -> Option<EventId> {
        match self {
            EventKind::Received { message, .. }
            | EventKind::Lost { message, .. }
            | EventKind::Duplicated { message }
            | EventKind::Corrupted { message } => Some(*message),
            _ => None,
        }
    }
}
