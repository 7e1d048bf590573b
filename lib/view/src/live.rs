//! What a diagram's script is told: which parts of the picture belong to which event, what caused it, and what nodes were before and
//! after it.
//!
//! Everything is told by number, as the picture's tags say it: `data-m="3"` is message 3 of the list below. The script draws nothing that
//! Rust has drawn; it finds, hides and marks.

use std::collections::BTreeMap;

use netsplit_node::Trace;
use netsplit_node::json::Json;
use netsplit_node::trace::{Cargo, EventId, OutcomeKind, Participant};

use crate::scene::{ItemKind, Mark, Scene};
use crate::state::{Sheet, names};
use crate::svg::Drawing;
use netsplit_figure::measure::cut;

/// All states together take about so many bytes at most; how many more there are is said.
const MOST_STATE_BYTES: usize = 24_000;
/// A value's letters.
const LONGEST_VALUE: usize = 80;

/// The data of `script/diagram.js`.
pub(crate) fn data(scene: &Scene, drawing: &Drawing, trace: &Trace) -> Json {
    let by_event: BTreeMap<EventId, usize> =
        scene.items.iter().enumerate().filter_map(|(index, item)| Some((item.event?, index))).collect();
    let columns = scene.columns.iter().zip(&drawing.columns).map(|(column, &x)| {
        let client = usize::from(column.kind == Participant::Client);
        Json::List(vec![number(x), column.name.as_str().into(), index(client)])
    });
    let (sheet_names, states, left_out) = states(scene, trace, &by_event);
    object([
        ("top", number(drawing.top)),
        ("bottom", number(drawing.bottom)),
        ("columns", columns.collect()),
        ("items", items(scene, drawing, trace, &by_event)),
        ("messages", messages(scene)),
        ("calls", calls(scene)),
        ("outages", outages(scene)),
        ("walls", walls(scene)),
        ("rows", sheet_names.iter().map(|name| Json::from(name.as_str())).collect()),
        ("states", states),
        ("unknown", index(left_out)),
    ])
}

/// The names of all rows that states have.
pub(crate) fn rows(scene: &Scene, trace: &Trace) -> Vec<String> {
    let sheets =
        trace.states.iter().filter(|state| scene.columns.iter().any(|column| column.id == state.node));
    let sheets: Vec<Sheet> = sheets.map(|state| Sheet::of(&state.state)).collect();
    names(&sheets)
}

/// `[y, column, kind, time, words, cause]` of each item. What is sent and received is in the words of its message.
fn items(scene: &Scene, drawing: &Drawing, trace: &Trace, by_event: &BTreeMap<EventId, usize>) -> Json {
    let items = scene.items.iter().zip(&drawing.items).map(|(item, &y)| {
        let cause = item.event.and_then(|event| trace.event(event)?.cause);
        let cause = cause.and_then(|cause| by_event.get(&cause)).copied();
        Json::List(vec![
            number(y),
            optional(scene.column_of(item.kind)),
            letter(item.kind).into(),
            item.time.to_string().into(),
            match item.kind {
                ItemKind::Sent { .. } | ItemKind::Received { .. } => Json::Null,
                _ => item.words.as_str().into(),
            },
            optional(cause),
        ])
    });
    items.collect()
}

/// The kind of an item, for the filters.
fn letter(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Sent { .. } => "s",
        ItemKind::Received { .. } => "r",
        ItemKind::Lost { .. } => "l",
        ItemKind::Invoked { .. } => "v",
        ItemKind::Returned { .. } => "e",
        ItemKind::Mark { mark, .. } => match mark {
            Mark::Timer => "t",
            Mark::Note => "n",
            Mark::Write | Mark::Sync => "d",
            Mark::Starts | Mark::Restarts => "b",
            Mark::Crash => "x",
            Mark::Fault => "f",
            Mark::Pause | Mark::Resume => "p",
        },
        ItemKind::Cut { .. } | ItemKind::Healed { .. } => "c",
        ItemKind::World => "w",
    }
}

