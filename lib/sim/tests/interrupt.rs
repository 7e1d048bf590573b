//! A run that the user stops. The wish is one per process, so this test has a program of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use netsplit_node::interrupt::{self, Interrupted};
use netsplit_node::{Context, Node, NodeId, Time, hours, ms, secs};
use netsplit_sim::Lab;
use netsplit_sim::explore::{Ended, Model, explore};

#[derive(Clone, Debug)]
struct Player;

impl Node for Player {
    type Message = u64;
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast(0);
    }
    fn on_message(&mut self, from: NodeId, ball: u64, ctx: &mut Context<Self>) {
        ctx.send(from, ball + 1);
    }
}

/// The virtual time at which `run` was interrupted.
fn interrupted(run: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("the run is interrupted");
    payload.downcast::<Interrupted>().expect("it unwinds with what the kernel looks for").at
}

#[test]
fn an_interrupted_run_goes_on_as_if_nothing_had_been() {
    // Stopped from another thread in the middle of an hour, then by a wish that was there before; the hash knows nothing of it.
    let lab = Lab::new(5);
    lab.keep_events(100);
    lab.cluster("player", 2, |_| Player);
    let at = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            interrupt::ask();
        });
        interrupted(|| lab.run_for(hours(1000)))
    });
    let stopped = lab.now();
    assert_eq!(at, stopped.to_string());
    assert!(stopped > Time::ZERO && stopped < Time::ZERO + hours(1000), "{stopped}");

    let hash = lab.trace_hash();
    assert_eq!(interrupted(|| lab.run_for(ms(10))), at);
    assert_eq!(interrupted(|| _ = lab.run_until(|| false, ms(10))), at);
    assert_eq!(interrupted(|| _ = lab.step()), at);
    assert_eq!((lab.trace_hash(), lab.now()), (hash, stopped), "a wish that was there before stops at once");

    interrupt::clear();
    lab.run_for(secs(1));
    let whole = Lab::new(5);
    whole.cluster("player", 2, |_| Player);
    whole.run_for(stopped - Time::ZERO + secs(1));
    assert_eq!(lab.trace_hash(), whole.trace_hash());
    assert_eq!(lab.traffic(), whole.traffic());

    // A sweep: all its threads stop, none is left behind, and the wish is honoured by the thread that asked for the sweep.
    let at = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            interrupt::ask();
        });
        interrupted(|| {
            let _ = Lab::sweep(0..1_000_000, [()]).on_threads(3).run(|lab, ()| {
                lab.cluster("player", 2, |_| Player);
                lab.run_for(secs(1));
            });
        })
    });
    assert!(at.starts_with("run ") && at.ends_with(" of 1000000 of a sweep"), "{at}");
    interrupt::clear();

    // An exploration: what it found until then is its answer, in every order.
    for order in [explore(Endless), explore(Endless).depth_first(), explore(Endless).random(1, u64::MAX, 100)]
    {
        let found = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(50));
                interrupt::ask();
            });
            order.always("small", |_, number| *number != u64::MAX).run()
        });
        interrupt::clear();
        assert!(found.ended == Ended::Interrupted && found.states > 100 && !found.holds(), "{found}");
    }
}

/// Numbers without an end.
struct Endless;

impl Model for Endless {
    type State = u64;
    type Action = u64;
    fn initial(&self) -> Vec<u64> {
        vec![1]
    }
    fn actions(&self, _: &u64, actions: &mut Vec<u64>) {
        actions.extend([2, 3]);
    }
    fn next(&self, number: &u64, by: &u64) -> Option<u64> {
        Some(number.wrapping_mul(*by).wrapping_add(7))
    }
}
