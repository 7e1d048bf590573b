//! Putting the record into words, when somebody looks.

use netsplit_node::trace::{Cargo, Event, EventId, EventKind, Lifeline, Participant, Trace};
use netsplit_node::{NodeId, Slot};

use crate::participants::Role;
use crate::recorder::{Body, Record, RecordKind, Rest, cause_id};
use crate::world::World;

impl World {
    /// The events that were kept, as a trace that stands for itself.
    pub(crate) fn trace(&mut self) -> Trace {
        let lifelines = (0..self.participants.len() as u32).map(|id| self.lifeline(NodeId(id))).collect();
        let events: Vec<Event> = self.recorder.records().map(|record| self.event(record)).collect();
        let first = events.first().map_or(u64::MAX, |event| event.id.0);
        Trace {
            seed: self.seed,
            lifelines,
            events,
            states: self.states.since(first),
            omitted: self.recorder.omitted(),
            until: self.now,
            hash: self.recorder.hash(),
        }
    }

    /// The events from number `first` on, oldest first, as far as they were kept.
    pub(crate) fn events_since(&self, first: u64) -> Vec<Event> {
        let new = self.recorder.records().rev().take_while(|record| record.number >= first);
        let mut events: Vec<Event> = new.map(|record| self.event(record)).collect();
        events.reverse();
        events
    }

    fn lifeline(&self, id: NodeId) -> Lifeline {
        let participant = &self.participants[id.0 as usize];
        let (kind, state) = match participant.role {
            Role::Member { cluster, member } => {
                let inspect = || self.clusters[cluster as usize].population.inspect(member as usize);
                (Participant::Node, participant.up.then(inspect))
            }
            Role::Client(_) => (Participant::Client, None),
        };
        Lifeline { id, name: self.name_of(id), kind, state }
    }

    fn event(&self, record: &Record) -> Event {
        let (node, other) = (record.node, record.other);
        let kind = match (record.kind, record.rest.as_deref()) {
            (RecordKind::Received, _) => {
                EventKind::Received { node, from: other, message: EventId(record.message) }
            }
            (_, Some(Rest::Event(kind))) => kind.clone(),
            (_, Some(Rest::Sent { from, to, cargo, body })) => {
                let text = match body {
                    Body::Payload(payload) => (**payload).describe(),
                    Body::Text(text) => text.to_string(),
                };
                EventKind::Sent { from: *from, to: *to, cargo: *cargo, text }
            }
            (_, None) => {
                let text = self.text_of(node, Slot(record.message as u32));
                EventKind::Sent { from: node, to: other, cargo: Cargo::Message, text }
            }
        };
        Event { id: EventId(record.number), time: record.time, cause: cause_id(record.cause), kind }
    }

    fn text_of(&self, sender: NodeId, message: Slot) -> String {
        match self.participants[sender.0 as usize].role {
            Role::Member { cluster, .. } => self.clusters[cluster as usize].population.describe_copy(message),
            Role::Client(_) => unreachable!("only nodes send messages"),
        }
    }
}
