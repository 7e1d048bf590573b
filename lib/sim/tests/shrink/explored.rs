//! Ways of an exploration, without what they do not need, as runs of a laboratory.

use netsplit_node::{CallId, Context, Invariant, Member, Node, NodeId, Service, ms};
use netsplit_sim::explore::{Explore, Network, Nodes, explore};
use netsplit_sim::{Counterexample, Shrink, ShrinkError};

/// Two kinds of work, a timer, a disk, a choice at random: each does something that the others can see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Worker {
    heard: Vec<u8>,
    fired: Vec<u8>,
    kept: u8,
    chosen: u8,
    looked: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Ask {
    Tell(u8),
    Timers(u8),
    Keep,
    Choose(u8),
    Look,
}

impl Node for Worker {
    type Message = u8;
    type Timer = u8;
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.kept = ctx.disk().read("kept").map_or(0, |bytes| bytes.len() as u8);
    }
    fn on_message(&mut self, _from: NodeId, message: u8, _ctx: &mut Context<Self>) {
        self.heard.push(message);
    }
    fn on_timer(&mut self, timer: u8, _ctx: &mut Context<Self>) {
        self.fired.push(timer);
    }
}

impl Service for Worker {
    type Request = Ask;
    type Response = u8;
    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        match ask {
            Ask::Tell(times) => (0..times).for_each(|number| ctx.broadcast(number)),
            Ask::Timers(times) => (0..times).for_each(|timer| ctx.set_timer(ms(5), timer)),
            Ask::Keep => {
                ctx.disk().append("kept", [1]);
                ctx.disk().sync();
                ctx.broadcast(9);
                ctx.disk().append("kept", [1]);
                ctx.disk().sync();
            }
            Ask::Choose(most) => self.chosen = ctx.random().below(most.into()) as u8,
            Ask::Look => self.looked = ctx.now().as_nanos(),
        }
        ctx.reply(call, 1);
    }
}

/// No worker is so.
#[derive(Clone, Debug, Hash)]
struct NoneIs(fn(&Worker) -> bool);

