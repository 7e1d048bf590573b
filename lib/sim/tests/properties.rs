//! Properties over a laboratory: what stops a run, at which moment, and what is said.

use std::collections::BTreeMap;

use netsplit_node::{Context, Invariant, Member, Node, NodeId, Time, hours, ms, secs};
use netsplit_sim::{Cluster, Lab, Latency, Stopped};

/// Hands a token round; every node that has it counts up. With two tokens, two may have one at once.
#[derive(Clone, Debug)]
struct Ring {
    tokens: u32,
    has_token: bool,
    turns: u32,
}

impl Node for Ring {
    type Message = ();
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        if ctx.id().0 < self.tokens {
            self.take(ctx);
        }
    }
    fn on_message(&mut self, _from: NodeId, (): (), ctx: &mut Context<Self>) {
        self.take(ctx);
    }
    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.has_token = false;
        let next = (ctx.id().0 + 1) % (ctx.peers().count() as u32 + 1);
        ctx.send(NodeId(next), ());
    }
}

impl Ring {
    fn take(&mut self, ctx: &mut Context<Self>) {
        (self.has_token, self.turns) = (true, self.turns + 1);
        ctx.set_timer(ms(10), ());
    }
}

fn ring(seed: u64, tokens: u32) -> (Lab, Cluster<Ring>) {
    let lab = Lab::new(seed);
    let ring = lab.cluster("ring", 3, move |_| Ring { tokens, has_token: false, turns: 0 });
    (lab, ring)
}

