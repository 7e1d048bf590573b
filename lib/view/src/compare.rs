//! Two runs in one diagram: a passing one and a failing one, say, drawn side by side on one time axis, from a little before the first event
//! that is not the same.
//!
//! Both runs become one trace, the second one's participants and events with new numbers; so everything that diagrams can do is done
//! with the two together.

use std::collections::BTreeMap;
use std::fmt;

use netsplit_node::trace::{Event, EventId, EventKind, Lifeline, StateAfter};
use netsplit_node::{NodeId, Time, Trace};

/// How many events that are the same are shown before the first that is not.
const COMMON_SHOWN: usize = 8;

/// Where two runs part.
#[derive(Clone, Debug, PartialEq)]
pub struct Parting {
    /// How many events are the same in both, as far as both were kept.
    pub same: usize,
    /// When they part; nothing if one is as the other, or goes on where the other ends.
    pub at: Option<Time>,
    /// What happens in the first run then, in words; nothing if it has ended.
    pub one: Option<String>,
    /// What happens in the second run then.
    pub other: Option<String>,
}

impl Parting {
    /// Finds the first event that is not the same. Events that only one of the traces still has are not compared.
    pub fn of(one: &Trace, other: &Trace) -> Parting {
        let (ours, theirs) = overlapping(one, other);
        let same = ours.iter().zip(theirs).take_while(|(one, other)| is_same(one, other)).count();
        let (mine, yours) = (ours.get(same), theirs.get(same));
        let at = [mine, yours].into_iter().flatten().map(|event| event.time).min();
        Parting {
            same,
            at,
            one: mine.map(|event| format!("{} {}", event.time, one.sentence(event))),
            other: yours.map(|event| format!("{} {}", event.time, other.sentence(event))),
        }
    }
}

/// The runs' first difference in words.
impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = || "nothing more".to_owned();
        match self.at {
            None => write!(f, "the runs are the same: {} events", self.same),
            Some(at) => {
                let (one, other) =
                    (self.one.clone().unwrap_or_else(ended), self.other.clone().unwrap_or_else(ended));
                write!(f, "the same for {} events; they part at {at}\n  A: {one}\n  B: {other}", self.same)
            }
        }
    }
}

/// The events from the first number on that both still have.
fn overlapping<'a>(one: &'a Trace, other: &'a Trace) -> (&'a [Event], &'a [Event]) {
    let first = |trace: &Trace| trace.events.first().map_or(EventId(0), |event| event.id);
    let from = first(one).max(first(other));
    let tail = |trace: &'a Trace| &trace.events[trace.events.partition_point(|event| event.id < from)..];
    (tail(one), tail(other))
}

fn is_same(one: &Event, other: &Event) -> bool {
    one.time == other.time && one.kind == other.kind && one.cause == other.cause
}

/// Two runs as one trace, with a mark where they part, and the moment from which to show it.
pub(crate) fn joined(one: &Trace, other: &Trace, parting: &Parting) -> (Trace, Time) {
    let (ours, theirs) = overlapping(one, other);
    let shift = Shift {
        node: one.lifelines.iter().map(|line| line.id.0 + 1).max().unwrap_or(0),
        rule: numbers(&one.events).max().map_or(0, |number| number + 1),
    };
    let mut order: Vec<(Time, bool, &Event)> = ours.iter().map(|event| (event.time, false, event)).collect();
    order.extend(theirs.iter().map(|event| (event.time, true, event)));
    order.sort_by_key(|(time, is_other, event)| (*time, *is_other, event.id));
    let mark = parting.at.map(|at| order.partition_point(|(time, ..)| *time < at));
    let mut numbers: [BTreeMap<EventId, EventId>; 2] = Default::default();
    let mut events = Vec::with_capacity(order.len() + 1);
    for (place, (time, is_other, event)) in order.into_iter().enumerate() {
        if Some(place) == mark {
            let kind = EventKind::Changed { text: "the runs differ".to_owned() };
            events.push(Event { id: EventId(events.len() as u64), time, cause: None, kind });
        }
        let id = EventId(events.len() as u64);
        numbers[usize::from(is_other)].insert(event.id, id);
        let known = &numbers[usize::from(is_other)];
        // What happened before both traces begin keeps a number that no event has.
        let renumber = |id: EventId| known.get(&id).copied().unwrap_or(EventId(u64::MAX));
        let cause = event.cause.and_then(|cause| known.get(&cause).copied());
        let kind = if is_other {
            shift.kind(&event.kind, renumber)
        } else {
            Shift::NONE.kind(&event.kind, renumber)
        };
        events.push(Event { id, time, cause, kind });
    }
    let before = ours.get(parting.same.saturating_sub(COMMON_SHOWN)).map_or(Time::ZERO, |event| event.time);
    let lifelines = named(one, "A", 0).chain(named(other, "B", shift.node)).collect();
    let mut states: Vec<StateAfter> =
        states(one, &numbers[0], 0).chain(states(other, &numbers[1], shift.node)).collect();
    states.sort_by_key(|state| state.event);
    let until = one.until.max(other.until);
    let trace = Trace { lifelines, events, states, omitted: 0, until, seed: one.seed, hash: one.hash };
    (trace, if parting.at.is_some() { before } else { Time::ZERO })
}