impl Invariant<Worker> for NoneIs {
    fn name(&self) -> &str {
        "None is so"
    }
    fn check(&mut self, members: &[Member<'_, Worker>]) -> Result<(), String> {
        match members.iter().find(|member| member.up && (self.0)(member.state)) {
            Some(member) => Err(format!("{} is: {:?}", member.id, member.state)),
            None => Ok(()),
        }
    }
}

fn workers(asks: impl IntoIterator<Item = (usize, Ask)>) -> Nodes<Worker> {
    Nodes::new(2, |_| Worker::default()).client(asks)
}

/// What is found, as a run; the state that was looked for is there as well.
fn shown(nodes: Nodes<Worker>, is_so: fn(&Worker) -> bool) -> Counterexample {
    let exploration = explore(nodes).require(NoneIs(is_so));
    let found = exploration.run();
    let run = exploration.counterexample(&found).unwrap_or_else(|error| panic!("{error}: {found}"));
    assert!(run.lab().violations().iter().any(|it| it.property == "None is so"), "{run}\n{found}");
    assert!(run.failure.starts_with("None is so: n"), "{}", run.failure);
    run
}

#[test]
fn messages_timers_and_choices_happen_as_they_did() {
    // In an order that no time would give: the later timer first, the second message before the first, the way that was drawn.
    let late = shown(workers([(0, Ask::Timers(3))]), |it| it.fired == [2, 0, 1]);
    assert_eq!(late.schedule().timers.map(|timers| timers.len()), Some(3));
    let overtaken = shown(workers([(0, Ask::Tell(3))]), |it| it.heard == [2, 1]);
    assert!(overtaken.diagram().text().contains("2"), "{overtaken}");
    assert_eq!(overtaken.after.messages, 3);
    let drawn = shown(workers([(0, Ask::Choose(7)), (1, Ask::Choose(7))]), |it| it.chosen == 5);
    assert_eq!(drawn.schedule().choices.map(|choices| choices.values().copied().collect()), Some(vec![5]));
}

#[test]
fn losses_copies_and_crashes_happen_as_they_did() {
    // A message that came twice, by a copy or by a network that may repeat it; a power cut between two syncs; a node that stops.
    let doubled = shown(workers([(0, Ask::Tell(1))]).doubles(1), |it| it.heard == [0, 0]);
    assert_eq!(doubled.schedule().messages.values().map(|it| it.after.len()).max(), Some(2), "{doubled}");
    let again = shown(workers([(0, Ask::Tell(1))]).network(Network::Duplicating), |it| it.heard == [0, 0, 0]);
    assert_eq!(again.schedule().messages.values().map(|it| it.after.len()).max(), Some(3), "{again}");
    let cut = shown(workers([(0, Ask::Keep)]).crashes(1), |it| it.kept == 1);
    assert!(cut.actions().iter().any(|(_, action)| action.contains("crash-after-effects")), "{cut}");
    let whole = shown(workers([(0, Ask::Keep)]).crashes(1), |it| it.kept == 2);
    assert!(whole.actions().iter().any(|(_, action)| action.contains("restart")), "{whole}");
    let ordered =
        shown(workers([(0, Ask::Tell(2))]).network(Network::Ordered).losses(1), |it| it.heard == [1]);
    assert!(ordered.lab().verify_replay().holds());
}

/// Where a long way was walked, most of it for nothing.
fn long_way() -> Explore<Nodes<Worker>> {
    let nodes = (0..3).fold(Nodes::new(3, |_| Worker::default()), |nodes, client| {
        nodes.client([(client % 3, Ask::Tell(3)), ((client + 1) % 3, Ask::Timers(2))])
    });
    explore(nodes).require(NoneIs(|it| it.heard.ends_with(&[2, 0, 1])))
}

#[test]
fn a_long_way_loses_what_it_does_not_need() {
    // A random walk and a depth-first search come to the violation by detours, of which nothing is left.
    for exploration in [long_way().random(3, 1_000, 200), long_way().depth_first()] {
        let found = exploration.run();
        let longer = found.counterexample().expect("it is violated").steps.len();
        let path = exploration.shorter(&found).expect("it is violated");
        // A request or two, and three messages in this order.
        let steps = path.steps.len();
        assert!(longer > 8 && (4..=5).contains(&steps), "{longer}, then {path}");
        let run = exploration.counterexample(&found).unwrap();
        assert_eq!((run.after.messages, run.after.time), (steps as u64, ms(steps as i64 + 1)), "{run}");
    }
}

#[test]
fn what_was_explored_can_be_cut_down_like_any_run() {
    // As a laboratory it has nodes and calls that the exploration had to begin with; they go.
    let exploration = long_way().random(3, 1_000, 200);
    let run = exploration.counterexample(&exploration.run()).unwrap();
    let small = Shrink::of(&run.lab()).violation("None is so").unwrap();
    assert!(small.after.operations <= 2 && small.after.messages <= 5, "{run}\n{small}");
    assert!(small.after.operations < run.after.operations, "{run}\n{small}");
}

#[test]
fn clocks_stand_as_they_did() {
    // A node that writes down what its clock shows writes down the same.
    let looked =
        shown(workers([(0, Ask::Tell(1)), (0, Ask::Look), (0, Ask::Choose(3))]), |it| it.chosen == 2);
    let lab = looked.lab();
    assert!(looked.schedule().clocks_stand && lab.now() > netsplit_node::Time::ZERO + ms(3), "{looked}");
    assert_eq!(lab.find::<Worker>("node").node(0).looked, 0);
}

#[test]
fn what_holds_has_no_counterexample() {
    // One sentence, not a panic.
    let right = explore(workers([])).require(NoneIs(|_| false));
    let refused = right.counterexample(&right.run()).unwrap_err();
    assert!(matches!(refused, ShrinkError::Passes { .. }), "{refused}");
}