fn holders(members: &[Member<'_, Ring>]) -> usize {
    members.iter().filter(|member| member.up && member.state.has_token).count()
}

#[test]
fn the_first_violation_stops_the_run_at_its_moment_and_is_told_once() {
    // The state is the violating one, the sentence shows it, and the next run goes on.
    let (lab, nodes) = ring(1, 2);
    lab.set_latency(Latency::Constant(ms(2)));
    nodes.never("three turns", |members| members.iter().any(|member| member.state.turns == 3));
    let stopped = lab.try_run_for(hours(1)).unwrap_err();
    let Stopped::Violated(violation) = &stopped else { panic!("{stopped}") };
    assert_eq!(violation.time, lab.now());
    assert_eq!(violation.events, lab.events_handled());
    // A turn and a message take 12 ms: the first node has its own token at once, the other one after two, its own again after three.
    assert_eq!(violation.time, Time::ZERO + ms(3 * 12));
    assert!((0..3).any(|index| nodes.node(index).turns == 3));
    let said = stopped.to_string();
    assert!(
        said.starts_with(
            "three turns is violated at 36ms (seed 1): its condition does not hold of\n  ring 0: Ring {"
        ),
        "{said}"
    );
    assert_eq!(lab.violations(), std::slice::from_ref(violation));
    let last = lab.trace().events.pop().map(|event| (event.time, event.kind.name().to_owned()));
    assert_eq!(last, Some((violation.time, "violated".to_owned())), "the picture ends with it");
    assert_eq!(lab.try_run_for(secs(1)), Ok(()), "told once");
    assert_eq!(lab.now(), Time::ZERO + ms(36) + secs(1));
}

#[test]
fn what_always_holds_never_stops() {
    // One token: at most one holder, in every state of an hour, and how many there were is told.
    let (lab, nodes) = ring(2, 1);
    nodes.always("at most one holder", |members| holders(members) <= 1);
    lab.run_for(secs(100));
    assert!(lab.violations().is_empty());
    let stands = lab.properties();
    assert_eq!(stands.len(), 1);
    assert!(stands[0].starts_with("at most one holder: holds so far ("), "{stands:?}");
    let states: u64 = stands[0].chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
    assert!(states >= lab.events_handled(), "{states} states of {} events", lab.events_handled());
}

#[test]
fn every_event_is_looked_at_not_only_the_end() {
    // Two tokens are in two hands for 10 ms at a time; at the end of the run they are on their way.
    let (lab, nodes) = ring(3, 2);
    lab.set_latency(Latency::Constant(ms(5)));
    nodes.always("at most one holder", |members| holders(members) <= 1);
    assert_eq!(lab.violations().len(), 1, "the start itself is a state");
    assert!(lab.try_run_for(ms(12)).is_err());
}

/// At most one node ever has the first turn: needs a memory.
#[derive(Clone, Default)]
struct OneFirst {
    first: BTreeMap<NodeId, u32>,
}

impl Invariant<Ring> for OneFirst {
    fn name(&self) -> &str {
        "OneFirst"
    }
    fn check(&mut self, members: &[Member<'_, Ring>]) -> Result<(), String> {
        for member in members {
            let before = self.first.insert(member.id, member.state.turns).unwrap_or(0);
            if member.state.turns < before {
                return Err(format!("{} went back from {before} turns", member.id));
            }
        }
        Ok(())
    }
}

#[test]
fn an_invariant_remembers_and_its_memory_goes_back_with_the_world() {
    // A restart forgets the turns, which only an invariant with a memory sees; a restored world has the memory of its time.
    let (lab, nodes) = ring(4, 1);
    nodes.require(OneFirst::default());
    let fresh = lab.snapshot();
    lab.run_for(secs(1));
    lab.restore(&fresh);
    lab.run_for(secs(1));
    assert!(lab.violations().is_empty(), "turns begin anew with the world: {:?}", lab.violations());
    nodes.crash(1);
    nodes.restart(1);
    let stopped = lab.try_run_for(secs(1)).unwrap_err().to_string();
    assert!(stopped.starts_with("OneFirst is violated at 1s (seed 4): n1 went back from "), "{stopped}");
    lab.rewind_by(ms(500));
    assert!(lab.violations().is_empty());
}

#[test]
fn eventually_is_violated_exactly_when_its_time_has_passed() {
    // Not before, not later, also where no event happens at that moment.
    let (lab, nodes) = ring(5, 1);
    nodes.eventually("ten turns", ms(50), |members| members.iter().any(|member| member.state.turns == 10));
    nodes.eventually("two turns", secs(9), |members| members.iter().any(|member| member.state.turns == 2));
    let stopped = lab.try_run_for(secs(10)).unwrap_err();
    assert_eq!(lab.now(), Time::ZERO + ms(50));
    assert!(stopped.to_string().ends_with("it has not come true within 50ms"), "{stopped}");
    lab.run_for(secs(10));
    assert!(lab.properties()[1].starts_with("two turns: came true at "), "{:?}", lab.properties());
    assert_eq!(lab.violations().len(), 1);
}

#[test]
fn leads_to_counts_from_the_cause_and_forgets_it_with_its_consequence() {
    // Whoever has the token has handed it on 10 ms later: holds for 11 ms, not for 9.
    let holds = |within| {
        let (lab, nodes) = ring(6, 1);
        let has = |members: &[Member<'_, Ring>]| members[1].state.has_token;
        nodes.leads_to("handed on", has, move |members| !has(members), within);
        lab.try_run_for(secs(5))
    };
    assert_eq!(holds(ms(11)), Ok(()));
    let stopped = holds(ms(9)).unwrap_err().to_string();
    assert!(
        stopped.contains("the cause held at") && stopped.ends_with("nothing followed within 9ms"),
        "{stopped}"
    );
}

#[test]
fn several_clusters_in_one_property() {
    // Tokens of two rings at once: neither ring alone shows it.
    let lab = Lab::new(7);
    let one = |_| Ring { tokens: 4, has_token: false, turns: 0 };
    let (left, right) = (lab.cluster("left", 1, one), lab.cluster("right", 1, one));
    let (a, b) = (left.clone(), right.clone());
    lab.always("one is up", move |look| {
        look.members(&a).iter().any(|member| member.up) || look.members(&b).iter().any(|member| member.up)
    });
    left.crash(0);
    lab.run_for(secs(1));
    right.crash(0);
    let stopped = lab.try_run_for(secs(1)).unwrap_err().to_string();
    assert_eq!(stopped, "one is up is violated at 1s (seed 7): its condition does not hold");
}

#[test]
fn a_condition_that_panics_is_a_violation_and_not_the_end_of_the_laboratory() {
    // What a student wrote may index where nothing is; the run says where.
    let (lab, nodes) = ring(8, 1);
    nodes.always("a fourth", |members| members[3].up);
    let stopped = lab.try_run_for(secs(1)).unwrap_err().to_string();
    assert!(stopped.contains("its condition panicked: index out of bounds"), "{stopped}");
    lab.run_for(secs(1));
    assert_eq!(lab.now(), Time::ZERO + secs(1), "the first run ended before it began");
}

#[test]
fn looking_changes_nothing_that_happens() {
    // The same trace with properties and without; and a replay knows them.
    let hash = |look: bool| {
        let (lab, nodes) = ring(9, 2);
        if look {
            nodes.never("never", |_| false);
            nodes.eventually("at once", ms(7), |_| false);
            nodes.leads_to("never", |_| true, |_| true, ms(3));
        }
        let first = lab.try_run_for(secs(3));
        lab.run_for(secs(6) - (lab.now() - Time::ZERO));
        assert_eq!(first.is_err(), look);
        assert!(lab.verify_replay().holds());
        lab.trace_hash()
    };
    assert_eq!(hash(true), hash(false));
}
