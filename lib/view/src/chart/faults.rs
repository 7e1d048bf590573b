//! The faults of a trace as spans of a chart: what is wrong, from when to when.

use std::collections::BTreeMap;

use netsplit_node::trace::EventKind;
use netsplit_node::{Time, Trace};

use super::Chart;
use super::calls::span;

impl Chart {
    /// Shades the faults of a run: cuts until they are healed, nodes that are down or pause, rules of the network while they hold; changes
    /// and violated properties as moments.
    pub fn faults(mut self, trace: &Trace) -> Chart {
        self.spans.extend(faults_of(trace).iter().map(|(label, from, to)| span(label, *from, *to)));
        self
    }
}

/// What opens a span that another event closes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Opened {
    Cut(u32),
    Rule(u32),
    Down(u32),
}

/// Every fault with its beginning and its end, in the order of their beginnings. What has no end lasts until the trace's; a moment has two
/// equal ends.
pub(crate) fn faults_of(trace: &Trace) -> Vec<(String, Time, Time)> {
    let mut faults: Vec<(String, Time, Time)> = Vec::new();
    let mut open: BTreeMap<Opened, usize> = BTreeMap::new();
    for event in &trace.events {
        let at = event.time;
        let mut begin = |faults: &mut Vec<_>, what, label: String| {
            open.insert(what, faults.len());
            faults.push((label, at, trace.until));
        };
        match &event.kind {
            EventKind::Cut { cut, text, .. } => begin(&mut faults, Opened::Cut(*cut), format!("cut: {text}")),
            EventKind::RuleBegan { rule, text } => begin(&mut faults, Opened::Rule(*rule), text.clone()),
            EventKind::Crashed { node, .. } => {
                begin(&mut faults, Opened::Down(node.0), format!("{} is down", trace.name(*node)));
            }
            EventKind::Paused { node, until } => {
                faults.push((format!("{} pauses", trace.name(*node)), at, (*until).min(trace.until)));
            }
            EventKind::Fault { node, text } => {
                faults.push((format!("{}: {text}", trace.name(*node)), at, at))
            }
            EventKind::Changed { text } => faults.push((text.clone(), at, at)),
            EventKind::Violated { property, .. } => faults.push((format!("{property} is violated"), at, at)),
            EventKind::Healed { cut } => close(&mut faults, open.remove(&Opened::Cut(*cut)), at),
            EventKind::RuleEnded { rule, .. } => close(&mut faults, open.remove(&Opened::Rule(*rule)), at),
            EventKind::Started { node, .. } => close(&mut faults, open.remove(&Opened::Down(node.0)), at),
            _ => {}
        }
    }
    faults
}

fn close(faults: &mut [(String, Time, Time)], opened: Option<usize>, at: Time) {
    if let Some(fault) = opened.and_then(|index| faults.get_mut(index)) {
        fault.2 = at;
    }
}
