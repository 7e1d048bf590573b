//! The overview of a long run: a million events on one strip, from which one zooms in to single messages.
//!
//! What is told has a bound, whatever the length of the run (level of detail): exact counts of events for each lifeline in a few thousand
//! slices of time; every crash, cut and failed call up to a number; and of the messages an evenly spaced part. How large that part is stands
//! with it, so that nobody takes a gap for silence.

mod pack;

use netsplit_node::json::Json;
use netsplit_node::trace::{Cargo, Event, EventId, EventKind, OutcomeKind, Participant};
use netsplit_node::{Time, Trace};

use crate::scene::Scene;
use netsplit_figure::measure::cut;
use pack::{Packed, Texts};

/// Into how many slices the time of a long run is divided; a short one has fewer.
const MOST_SLICES: usize = 2048;
const LEAST_SLICES: usize = 64;
/// How many messages are told one by one.
const MOST_MESSAGES: usize = 25_000;
/// How many marks are told.
const MOST_MARKS: usize = 1500;
/// The letters of a mark's words.
const LONGEST_WORDS: usize = 120;
/// No message.
const NONE: u32 = u32::MAX;

/// A message, as the overview tells it.
#[derive(Clone, Copy)]
struct Way {
    from: u8,
    to: u8,
    /// What it is and how it ended: bits 0 and 1 are the cargo, 2 is lost, 3 is still under way.
    kind: u8,
    sent: Time,
    ended: Time,
    /// The event of its sending, by its place in the trace.
    event: u32,
}

const LOST: u8 = 4;
const UNDER_WAY: u8 = 8;

/// The data of `script/overview.js`: the run between two moments on the lifelines of `scene`.
pub(crate) fn data(scene: &Scene, trace: &Trace, since: Time, until: Time) -> Json {
    let first = trace.events.partition_point(|event| event.time < since);
    let end = trace.events.partition_point(|event| event.time <= until).max(first);
    let events = &trace.events[first..end];
    let mut overview = Overview::new(scene, trace, (since, until), events.len());
    for (place, event) in events.iter().enumerate() {
        overview.add(events, place, event);
    }
    overview.json(scene, trace, events)
}

struct Overview<'a> {
    trace: &'a Trace,
    since: Time,
    length: u128,
    slices: usize,
    /// The row of each participant, by its number; 255 for none.
    rows: Vec<u8>,
    /// How many events each row has in each slice.
    counts: Vec<u32>,
    /// How many messages are lost in each slice.
    lost: Vec<u32>,
    ways: Vec<Way>,
    /// The way that begins at each event.
    way_of: Vec<u32>,
    marks: Vec<Json>,
    marks_left_out: usize,
}

