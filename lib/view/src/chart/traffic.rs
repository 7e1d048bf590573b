//! Messages of a run as a chart.

use netsplit_figure::palette;
use netsplit_node::trace::EventKind;
use netsplit_node::{Duration, Time, Trace};

use super::Chart;
use super::windows::Windows;

impl Chart {
    /// How many messages were sent, delivered and lost in each window of a run, requests and answers of clients included, with the run's
    /// faults. What the network doubled may be delivered twice.
    ///
    /// ```
    /// # use netsplit_node::{Trace, TraceHash, Time, ms};
    /// # use netsplit_view::Chart;
    /// # let trace = Trace { seed: 42, lifelines: vec![], events: vec![], states: vec![], omitted: 0, until: Time::ZERO + ms(5), hash: TraceHash(0) };
    /// let chart = Chart::traffic(&trace, ms(1));
    /// ```
    pub fn traffic(trace: &Trace, window: Duration) -> Chart {
        // What was not kept is no silence: the windows begin with the first event that was.
        let kept = trace.events.first().map_or(trace.until, |event| event.time);
        let begin = if trace.omitted > 0 { kept } else { Time::ZERO };
        let windows = Windows::over(begin, trace.until.max(begin), window);
        let title = format!("Messages in windows of {}", windows.length);
        let mut chart = Chart::new(title).x("virtual time").y("messages").faults(trace);
        type Wanted = fn(&EventKind) -> bool;
        let kinds: [(&str, &str, Wanted); 3] = [
            ("sent", palette::MESSAGE, |kind| matches!(kind, EventKind::Sent { .. })),
            ("delivered", palette::GOOD, |kind| matches!(kind, EventKind::Received { .. })),
            ("lost", palette::HARM, |kind| matches!(kind, EventKind::Lost { .. })),
        ];
        for (name, colour, wanted) in kinds {
            let mut counts = vec![0_u64; windows.count];
            let events = trace.events.iter().filter(|event| wanted(&event.kind));
            let indices: Vec<usize> = events.filter_map(|event| windows.of(event.time)).collect();
            indices.iter().for_each(|index| counts[*index] += 1);
            if !indices.is_empty() {
                chart = chart.steps(name, windows.stairs(counts)).coloured(colour);
            }
        }
        if trace.omitted > 0 {
            let kept = "lab.keep_events(..) keeps more";
            chart = chart.note(format!("{} earlier events were not kept: {kept}", trace.omitted));
        }
        windows.notes.into_iter().fold(chart, Chart::note)
    }
}
