//! Everybody at this moment: what a view knows is what the world is.

use netsplit_node::{Context, Node, NodeId, ms, secs};
use netsplit_sim::{Fault, Lab, Latency, Traffic};
use netsplit_view::{ClusterView, Health};

/// Writes to its disk, syncs the first part, and sends what it has to the next node.
#[derive(Clone, Debug)]
struct Writer;

impl Node for Writer {
    type Message = &'static str;
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.disk().append("log", "four");
        ctx.disk().sync();
        ctx.disk().append("log", "and more");
        ctx.set_timer(secs(1), ());
    }
    fn on_message(&mut self, _from: NodeId, _message: &'static str, _ctx: &mut Context<Self>) {}
    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        if ctx.id() == NodeId(0) {
            ctx.send(NodeId(1), "late");
        }
    }
}

fn view(change: impl FnOnce(&Lab, &netsplit_sim::Cluster<Writer>)) -> ClusterView {
    let lab = Lab::new(42);
    let writers = lab.cluster("writer", 3, |_id| Writer);
    lab.run_for(ms(500));
    change(&lab, &writers);
    writers.view()
}

#[test]
fn a_one_way_cut_is_one_way() {
    // Who does not reach whom, in that direction and no other.
    let view = view(|lab, writers| {
        lab.cut_one_way(writers.nodes([0]), writers.nodes([2]));
    });
    assert_eq!(view.severed, [(NodeId(0), NodeId(2))]);
}

#[test]
fn health_and_disks_are_those_of_the_nodes() {
    // What was appended after the sync would not survive; a crash shows it.
    let now = view(|lab, writers| {
        writers.crash(1);
        writers.pause(2, secs(9));
        lab.run_for(ms(1));
    });
    assert_eq!(
        now.members.iter().map(|it| it.health).collect::<Vec<_>>(),
        [Health::Up, Health::Down, Health::Paused]
    );
    let file = &now.members[0].files[0];
    assert_eq!((file.bytes, file.synced, file.is_synced), (12, Some(4), false));
    let crashed = &now.members[1].files[0];
    assert_eq!((crashed.bytes, crashed.synced, crashed.is_synced), (4, Some(4), true));
}

#[test]
fn what_is_under_way_is_told_with_its_arrival() {
    // A slow message is there until it arrives, and the rule that made it slow is told.
    let slow = |time| {
        view(|lab, _| {
            lab.set_latency(Latency::Constant(ms(100)));
            lab.lose(0.0, Traffic::all());
            lab.run_for(time);
        })
    };
    let now = slow(ms(550));
    let messages: Vec<String> =
        now.in_flight.iter().map(|it| format!("{} {} {}", it.from, it.to, it.text)).collect();
    assert_eq!(messages, ["n0 n1 \"late\""]);
    assert!(now.in_flight[0].arrives > now.time && now.in_flight[0].arrives <= now.time + ms(100));
    assert!(now.remarks[0].contains("loses 0% of all traffic"), "{:?}", now.remarks);
    assert!(slow(ms(700)).in_flight.is_empty());
}

#[test]
fn a_clock_shows_how_far_it_is_off() {
    // Those that have the world's time have no clock of their own to show.
    let now = view(|lab, writers| {
        lab.inject(Fault::ClockOffset { nodes: writers.nodes([1]), by: -ms(30) });
    });
    assert_eq!(now.members[0].clock, None);
    let clock = now.members[1].clock.as_ref().expect("it has a clock");
    assert_eq!((clock.ahead, clock.bound), (-ms(30), None));
    assert_eq!(clock.shows, now.time - ms(30));
}
