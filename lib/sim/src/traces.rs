//! Putting the record into words, when somebody looks.

use netsplit_node::NodeId;
use netsplit_node::trace::{Event, EventId, EventKind, Lifeline, Participant, Trace};

use crate::participants::Role;
use crate::recorder::{Body, Record, What, cause_id};
use crate::world::World;

impl World {
    /// The events that were kept, as a trace that stands for itself.
    pub(crate) fn trace(&mut self) -> Trace {
        let lifelines = (0..self.participants.len() as u32).map(|id| self.lifeline(NodeId(id))).collect();
        let events = self.recorder.records().map(|record| self.event(record)).collect();
        Trace {
            seed: self.seed,
            lifelines,
            events,
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
                let inspect =
                    || self.clusters[cluster as usize].population.inspect(member as usize).to_string();
                (Participant::Node, participant.up.then(inspect))
            }
            Role::Client(_) => (Participant::Client, None),
        };
        Lifeline { id, name: self.name_of(id), kind, state }
    }

    fn event(&self, record: &Record) -> Event {
        let kind = match &record.what {
            What::Sent { from, to, cargo, body } => {
                EventKind::Sent { from: *from, to: *to, cargo: *cargo, text: self.text_of(*from, body) }
            }
            What::Received { node, from, message } => {
                EventKind::Received { node: *node, from: *from, message: EventId(*message) }
            }
            What::Other(kind) => (**kind).clone(),
        };
        Event { id: EventId(record.number), time: record.time, cause: cause_id(record.cause), kind }
    }

    fn text_of(&self, sender: NodeId, body: &Body) -> String {
        match (body, self.participants[sender.0 as usize].role) {
            (Body::Message(message), Role::Member { cluster, .. }) => {
                self.clusters[cluster as usize].population.describe(*message)
            }
            (Body::Payload(payload), _) => (**payload).describe(),
            (Body::Text(text), _) => text.to_string(),
            (Body::Message(_), Role::Client(_)) => unreachable!("only nodes send messages"),
        }
    }
}
