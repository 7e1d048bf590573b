//! The cells that the design promises run as they stand there: the texts between the markers are what a user types.

use netsplit_algorithms::idempotency::{Charge, IdempotencyKey, Receipt};
use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{CallId, Context, Node, NodeId, Outcome, Service, Time, Value, secs};
use netsplit_sim::Lab;

#[test]
fn greeters_greet() {
    // The first cell: a node, a cluster, a run, a diagram.
    #[derive(Clone, Debug, Default)]
    struct Greeter {
        heard: u32,
    }
    impl Node for Greeter {
        type Message = &'static str;
        type Timer = ();
        fn on_start(&mut self, ctx: &mut Context<Self>) {
            if ctx.id() == NodeId(0) {
                ctx.broadcast("hello");
            }
        }
        fn on_message(&mut self, from: NodeId, message: &'static str, ctx: &mut Context<Self>) {
            self.heard += 1;
            if message == "hello" {
                ctx.send(from, "hello yourself");
            }
        }
    }
    let lab = Lab::new(42);
    let greeters = lab.cluster("greeter", 3, |_id| Greeter::default());
    lab.run_for(secs(1));
    let heard: Vec<u32> = (0..3).map(|index| greeters.node(index).heard).collect();
    assert_eq!(heard, [2, 1, 1]);
    let text = lab.diagram().text();
    assert!(text.contains("hello yourself"), "{text}");
}

#[test]
fn a_cut_hides_a_write() {
    // The second cell: bob reads from the other side of the cut, and nothing tells him that ann wrote.
    let lab = Lab::new(42);
    let store = lab.cluster("store", 3, |_id| EagerStore::default()); // answers from its own copy
    let (ann, bob) = (store.client_of(0), store.client_of(2));
    let cut = lab.partition([store.nodes([0]), store.nodes([1, 2])]); // predict what bob reads
    let put = ann.put("x", 1);
    assert_eq!(format!("{put:?}"), "Pending");
    lab.run_for(secs(1)); // a call returns at once: Pending | Ok | Fail | Unknown
    let read = bob.get("x");
    lab.run_for(secs(1));
    lab.heal(cut);
    assert_eq!(format!("{put:?} then {read:?}"), "Ok(stored) then Ok(nothing)");

    let (put, read) = (ann.put("x", 2), {
        lab.run_for(secs(1));
        bob.get("x")
    });
    lab.run_for(secs(1));
    assert!(matches!(put.outcome(), Some(Outcome::Ok(_))));
    assert_eq!(format!("{read:?}"), "Ok(2)", "without the cut the write arrives");
    assert_eq!(store.history().len(), 4);
    assert_eq!(Value::from(2), Value::Number(2));
}

#[test]
fn an_unwritten_answer_is_a_crash_with_its_sentence() {
    // The third cell, before the student has written anything: `todo!` crashes the node, and the trace says so.
    #[derive(Clone, Debug, Default)]
    struct Payments {}
    impl Node for Payments {
        type Message = ();
        type Timer = ();
    }
    impl Service for Payments {
        type Request = Charge;
        type Response = Receipt;
        #[allow(unused_variables, clippy::todo)]
        fn on_request(&mut self, call: CallId, charge: Charge, ctx: &mut Context<Self>) {
            panic!("charge once per key, then reply")
        }
    }
    let lab = Lab::new(42);
    let payments = lab.cluster("payments", 1, |_id| Payments::default());
    let call = payments.client_of(0).call(Charge {
        key: IdempotencyKey::new("order-1"),
        card: "4242".to_owned(),
        cents: 250,
    });
    lab.run_for(secs(1));
    assert!(call.is_pending());
    assert!(!payments.is_up(0));
    let trace = lab.trace().to_string();
    assert!(trace.contains("panics: charge once per key, then reply, at lib/sim/tests/cells.rs:"), "{trace}");
}

#[test]
fn a_panic_can_end_the_run_and_the_laboratory_goes_on() {
    // On request: the cell fails with the node's message and the seed; everything is as it was after that event.
    #[derive(Clone, Debug)]
    struct Hasty;
    impl Node for Hasty {
        type Message = ();
        type Timer = ();
        fn on_start(&mut self, ctx: &mut Context<Self>) {
            ctx.set_timer(secs(1), ());
        }
        fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
            assert!(ctx.id() != NodeId(0), "node 0 has no leader");
        }
    }
    let lab = Lab::new(42);
    let hasty = lab.cluster("hasty", 2, |_| Hasty);
    lab.end_on_panic();
    let run = std::panic::AssertUnwindSafe(|| lab.run_for(secs(5)));
    let panic = std::panic::catch_unwind(run).expect_err("it ends");
    let message = panic.downcast_ref::<String>().expect("a sentence");
    assert!(message.starts_with("hasty 0 panicked at 1s (seed 42): node 0 has no leader"), "{message}");
    assert_eq!((lab.now(), hasty.is_up(0), hasty.is_up(1)), (Time::ZERO + secs(1), false, true));
    lab.run_for(secs(5));
    assert_eq!((lab.panics().len(), lab.now()), (1, Time::ZERO + secs(6)));
    assert!(format!("{lab:?}").contains("1 panic of a node"), "{lab:?}");
}
