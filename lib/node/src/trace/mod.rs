//! Traces: what happened in a world, event by event, each with its cause. Diagrams are drawn from a trace and nothing else.

mod export;
mod filter;

use std::fmt;

use crate::inspection::Inspection;
use crate::node::NodeId;
use crate::time::Time;

/// What happened in a run, or the part of it that was kept.
#[derive(Clone, PartialEq)]
pub struct Trace {
    /// The seed of the world.
    pub seed: u64,
    /// Everyone who took part, in order of their numbers.
    pub lifelines: Vec<Lifeline>,
    /// The events, in the order in which they happened.
    pub events: Vec<Event>,
    /// What pictures show of nodes right after events, in the events' order, as far as that was recorded.
    pub states: Vec<StateAfter>,
    /// How many earlier events were not kept.
    pub omitted: u64,
    /// The moment at which the trace was taken.
    pub until: Time,
    /// The hash of the whole run, events that were not kept included.
    pub hash: TraceHash,
}

/// A participant, as one line of a diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifeline {
    /// Its number.
    pub id: NodeId,
    /// Its name: "store 0", "ann".
    pub name: String,
    /// What it is.
    pub kind: Participant,
    /// What pictures show of it at the moment the trace was taken; nothing for clients and crashed nodes.
    pub state: Option<Inspection>,
}

/// What pictures show of a node right after an event on its lifeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateAfter {
    /// The event: an arrival, a timer, a start.
    pub event: EventId,
    /// The node.
    pub node: NodeId,
    /// What it was then.
    pub state: Inspection,
}

/// The kinds of participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Participant {
    /// A node of a cluster.
    Node,
    /// A client of a cluster.
    Client,
}

/// The number of an event in its run, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

/// A run's fingerprint: equal seeds and equal actions give equal hashes, on every machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceHash(pub u64);

impl fmt::Display for TraceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TraceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// When it happened, by the world's clock.
    pub time: Time,
    /// The event whose handling caused it; nothing for what came from outside.
    pub cause: Option<EventId>,
    /// What happened.
    pub kind: EventKind,
}

/// What kind of thing is under way between two participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cargo {
    /// A message of the protocol itself.
    Message,
    /// A call's request.
    Request,
    /// A call's answer.
    Response,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// A node began, or began again after a crash.
    Started {
        /// The node.
        node: NodeId,
        /// Whether it had crashed before.
        again: bool,
    },
    /// A message, request or answer left its sender; this event's id is the message's name from now on.
    Sent {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
        /// What kind of message it is.
        cargo: Cargo,
        /// Its Debug form.
        text: String,
    },
    /// A message reached its receiver's code.
    Received {
        /// The receiver.
        node: NodeId,
        /// The sender.
        from: NodeId,
        /// The [`Sent`](EventKind::Sent) event of this message.
        message: EventId,
    },
    /// A message will not arrive.
    Lost {
        /// The sender.
        from: NodeId,
        /// The receiver that never sees it.
        to: NodeId,
        /// The [`Sent`](EventKind::Sent) event of this message.
        message: EventId,
        /// Why: "partition", "loss", "node is down".
        reason: String,
    },
    /// The network made a second copy of a message.
    Duplicated {
        /// The [`Sent`](EventKind::Sent) event of this message.
        message: EventId,
    },
    /// A timer ran out.
    TimerFired {
        /// The node that is woken.
        node: NodeId,
        /// The timer's Debug form.
        text: String,
    },
    /// A client began an operation.
    Invoked {
        /// The client.
        client: NodeId,
        /// The request's Debug form.
        text: String,
    },
    /// A client learned the outcome of an operation.
    Returned {
        /// The client.
        client: NodeId,
        /// The [`Invoked`](EventKind::Invoked) event of this operation.
        operation: EventId,
        /// The outcome's kind.
        outcome: OutcomeKind,
        /// The outcome's text.
        text: String,
    },
    /// A remark of a node.
    Noted {
        /// The node.
        node: NodeId,
        /// What it said.
        text: String,
    },
    /// A node changed a file; the change is volatile.
    Wrote {
        /// The node.
        node: NodeId,
        /// The file.
        file: String,
    },
    /// A sync ended: what it covered survives a crash.
    Synced {
        /// The node.
        node: NodeId,
    },
    /// A node crashed.
    Crashed {
        /// The node.
        node: NodeId,
        /// Why: "crashed", "crashed in the middle of a step", or the message of its panic.
        reason: String,
    },
    /// A node stopped noticing the world.
    Paused {
        /// The node.
        node: NodeId,
        /// When it will go on.
        until: Time,
    },
    /// Links were cut.
    Cut {
        /// The cut's number, which healing names.
        cut: u32,
        /// What was cut, in words.
        text: String,
        /// The groups that no longer reach each other; for a one-way cut the first does not reach the second.
        groups: Vec<Vec<NodeId>>,
        /// Whether only what the first group sends to the second is lost.
        one_way: bool,
    },
    /// Something is wrong with a node from now on, or right again.
    Fault {
        /// The node.
        node: NodeId,
        /// What it is.
        text: String,
    },
    /// The network changed a message, and no checksum will tell.
    Corrupted {
        /// The [`Sent`](EventKind::Sent) event of this message.
        message: EventId,
    },
    /// A rule of the network holds from now on.
    RuleBegan {
        /// The rule's number, which its end names.
        rule: u32,
        /// What it does to which messages.
        text: String,
    },
    /// A rule of the network holds no longer.
    RuleEnded {
        /// The rule's number.
        rule: u32,
        /// What it did to which messages.
        text: String,
    },
    /// Something about the whole world is different from now on: a latency, a place, a router, a name.
    Changed {
        /// What it is.
        text: String,
    },
    /// A property of the world was found violated; the run ended here.
    Violated {
        /// Its name.
        property: String,
        /// What is wrong.
        text: String,
    },
    /// A cut was healed.
    Healed {
        /// The cut's number.
        cut: u32,
    },
}

