//! Traces for other programs: one JSON object per event, and the log format of ShiViz.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Event, EventId, EventKind, Trace};
use crate::json::Json;
use crate::node::NodeId;

impl Trace {
    /// One JSON object per line and event, after a first line with the seed, the hash, the number of events not kept and the
    /// participants' names. Times are in nanoseconds, as strings, since JSON's numbers are not exact beyond 2^53.
    ///
    /// ```
    /// # use netsplit_node::{*, trace::*};
    /// # let (a, b) = (NodeId(0), NodeId(1));
    /// # let line = |id, name: &str| Lifeline { id, name: name.into(), kind: Participant::Node, state: None };
    /// # let event = |id, cause, kind| Event { id: EventId(id), time: Time::ZERO + ms(id as i64), cause, kind };
    /// # let events = vec![
    /// #     event(0, None, EventKind::Sent { from: a, to: b, cargo: Cargo::Message, text: "hi".into() }),
    /// #     event(1, Some(EventId(0)), EventKind::Received { node: b, from: a, message: EventId(0) }),
    /// # ];
    /// # let trace = Trace { seed: 42, lifelines: vec![line(a, "ann"), line(b, "bob")], events, states: vec![], omitted: 0,
    /// #     until: Time::ZERO + ms(1), hash: TraceHash(7) };
    /// let lines: Vec<String> = trace.to_json_lines().lines().map(str::to_owned).collect();
    /// assert_eq!(lines[0], r#"{"seed":"42","hash":"0000000000000007","not_kept":0,"participants":{"n0":"ann","n1":"bob"}}"#);
    /// assert_eq!(lines[2], r#"{"event":1,"nanos":"1000000","cause":0,"kind":"received","who":"n1","message":0,"words":"bob receives from ann: hi"}"#);
    /// ```
    pub fn to_json_lines(&self) -> String {
        let names = self.lifelines.iter().map(|line| (line.id.to_string(), line.name.as_str().into()));
        let head = Json::Object(vec![
            ("seed".into(), self.seed.to_string().into()),
            ("hash".into(), self.hash.to_string().into()),
            ("not_kept".into(), number(self.omitted)),
            ("participants".into(), Json::Object(names.collect())),
        ]);
        let mut lines = head.to_string();
        for event in &self.events {
            // Writing to a string cannot fail.
            let _ = write!(lines, "\n{}", self.json_of(event));
        }
        lines.push('\n');
        lines
    }

    fn json_of(&self, event: &Event) -> Json {
        let mut fields: Vec<(String, Json)> = vec![
            ("event".into(), number(event.id.0)),
            ("nanos".into(), event.time.as_nanos().to_string().into()),
            ("cause".into(), event.cause.map_or(Json::Null, |cause| number(cause.0))),
            ("kind".into(), event.kind.name().into()),
        ];
        if let Some(who) = event.kind.place() {
            fields.push(("who".into(), who.to_string().into()));
        }
        if let Some(message) = event.kind.message() {
            fields.push(("message".into(), number(message.0)));
        }
        fields.push(("words".into(), self.sentence(event).into()));
        Json::Object(fields)
    }

    /// The trace as a log for ShiViz (Beschastnikh and others, "Visualizing distributed system executions", 2020): two lines per event, with
    /// vector clocks that are made here from what was sent and received. Its parser is the default one:
    /// `(?<host>\S*) (?<clock>{.*})\n(?<event>.*)`. Blanks in names become underscores; events of nobody are left out.
    pub fn to_shiviz(&self) -> String {
        let mut clocks: BTreeMap<NodeId, BTreeMap<NodeId, u64>> = BTreeMap::new();
        let mut sent: BTreeMap<EventId, BTreeMap<NodeId, u64>> = BTreeMap::new();
        let host = |id: NodeId| self.name(id).replace(char::is_whitespace, "_");
        let mut log = String::new();
        for event in &self.events {
            let Some(place) = event.kind.place() else { continue };
            let clock = clocks.entry(place).or_default();
            *clock.entry(place).or_default() += 1;
            if let EventKind::Received { message, .. } = &event.kind {
                for (&id, &count) in sent.get(message).into_iter().flatten() {
                    let seen = clock.entry(id).or_default();
                    *seen = count.max(*seen);
                }
            }
            if let EventKind::Sent { .. } = event.kind {
                sent.insert(event.id, clock.clone());
            }
            let clock = clock.iter().map(|(&id, &count)| (host(id), number(count)));
            let clock = Json::Object(clock.collect());
            let words = self.sentence(event).replace('\n', " ");
            let _ = writeln!(log, "{} {clock}\n{words}", host(place));
        }
        log
    }
}

fn number(n: u64) -> Json {
    Json::Number(n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;
    use crate::trace::{Cargo, Lifeline, Participant, TraceHash};

    #[test]
    fn shiviz_clocks_follow_the_messages() {
        // A receipt knows everything that its sender knew; what was not received is not known.
        let ids = [NodeId(0), NodeId(1), NodeId(2)];
        let sent = |from: u32, to: u32| EventKind::Sent {
            from: NodeId(from),
            to: NodeId(to),
            cargo: Cargo::Message,
            text: "m".into(),
        };
        let received = |node: u32, from: u32, of: u64| EventKind::Received {
            node: NodeId(node),
            from: NodeId(from),
            message: EventId(of),
        };
        let kinds = [sent(0, 1), sent(2, 0), received(1, 0, 0), sent(1, 2), received(2, 1, 3)];
        let events = kinds.into_iter().zip(0..).map(|(kind, id)| Event {
            id: EventId(id),
            time: Time::ZERO,
            cause: None,
            kind,
        });
        let lifelines = ids.map(|id| Lifeline {
            id,
            name: format!("node {}", id.0),
            kind: Participant::Node,
            state: None,
        });
        let trace = Trace {
            seed: 1,
            lifelines: lifelines.into(),
            events: events.collect(),
            states: vec![],
            omitted: 0,
            until: Time::ZERO,
            hash: TraceHash(0),
        };
        let log = trace.to_shiviz();
        let clocks: Vec<&str> = log.lines().step_by(2).collect();
        assert_eq!(
            clocks,
            [
                r#"node_0 {"node_0":1}"#,
                r#"node_2 {"node_2":1}"#,
                r#"node_1 {"node_0":1,"node_1":1}"#,
                r#"node_1 {"node_0":1,"node_1":2}"#,
                r#"node_2 {"node_0":1,"node_1":2,"node_2":2}"#,
            ]
        );
    }
}
