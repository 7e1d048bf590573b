//! Calls of a run as charts: how long they took, how many got an answer, how many were under way.

use netsplit_figure::palette;
use netsplit_node::trace::{EventId, EventKind, OutcomeKind};
use netsplit_node::{Duration, History, Operation, Outcome, Time, Trace};

use super::faults::faults_of;
use super::quantile::Sample;
use super::quantity::{Coordinate, Unit};
use super::windows::Windows;
use super::{Chart, Span};

/// When a call began, when its caller learned its outcome, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// When the caller asked.
    pub invoked: Time,
    /// When and what the caller was told; nothing while the call is pending.
    pub told: Option<(Time, OutcomeKind)>,
}

/// Calls with what charts of them tell: whose they are, and what was wrong meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// The calls, in the order in which they began.
    pub calls: Vec<RecordedCall>,
    /// Whose calls these are, for titles.
    pub service: String,
    /// When the record ends: what is pending lasts until then.
    pub until: Time,
    /// Faults from when to when, as far as the record knows of them.
    pub faults: Vec<(String, Time, Time)>,
}

/// Charts of the calls in a history or a trace, or in whatever else has a [`CallRecord`].
///
/// ```
/// use netsplit_node::{CallId, History, NodeId, Operation, Outcome, Time, ms};
/// use netsplit_view::CallCharts;
/// let operation = |call: u64, at, took| Operation {
///     call: CallId(call), caller: NodeId(1), caller_name: "ann".into(), request: "get", served: vec![],
///     invoked: Time::ZERO + ms(at), outcome: Some(Outcome::Ok(())), returned: Some(Time::ZERO + ms(at + took)),
/// };
/// let operations = (0..100).map(|i| operation(i, 10 * i as i64, 3 + i as i64 % 5)).collect();
/// let history = History { service: "store".into(), seed: Some(1), operations, disturbances: vec![] };
/// assert!(history.latency_chart().text().contains("ok"));
/// assert!(history.availability_chart(ms(100)).text().contains("100%"));
/// ```
pub trait CallCharts {
    /// The calls, and what charts tell of them.
    fn call_record(&self) -> CallRecord;

    /// How long each call took, by its outcome: a mark at its beginning. For an unknown outcome it is how long the caller waited.
    fn latency_chart(&self) -> Chart {
        latency(&self.call_record())
    }

    /// The median, the 90th and the 99th percentile of how long the answered calls took that began within each window.
    fn latency_quantiles_chart(&self, window: Duration) -> Chart {
        latency_quantiles(&self.call_record(), window)
    }

    /// Which share of the calls that began within each window were answered (`Ok`). A call that is still pending counts as not answered.
    fn availability_chart(&self, window: Duration) -> Chart {
        availability(&self.call_record(), window)
    }

    /// How many calls a second ended in each window, by outcome.
    fn throughput_chart(&self, window: Duration) -> Chart {
        throughput(&self.call_record(), window)
    }

    /// How many calls were under way at every moment.
    fn in_flight_chart(&self) -> Chart {
        in_flight(&self.call_record())
    }
}

impl<Q, R> CallCharts for History<Q, R> {
    fn call_record(&self) -> CallRecord {
        let call = |it: &Operation<Q, R>| {
            let kind = it.outcome.as_ref().map(|outcome| match outcome {
                Outcome::Ok(_) => OutcomeKind::Ok,
                Outcome::Fail(_) => OutcomeKind::Fail,
                Outcome::Unknown => OutcomeKind::Unknown,
            });
            RecordedCall { invoked: it.invoked, told: it.returned.zip(kind) }
        };
        let calls: Vec<RecordedCall> = self.iter().map(call).collect();
        let until = calls.iter().map(|call| call.told.map_or(call.invoked, |(at, _)| at)).max();
        let (service, until) = (self.service.clone(), until.unwrap_or(Time::ZERO));
        CallRecord { calls, service, until, faults: Vec::new() }
    }
}

impl CallCharts for Trace {
    fn call_record(&self) -> CallRecord {
        let mut calls: Vec<(EventId, RecordedCall)> = Vec::new();
        for event in &self.events {
            match &event.kind {
                EventKind::Invoked { .. } => {
                    calls.push((event.id, RecordedCall { invoked: event.time, told: None }));
                }
                EventKind::Returned { operation, outcome, .. } => {
                    // Events stand in the order of their numbers.
                    if let Ok(index) = calls.binary_search_by_key(operation, |(id, _)| *id) {
                        calls[index].1.told = Some((event.time, *outcome));
                    }
                }
                _ => {}
            }
        }
        let calls = calls.into_iter().map(|(_, call)| call).collect();
        CallRecord { calls, service: "all services".to_owned(), until: self.until, faults: faults_of(self) }
    }
}

impl CallCharts for CallRecord {
    fn call_record(&self) -> CallRecord {
        self.clone()
    }
}

impl CallRecord {
    fn chart(&self, what: &str, y: &str) -> Chart {
        let title = format!("{what} of {}", self.service);
        let mut chart = Chart::new(title).x("virtual time").y(y);
        chart.spans = self.faults.iter().map(|(label, from, to)| span(label, *from, *to)).collect();
        chart
    }