/// The kinds of outcomes, for colours and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// It happened.
    Ok,
    /// It did not happen.
    Fail,
    /// Nobody knows.
    Unknown,
}

impl Trace {
    /// The name of a participant; its number where it is unknown.
    pub fn name(&self, id: NodeId) -> String {
        self.lifelines
            .iter()
            .find(|line| line.id == id)
            .map_or_else(|| id.to_string(), |line| line.name.clone())
    }

    /// The event with this number, if it was kept.
    pub fn event(&self, id: EventId) -> Option<&Event> {
        let index = self.events.binary_search_by_key(&id, |event| event.id).ok()?;
        self.events.get(index)
    }

    /// One event in words, on one line.
    pub fn sentence(&self, event: &Event) -> String {
        let message_text = |id: &EventId| match self.event(*id).map(|sent| &sent.kind) {
            Some(EventKind::Sent { text, .. }) => text.clone(),
            _ => "a message sent before this trace begins".to_owned(),
        };
        match &event.kind {
            EventKind::Started { node, again: false } => format!("{} starts", self.name(*node)),
            EventKind::Started { node, again: true } => format!("{} starts again", self.name(*node)),
            EventKind::Sent { from, to, cargo, text } => {
                let verb = match cargo {
                    Cargo::Message => "sends",
                    Cargo::Request => "asks",
                    Cargo::Response => "answers",
                };
                format!("{} {verb} {}: {text}", self.name(*from), self.name(*to))
            }
            EventKind::Received { node, from, message } => {
                format!("{} receives from {}: {}", self.name(*node), self.name(*from), message_text(message))
            }
            EventKind::Lost { from, to, message, reason } => {
                format!(
                    "lost ({reason}), {} to {}: {}",
                    self.name(*from),
                    self.name(*to),
                    message_text(message)
                )
            }
            EventKind::Duplicated { message } => format!("the network doubles: {}", message_text(message)),
            // A client has one timer, its patience, and the text says what it does when that ends.
            EventKind::TimerFired { node, text } if self.is_client(*node) => {
                format!("{}: {text}", self.name(*node))
            }
            EventKind::TimerFired { node, text } => format!("{}'s timer {text} runs out", self.name(*node)),
            EventKind::Invoked { client, text } => format!("{} begins {text}", self.name(*client)),
            EventKind::Returned { client, text, .. } => format!("{} learns {text}", self.name(*client)),
            EventKind::Noted { node, text } => format!("{} notes: {text}", self.name(*node)),
            EventKind::Wrote { node, file } => format!("{} writes {file}", self.name(*node)),
            EventKind::Synced { node } => format!("{}'s disk is synced", self.name(*node)),
            EventKind::Crashed { node, reason } => format!("{} {reason}", self.name(*node)),
            EventKind::Paused { node, until } => format!("{} pauses until {until}", self.name(*node)),
            EventKind::Cut { cut, text, .. } => format!("cut {cut}: {text}"),
            EventKind::Healed { cut } => format!("cut {cut} is healed"),
            EventKind::Fault { node, text } => format!("{}: {text}", self.name(*node)),
            EventKind::Corrupted { message } => format!("the network changes: {}", message_text(message)),
            EventKind::RuleBegan { rule, text } => format!("rule {rule} begins: {text}"),
            EventKind::RuleEnded { rule, text } => {
                format!("rule {rule} ends for what is sent from now on: {text}")
            }
            EventKind::Changed { text } => format!("from now on {text}"),
            EventKind::Violated { property, text } => format!("{property} is violated: {text}"),
        }
    }

    fn is_client(&self, id: NodeId) -> bool {
        self.lifelines.iter().any(|line| line.id == id && line.kind == Participant::Client)
    }
}

/// One line per event, with a first line that gives the seed and the hash.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, trace {}, until {}", self.seed, self.hash, self.until)?;
        if self.omitted > 0 {
            write!(f, "\n{} earlier events were not kept", self.omitted)?;
        }
        for event in &self.events {
            write!(f, "\n{:>12}  {}", event.time, self.sentence(event))?;
        }
        Ok(())
    }
}

/// The same: a notebook shows a trace as its lines.
impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