/// `[from, to, cargo, sent, [received], lost, text]` of each message, where the ends are items.
fn messages(scene: &Scene) -> Json {
    let messages = scene.messages.iter().map(|message| {
        let cargo = match message.cargo {
            Cargo::Message => 0,
            Cargo::Request => 1,
            Cargo::Response => 2,
        };
        Json::List(vec![
            index(message.from),
            index(message.to),
            index(cargo),
            optional(message.sent),
            message.received.iter().map(|&item| index(item)).collect(),
            optional(message.lost.as_ref().map(|(item, _)| *item)),
            message.text.as_str().into(),
        ])
    });
    messages.collect()
}

/// `[column, invoked, returned, outcome, text]` of each call.
fn calls(scene: &Scene) -> Json {
    let calls = scene.operations.iter().map(|operation| {
        let outcome = operation.returned.as_ref().map_or("", |(_, outcome, _)| match outcome {
            OutcomeKind::Ok => "ok",
            OutcomeKind::Fail => "fail",
            OutcomeKind::Unknown => "unknown",
        });
        Json::List(vec![
            index(operation.column),
            optional(operation.invoked),
            optional(operation.returned.as_ref().map(|(item, ..)| *item)),
            outcome.into(),
            cut(&operation.text, LONGEST_VALUE).into(),
        ])
    });
    calls.collect()
}

/// `[column, crashed, from, to]` of each time in which a node takes no step.
fn outages(scene: &Scene) -> Json {
    let outages = scene.outages.iter().map(|outage| {
        Json::List(vec![
            index(outage.column),
            index(usize::from(outage.crashed)),
            optional(outage.from),
            optional(outage.to),
        ])
    });
    outages.collect()
}

/// `[[group of each column], one way, from, to, text]` of each cut.
fn walls(scene: &Scene) -> Json {
    let walls = scene.walls.iter().map(|wall| {
        Json::List(vec![
            wall.sides.iter().map(|&side| optional(side)).collect(),
            index(usize::from(wall.one_way)),
            optional(wall.from),
            optional(wall.to),
            format!("cut {}: {}", wall.cut, wall.text).into(),
        ])
    });
    walls.collect()
}

/// The names of all rows; `[item, column, role, {row: value}]` of each state, where rows that are as in the node's state before are left
/// out and those that are gone are null; and how many states are not told.
fn states(scene: &Scene, trace: &Trace, by_event: &BTreeMap<EventId, usize>) -> (Vec<String>, Json, usize) {
    let shown = trace.states.iter().filter_map(|state| {
        let item = *by_event.get(&state.event)?;
        let column = scene.columns.iter().position(|column| column.id == state.node)?;
        Some((item, column, Sheet::of(&state.state)))
    });
    let shown: Vec<(usize, usize, Sheet)> = shown.collect();
    let names = names(shown.iter().map(|(.., sheet)| sheet));
    let mut before: BTreeMap<usize, &Sheet> = BTreeMap::new();
    let (mut told, mut bytes) = (Vec::new(), 0);
    for (item, column, sheet) in &shown {
        let earlier = before.insert(*column, sheet);
        let mut changed = Vec::new();
        for (row, name) in names.iter().enumerate() {
            let (was, is) = (earlier.and_then(|sheet| sheet.value(name)), sheet.value(name));
            if was != is {
                let value = is.map_or(Json::Null, |value| cut(value, LONGEST_VALUE).into());
                changed.push((row.to_string(), value));
            }
        }
        let state = Json::List(vec![
            index(*item),
            index(*column),
            sheet.role.as_deref().map_or(Json::Null, Json::from),
            Json::Object(changed),
        ]);
        bytes += state.to_string().len();
        if bytes > MOST_STATE_BYTES {
            break;
        }
        told.push(state);
    }
    let left_out = shown.len() - told.len();
    (names, Json::List(told), left_out)
}

fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn number(value: i32) -> Json {
    Json::Number(f64::from(value))
}

fn index(value: usize) -> Json {
    Json::Number(value as f64)
}

fn optional(value: Option<usize>) -> Json {
    value.map_or(Json::Null, index)
}