    fn windows(&self, length: Duration) -> Windows {
        let first = self.calls.iter().map(|call| call.invoked).min().unwrap_or(self.until);
        Windows::over(first, self.until.max(first), length)
    }

    fn pending(&self) -> usize {
        self.calls.iter().filter(|call| call.told.is_none()).count()
    }
}

pub(crate) fn span(label: &str, from: Time, to: Time) -> Span {
    Span { label: label.to_owned(), from: from.place(), to: to.place() }
}

const OUTCOMES: [(OutcomeKind, &str, &str); 3] = [
    (OutcomeKind::Ok, "ok", palette::GOOD),
    (OutcomeKind::Fail, "fail", palette::HARM),
    (OutcomeKind::Unknown, "unknown", palette::DOUBT_TEXT),
];

fn latency(record: &CallRecord) -> Chart {
    let mut chart = record.chart("Latency of calls", "latency");
    for (kind, name, colour) in OUTCOMES {
        let of_kind = record.calls.iter().filter_map(|call| {
            let (at, outcome) = call.told?;
            (outcome == kind).then_some((call.invoked, at - call.invoked))
        });
        let points: Vec<(Time, Duration)> = of_kind.collect();
        if !points.is_empty() {
            chart = chart.points(name, points).coloured(colour);
        }
    }
    with_pending(chart, record, "not drawn since nobody knows how long they take")
}

fn latency_quantiles(record: &CallRecord, window: Duration) -> Chart {
    let windows = record.windows(window);
    let mut values = vec![Vec::new(); windows.count];
    for call in &record.calls {
        if let (Some((at, OutcomeKind::Ok)), Some(index)) = (call.told, windows.of(call.invoked)) {
            values[index].push((at - call.invoked).as_nanos() as f64);
        }
    }
    let samples = values.into_iter().enumerate();
    let samples =
        samples.map(|(index, values)| (windows.start(index).place(), Sample::new(values))).collect();
    let what = format!("Latency of answered calls, windows of {},", windows.length);
    let chart = record.chart(&what, "latency").ribbon("", samples, Unit::Time);
    with_notes(chart, windows.notes)
}

fn availability(record: &CallRecord, window: Duration) -> Chart {
    let windows = record.windows(window);
    let mut counts = vec![(0_u32, 0_u32); windows.count];
    for call in &record.calls {
        let Some(index) = windows.of(call.invoked) else { continue };
        counts[index].1 += 1;
        counts[index].0 += u32::from(matches!(call.told, Some((_, OutcomeKind::Ok))));
    }
    let shares = counts.into_iter().map(|(ok, all)| (all > 0).then(|| f64::from(ok) / f64::from(all)));
    let what = format!("Availability, windows of {},", windows.length);
    let chart = record.chart(&what, "answered").y_in_percent();
    let chart = if record.calls.is_empty() {
        chart
    } else {
        chart.steps("answered", windows.stairs(shares.collect())).coloured(palette::GOOD)
    };
    let chart = with_notes(chart, windows.notes.clone());
    with_pending(chart, record, "counted as not answered")
}

fn throughput(record: &CallRecord, window: Duration) -> Chart {
    let windows = record.windows(window);
    let what = format!("Throughput, windows of {},", windows.length);
    let mut chart = record.chart(&what, "calls per second");
    let a_second = 1e9 / windows.length.as_nanos() as f64;
    for (kind, name, colour) in OUTCOMES {
        let mut counts = vec![0.0; windows.count];
        let ends = record.calls.iter().filter_map(|call| call.told).filter(|(_, outcome)| *outcome == kind);
        let indices: Vec<usize> = ends.filter_map(|(at, _)| windows.of(at)).collect();
        indices.iter().for_each(|index| counts[*index] += a_second);
        if !indices.is_empty() {
            chart = chart.steps(name, windows.stairs(counts)).coloured(colour);
        }
    }
    with_pending(with_notes(chart, windows.notes.clone()), record, "not counted")
}

fn in_flight(record: &CallRecord) -> Chart {
    let mut changes: Vec<(Time, i64)> = Vec::new();
    for call in &record.calls {
        changes.push((call.invoked, 1));
        changes.extend(call.told.map(|(at, _)| (at, -1)));
    }
    changes.sort_unstable();
    let mut points: Vec<(Time, i64)> = Vec::new();
    let mut now = 0;
    for (at, change) in changes {
        now += change;
        match points.last_mut() {
            Some((same, count)) if *same == at => *count = now,
            _ => points.push((at, now)),
        }
    }
    if let Some((last, count)) = points.last().copied() {
        points.extend((record.until > last).then_some((record.until, count)));
    }
    record.chart("Calls under way", "calls").steps("under way", points)
}

fn with_notes(chart: Chart, notes: Vec<String>) -> Chart {
    notes.into_iter().fold(chart, Chart::note)
}

/// Says what became of the calls that nobody was told of yet.
fn with_pending(chart: Chart, record: &CallRecord, what: &str) -> Chart {
    match record.pending() {
        0 => chart,
        pending => chart.note(format!("calls still pending at {}: {pending}, {what}", record.until)),
    }
}
