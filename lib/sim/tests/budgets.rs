//! Budgets: a run that takes more than it may ends between two events, says of what there was too much, and can go on.

use netsplit_node::{Context, Node, NodeId, Time, hours, mins, ms, ns, secs};
use netsplit_sim::{Budget, Lab, Latency, Stopped};

/// Answers everything, with as many messages as it is told: one keeps the ball in the air, two are a storm.
#[derive(Clone, Debug)]
struct Echo {
    answers: usize,
}

impl Node for Echo {
    type Message = [u64; 16];
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast([0; 16]);
    }
    fn on_message(&mut self, from: NodeId, message: [u64; 16], ctx: &mut Context<Self>) {
        (0..self.answers).for_each(|_| ctx.send(from, message));
    }
}

fn echo(answers: usize) -> Lab {
    let lab = Lab::new(42);
    lab.keep_events(0);
    lab.cluster("echo", 2, move |_| Echo { answers });
    lab
}

fn limit(result: Result<(), Stopped>) -> String {
    match result {
        Err(Stopped::OverBudget { limit, .. }) => limit,
        other => panic!("the budget should be used up, not {other:?}"),
    }
}

#[test]
fn a_run_ends_after_exactly_so_many_events_and_the_next_goes_on() {
    // Also across the places where a run looks up; two halves are the whole.
    for events in [1, 8191, 8192, 8193, 100_000] {
        let lab = echo(1);
        lab.set_budget(Budget::new().events(events));
        assert_eq!(limit(lab.try_run_for(hours(1000))).replace(',', ""), format!("{events} events"));
        assert_eq!(lab.events_handled(), events);
        assert_eq!(limit(lab.try_run_for(hours(1000))).replace(',', ""), format!("{events} events"));
        assert_eq!(lab.events_handled(), 2 * events);
        let (now, whole) = (lab.now(), echo(1));
        whole.run_for(now - Time::ZERO);
        assert_eq!((whole.trace_hash(), whole.events_handled()), (lab.trace_hash(), lab.events_handled()));
    }
}

#[test]
fn a_run_that_waits_for_a_condition_has_one_budget_and_not_one_for_each_step() {
    // The way in which a notebook meets an endless run: what it waits for never comes.
    let lab = echo(1);
    lab.set_budget(Budget::new().events(1000));
    let result = lab.try_run_until(|| false, hours(1000));
    assert!(matches!(result, Err(Stopped::OverBudget { .. })), "{result:?}");
    assert_eq!(lab.events_handled(), 1000);
}

#[test]
fn virtual_time_is_bounded_to_the_nanosecond() {
    // The clock shows the bound, and what lies beyond it has not happened.
    let lab = echo(1);
    lab.set_budget(Budget::new().simulated(secs(2)));
    assert_eq!(limit(lab.try_run_for(secs(3))), "2s of virtual time");
    assert_eq!(lab.now(), Time::ZERO + secs(2));
    assert_eq!(lab.try_run_for(secs(2)), Ok(()), "what fits is no reason to complain");
}

#[test]
fn real_time_ends_a_livelock_that_lets_virtual_time_pass() {
    // One nanosecond a message: a second of it is a billion events. The bound is loose, so the test asks only that it ends early.
    let lab = echo(1);
    lab.set_latency(Latency::Constant(ns(1)));
    lab.set_budget(Budget::new().real(ms(50)));
    assert_eq!(limit(lab.try_run_for(hours(1))), "50ms of real time");
    assert!(lab.now() < Time::ZERO + mins(1) && lab.events_handled() > 0);
}

#[test]
fn memory_ends_a_storm_before_it_takes_the_machine() {
    // Every message makes two: without a bound, 40 rounds would take every byte that there is.
    let lab = echo(2);
    lab.set_budget(Budget::new().memory(64_000_000));
    assert_eq!(limit(lab.try_run_for(hours(1))), "64 MB of memory");
    let in_flight = lab.traffic().in_flight;
    assert!((100_000..20_000_000).contains(&in_flight), "{in_flight} messages");
}

#[test]
fn a_budget_says_what_to_do() {
    // One line: what was used up, when, with which seed, and how to go on.
    let lab = echo(1);
    lab.set_latency(Latency::Constant(ms(1)));
    lab.set_budget(Budget::new().events(2000));
    assert_eq!(
        lab.try_run_for(hours(1)).unwrap_err().to_string(),
        "the run's budget of 2,000 events was used up at 1s (seed 42): the state is kept; run again to go on, or give a run \
         more with lab.set_budget(..)"
    );
}

#[test]
#[should_panic(expected = "a budget cannot be -1ms; expected a duration of 0 or more")]
fn a_negative_budget_is_refused() {
    // A typed error that says what was expected, as for every other duration.
    echo(1).set_budget(Budget::new().real(ms(-1)));
}
