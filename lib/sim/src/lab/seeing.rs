//! Looking: the trace, its pictures, and everybody at this moment.

use netsplit_node::Duration;
use netsplit_node::trace::{Trace, TraceHash};
use netsplit_view::{Chart, ClusterView, Diagram, Player};

use super::Lab;
use crate::world::TrafficCounts;

impl Lab {
    /// Keeps the last `events` events for the trace, 100,000 unless said; with 0 there is no trace, and the world is faster.
    pub fn keep_events(&self, events: usize) {
        self.world().set_keep(events);
    }

    /// After each thing that you do, keeps what the nodes are after the next `steps` steps, for pictures to show; 256 unless said, 4096 in
    /// all. With 0 pictures know the nodes' last states alone, and short runs are faster.
    pub fn keep_states(&self, steps: u32) {
        self.world().states.set_each_run(steps);
    }

    /// What happened, as far as it was kept.
    pub fn trace(&self) -> Trace {
        self.world().trace()
    }

    /// The fingerprint of everything that happened: the same seed and the same actions give the same one, everywhere.
    pub fn trace_hash(&self) -> TraceHash {
        self.world().recorder.hash()
    }

    /// What happened as a space-time diagram.
    pub fn diagram(&self) -> Diagram {
        Diagram::from(self.trace())
    }

    /// This run and another side by side, from a little before they part: a passing seed and a failing one, say.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::ms;
    /// use netsplit_sim::{Lab, Traffic};
    /// let run = |loss: f64| {
    ///     let lab = Lab::new(42);
    ///     let store = lab.cluster("store", 2, |_id| EagerStore::default());
    ///     lab.lose(loss, Traffic::all().from(store.nodes([0])));
    ///     store.client_of(0).put("x", 1);
    ///     lab.run_for(ms(10));
    ///     lab
    /// };
    /// let text = run(0.0).compare(&run(1.0)).text();
    /// assert!(text.contains("from now on the runs differ"), "{text}");
    /// ```
    pub fn compare(&self, other: &Lab) -> Diagram {
        let (one, other) = (self.trace(), other.trace());
        Diagram::compare(&one, &other)
    }

    /// What happened, to be played event by event, with the cluster beside the diagram.
    pub fn player(&self) -> Player {
        self.diagram().player()
    }

    /// Everybody at this moment: the network and what is under way, the nodes' states side by side, their disks and clocks.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::ms;
    /// use netsplit_sim::Lab;
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 2, |_id| EagerStore::default());
    /// lab.partition([store.nodes([0]), store.nodes([1])]);
    /// store.client_of(0).put("x", 1);
    /// lab.run_for(ms(10));
    /// let view = lab.cluster_view();
    /// assert!(view.text().contains("cut: store 0 does not reach store 1"));
    /// ```
    pub fn cluster_view(&self) -> ClusterView {
        self.world().cluster_view()
    }

    /// How many messages were sent, delivered and lost in each window of the run, with its faults, as a chart.
    ///
    /// Calls have charts too: `store.history().latency_chart().faults(&lab.trace())`, or those of all services together,
    /// `lab.trace().availability_chart(ms(100))` ([`CallCharts`](netsplit_view::CallCharts)).
    pub fn traffic_chart(&self, window: Duration) -> Chart {
        Chart::traffic(&self.trace(), window)
    }

    /// How many messages there were, by what became of them.
    pub fn traffic(&self) -> TrafficCounts {
        let world = self.world();
        let blocked = world.participants.iter().filter_map(|participant| participant.blocked.as_ref());
        let waiting = blocked.flat_map(|blocked| &blocked.inbox);
        let waiting = waiting.filter(|coming| matches!(coming, crate::queue::Coming::Arrival { .. })).count();
        TrafficCounts { in_flight: (world.queue.arrivals() + waiting) as u64, ..world.counts }
    }

    /// How many events the world has handled: arrivals, timers, deadlines, ends of pauses and syncs.
    pub fn events_handled(&self) -> u64 {
        self.world().handled()
    }

    /// How often the world was let run so far: each `run_for`, `run_until` and `step` is one.
    pub fn runs_begun(&self) -> u64 {
        self.world().runs
    }
}
