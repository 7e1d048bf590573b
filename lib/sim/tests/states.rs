//! What pictures know of nodes while they ran.

use netsplit_node::{Context, Inspection, Node, NodeId, Trace, ms, secs};
use netsplit_sim::Lab;

/// Counts what it hears; says how often it was looked at, and may panic then.
#[derive(Clone, Debug)]
struct Counter {
    heard: u32,
    panics: bool,
}

impl Node for Counter {
    type Message = u32;
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        if ctx.id() == NodeId(0) {
            ctx.send(NodeId(1), 0);
        }
    }
    fn on_message(&mut self, from: NodeId, hops: u32, ctx: &mut Context<Self>) {
        self.heard += 1;
        ctx.send(from, hops + 1);
    }
    fn inspect(&self) -> Inspection {
        assert!(!self.panics, "no look");
        Inspection::new().field("heard", self.heard)
    }
}

fn run(lab: &Lab, panics: bool) -> Trace {
    lab.cluster("counter", 2, move |_id| Counter { heard: 0, panics });
    lab.run_for(secs(10));
    lab.trace()
}

#[test]
fn the_first_steps_after_an_action_are_known() {
    // Each state is that after its event, on the event's lifeline; a long run keeps no more than it was told to.
    let lab = Lab::new(42);
    lab.keep_states(10);
    let trace = run(&lab, false);
    assert_eq!(trace.states.len(), 2 + 10, "two starts by the making of the cluster, ten steps of the run");
    for state in &trace.states {
        let event = trace.event(state.event).expect("it was kept");
        assert_eq!(event.kind.place(), Some(state.node));
    }
    let of_one = trace.states.iter().filter(|state| state.node == NodeId(1));
    let heard: Vec<String> = of_one.map(|state| state.state.to_string()).collect();
    assert_eq!(heard, ["heard: 0", "heard: 1", "heard: 2", "heard: 3", "heard: 4", "heard: 5"]);
    lab.run_for(ms(50));
    assert!(lab.trace().states.len() > 12, "another run, another ten");
}

#[test]
fn knowing_states_changes_nothing() {
    // The hash of a run is the same with states, without them, and where looking at a node panics.
    let hash = |states: u32, panics: bool| {
        let lab = Lab::new(42);
        lab.keep_states(states);
        let trace = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&lab, panics)));
        assert_eq!(trace.is_err(), panics, "the trace itself asks for the last state");
        lab.trace_hash()
    };
    assert_eq!(hash(256, false), hash(0, false));
    assert_eq!(hash(256, true), hash(0, false));
}

#[test]
fn what_is_not_kept_has_no_states() {
    // A laboratory without a trace keeps nothing; states of events that left the trace leave it too.
    let lab = Lab::new(42);
    lab.keep_events(0);
    assert!(run(&lab, false).states.is_empty());
    let lab = Lab::new(42);
    lab.keep_events(20);
    let trace = run(&lab, false);
    let first = trace.events.first().expect("20 events").id;
    assert!(trace.states.iter().all(|state| state.event >= first));
}