/// The participants of one run, told apart from the other's.
fn named(trace: &Trace, run: &str, shift: u32) -> impl Iterator<Item = Lifeline> {
    trace.lifelines.iter().map(move |line| Lifeline {
        id: NodeId(line.id.0 + shift),
        name: format!("{run}: {}", line.name),
        ..line.clone()
    })
}

fn states(
    trace: &Trace,
    numbers: &BTreeMap<EventId, EventId>,
    shift: u32,
) -> impl Iterator<Item = StateAfter> {
    trace.states.iter().filter_map(move |state| {
        let event = *numbers.get(&state.event)?;
        Some(StateAfter { event, node: NodeId(state.node.0 + shift), state: state.state.clone() })
    })
}

/// The numbers of cuts and rules.
fn numbers(events: &[Event]) -> impl Iterator<Item = u32> {
    events.iter().filter_map(|event| match event.kind {
        EventKind::Cut { cut, .. } => Some(cut),
        EventKind::RuleBegan { rule, .. } => Some(rule),
        _ => None,
    })
}

/// By how much the second run's numbers are moved.
struct Shift {
    node: u32,
    rule: u32,
}

impl Shift {
    const NONE: Shift = Shift { node: 0, rule: 0 };

    /// An event with new numbers: of participants, of cuts and rules, and of the events that it refers to.
    fn kind(&self, kind: &EventKind, renumber: impl Fn(EventId) -> EventId) -> EventKind {
        let moved = |id: &NodeId| NodeId(id.0 + self.node);
        let mut kind = kind.clone();
        match &mut kind {
            EventKind::Sent { from, to, .. } => (*from, *to) = (moved(from), moved(to)),
            EventKind::Received { node, from, message } => {
                (*node, *from, *message) = (moved(node), moved(from), renumber(*message));
            }
            EventKind::Lost { from, to, message, .. } => {
                (*from, *to, *message) = (moved(from), moved(to), renumber(*message));
            }
            EventKind::Duplicated { message } | EventKind::Corrupted { message } => {
                *message = renumber(*message)
            }
            EventKind::Invoked { client, .. } => *client = moved(client),
            EventKind::Returned { client, operation, .. } => {
                (*client, *operation) = (moved(client), renumber(*operation));
            }
            EventKind::Started { node, .. }
            | EventKind::TimerFired { node, .. }
            | EventKind::Noted { node, .. }
            | EventKind::Wrote { node, .. }
            | EventKind::Synced { node }
            | EventKind::Crashed { node, .. }
            | EventKind::Paused { node, .. }
            | EventKind::Fault { node, .. } => *node = moved(node),
            EventKind::Cut { cut, groups, .. } => {
                *cut += self.rule;
                groups.iter_mut().flatten().for_each(|id| *id = moved(id));
            }
            EventKind::Healed { cut } => *cut += self.rule,
            EventKind::RuleBegan { rule, .. } | EventKind::RuleEnded { rule, .. } => *rule += self.rule,
            EventKind::Changed { .. } | EventKind::Violated { .. } => {}
        }
        kind
    }
}