impl<'a> Overview<'a> {
    fn new(scene: &Scene, trace: &'a Trace, (since, until): (Time, Time), events: usize) -> Overview<'a> {
        let slices = events.next_power_of_two().clamp(LEAST_SLICES, MOST_SLICES);
        let most = trace.lifelines.iter().map(|line| line.id.0 as usize + 1).max().unwrap_or(0);
        let mut rows = vec![u8::MAX; most];
        for (row, column) in scene.columns.iter().enumerate() {
            if let Some(known) = rows.get_mut(column.id.0 as usize) {
                *known = row as u8;
            }
        }
        Overview {
            trace,
            since,
            length: u128::from((until.as_nanos().saturating_sub(since.as_nanos())).max(1)),
            rows,
            slices,
            counts: vec![0; slices * scene.columns.len()],
            lost: vec![0; slices],
            ways: Vec::new(),
            way_of: Vec::new(),
            marks: Vec::new(),
            marks_left_out: 0,
        }
    }

    fn row(&self, id: netsplit_node::NodeId) -> Option<u8> {
        self.rows.get(id.0 as usize).copied().filter(|row| *row != u8::MAX)
    }

    /// A moment as a part of the whole, in 2^32ths.
    fn part(&self, time: Time) -> u32 {
        let after = u128::from(time.as_nanos().saturating_sub(self.since.as_nanos()));
        (after * u128::from(u32::MAX) / self.length).min(u128::from(u32::MAX)) as u32
    }

    fn slice(&self, time: Time) -> usize {
        ((u64::from(self.part(time)) * self.slices as u64) >> 32) as usize
    }

    fn add(&mut self, events: &[Event], place: usize, event: &Event) {
        self.way_of.push(NONE);
        let slice = self.slice(event.time);
        if let Some(row) = event.kind.place().and_then(|id| self.row(id)) {
            self.counts[usize::from(row) * self.slices + slice] += 1;
        }
        match &event.kind {
            EventKind::Sent { from, to, cargo, .. } => {
                let (Some(from), Some(to)) = (self.row(*from), self.row(*to)) else { return };
                let kind = UNDER_WAY
                    | match cargo {
                        Cargo::Message => 0,
                        Cargo::Request => 1,
                        Cargo::Response => 2,
                    };
                self.way_of[place] = self.ways.len() as u32;
                let (sent, ended) = (event.time, event.time);
                self.ways.push(Way { from, to, kind, sent, ended, event: place as u32 });
            }
            EventKind::Received { message, .. } => self.end(events, *message, event.time, 0),
            EventKind::Lost { message, .. } => {
                self.lost[slice] += 1;
                self.end(events, *message, event.time, LOST);
            }
            EventKind::Returned { outcome: OutcomeKind::Ok, .. }
            | EventKind::Started { again: false, .. } => {}
            EventKind::Crashed { .. }
            | EventKind::Started { .. }
            | EventKind::Paused { .. }
            | EventKind::Cut { .. }
            | EventKind::Healed { .. }
            | EventKind::Fault { .. }
            | EventKind::RuleBegan { .. }
            | EventKind::RuleEnded { .. }
            | EventKind::Changed { .. }
            | EventKind::Violated { .. }
            | EventKind::Returned { .. } => self.mark(event),
            _ => {}
        }
    }

    /// A message's way ends; of a doubled one, its first copy's.
    fn end(&mut self, events: &[Event], message: EventId, time: Time, fate: u8) {
        let Some(place) = place_of(events, message) else { return };
        let Some(way) = self.ways.get_mut(self.way_of[place] as usize) else { return };
        if way.kind & UNDER_WAY != 0 {
            way.ended = time;
            way.kind = way.kind & !UNDER_WAY | fate;
        }
    }

    fn mark(&mut self, event: &Event) {
        let row = event.kind.place().and_then(|id| self.row(id));
        if event.kind.place().is_some() && row.is_none() {
            return;
        }
        if self.marks.len() == MOST_MARKS {
            self.marks_left_out += 1;
            return;
        }
        let kind = match event.kind {
            EventKind::Crashed { .. } => "x",
            EventKind::Started { .. } | EventKind::Healed { .. } => "g",
            EventKind::Violated { .. } => "v",
            EventKind::Returned { outcome: OutcomeKind::Fail, .. } => "e",
            EventKind::Returned { .. } => "u",
            EventKind::Cut { .. } => "c",
            _ => "f",
        };
        let words = cut(&self.trace.sentence(event), LONGEST_WORDS);
        self.marks.push(Json::List(vec![
            number(u64::from(self.part(event.time))),
            row.map_or(Json::Null, |row| number(u64::from(row))),
            kind.into(),
            event.time.to_string().into(),
            words.into(),
        ]));
    }

    fn json(self, scene: &Scene, trace: &Trace, events: &[Event]) -> Json {
        let step = self.ways.len().div_ceil(MOST_MESSAGES).max(1);
        let mut packed = Packed::default();
        let mut texts = Texts::default();
        for way in self.ways.iter().step_by(step) {
            let text = match &events[way.event as usize].kind {
                EventKind::Sent { text, .. } => texts.number(text),
                _ => 0,
            };
            let (sent, ended) = (self.part(way.sent), self.part(way.ended));
            packed.message(sent, ended - sent, [way.from, way.to, way.kind], text);
        }
        let columns = scene.columns.iter().map(|column| {
            let client = u64::from(column.kind == Participant::Client);
            Json::List(vec![column.name.as_str().into(), number(client)])
        });
        let end = self.since.as_nanos() + self.length as u64;
        Json::Object(vec![
            ("since".into(), number(self.since.as_nanos())),
            ("until".into(), number(end)),
            ("events".into(), number(events.len() as u64)),
            ("columns".into(), columns.collect()),
            ("slices".into(), number(self.slices as u64)),
            ("counts".into(), pack::levels(&self.counts).into()),
            ("lost".into(), pack::levels(&self.lost).into()),
            ("messages".into(), number(self.ways.len() as u64)),
            ("told".into(), number(packed.len() as u64)),
            ("packed".into(), packed.text().into()),
            ("texts".into(), texts.json()),
            ("marks".into(), Json::List(self.marks)),
            ("marks_left_out".into(), number(self.marks_left_out as u64)),
            ("spans".into(), spans(scene, trace, self.since, end)),
        ])
    }
}

/// `[row, crashed, from, to]` of each time in which somebody takes no step, in nanoseconds: of the whole window, not of what is drawn.
fn spans(scene: &Scene, trace: &Trace, since: Time, end: u64) -> Json {
    let mut spans = Vec::new();
    let mut down = vec![None; scene.columns.len()];
    let column = |id| scene.columns.iter().position(|column| column.id == id);
    let span = |row: usize, crashed: bool, from: u64, to: u64| {
        Json::List(vec![number(row as u64), number(u64::from(crashed)), number(from), number(to)])
    };
    for event in &trace.events {
        let now = event.time.as_nanos().clamp(since.as_nanos(), end);
        match &event.kind {
            EventKind::Crashed { node, .. } => {
                if let Some(row) = column(*node) {
                    down[row].get_or_insert(now);
                }
            }
            EventKind::Started { node, .. } => {
                if let Some((row, from)) = column(*node).and_then(|row| Some((row, down[row].take()?))) {
                    spans.push(span(row, true, from, now));
                }
            }
            EventKind::Paused { node, until } if spans.len() < MOST_MARKS => {
                if let Some(row) = column(*node) {
                    spans.push(span(row, false, now, until.as_nanos().clamp(now, end)));
                }
            }
            _ => {}
        }
    }
    spans.extend(down.iter().enumerate().filter_map(|(row, from)| Some(span(row, true, (*from)?, end))));
    Json::List(spans)
}

/// The place of an event with this number.
fn place_of(events: &[Event], id: EventId) -> Option<usize> {
    // In a whole trace numbers are places, but for where it begins.
    let guess = id.0.checked_sub(events.first()?.id.0)? as usize;
    if events.get(guess).is_some_and(|event| event.id == id) {
        return Some(guess);
    }
    events.binary_search_by_key(&id, |event| event.id).ok()
}

fn number(value: u64) -> Json {
    Json::Number(value as f64)
}
