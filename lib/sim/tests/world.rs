//! What the laboratory promises: time, order, faults, calls, and that one seed decides all.

use netsplit_node::trace::EventKind;
use netsplit_node::{
    Address, CallId, Context, Node, NodeId, Outcome, Random, Service, Time, mins, ms, secs, us,
};
use netsplit_sim::{Lab, Latency, Traffic};

/// Counts what it is told, writes it down, and tells a mailer.
#[derive(Clone, Debug)]
struct Counter {
    mailer: Option<Address<Mailer>>,
    served: u32,
    mails: Vec<String>,
}

#[derive(Clone, Debug)]
enum CounterMessage {
    Mailed(Outcome<u32>),
}

#[derive(Clone, Debug, PartialEq)]
enum CounterTimer {
    Tick(u32),
}

impl Counter {
    fn alone() -> Counter {
        Counter { mailer: None, served: 0, mails: Vec::new() }
    }
}

impl Node for Counter {
    type Message = CounterMessage;
    type Timer = CounterTimer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.served = ctx.disk().read("served").map_or(0, |bytes| u32::from(bytes[0]));
    }

    fn on_message(&mut self, _from: NodeId, message: CounterMessage, _ctx: &mut Context<Self>) {
        let CounterMessage::Mailed(outcome) = message;
        self.mails.push(outcome.to_string());
    }

    fn on_timer(&mut self, CounterTimer::Tick(n): CounterTimer, ctx: &mut Context<Self>) {
        self.mails.push(format!("tick {n} at {}", ctx.now()));
    }
}

impl Service for Counter {
    type Request = &'static str;
    type Response = u32;

    fn on_request(&mut self, call: CallId, request: &'static str, ctx: &mut Context<Self>) {
        match request {
            "count" => {
                self.served += 1;
                ctx.disk().write("served", [self.served as u8]);
                ctx.disk().sync();
                if let Some(mailer) = self.mailer {
                    ctx.call(mailer, self.served, ms(50), CounterMessage::Mailed);
                }
                ctx.reply(call, self.served);
            }
            "count without sync" => {
                self.served += 1;
                ctx.disk().write("served", [self.served as u8]);
                ctx.reply(call, self.served);
            }
            "refuse" => ctx.refuse(call, "closed"),
            "tick" => {
                ctx.set_timer(ms(10), CounterTimer::Tick(1));
                ctx.set_timer(ms(20), CounterTimer::Tick(2));
                ctx.set_timer(ms(30), CounterTimer::Tick(1));
                ctx.set_timer(ms(40), CounterTimer::Tick(3));
                ctx.cancel_timer(&CounterTimer::Tick(3));
                ctx.reply(call, 0);
            }
            _ => {}
        }
    }
}

#[derive(Clone, Debug)]
struct Mailer;

impl Node for Mailer {
    type Message = ();
    type Timer = ();
}

impl Service for Mailer {
    type Request = u32;
    type Response = u32;
    fn on_request(&mut self, call: CallId, request: u32, ctx: &mut Context<Self>) {
        ctx.reply(call, request * 100);
    }
}

#[test]
fn one_seed_one_trace() {
    // Determinism: equal seeds give equal traces byte for byte, other seeds others.
    let run = |seed| {
        let lab = Lab::new(seed);
        let mailers = lab.cluster("mailer", 1, |_| Mailer);
        let mailer = mailers.address(0);
        let counters =
            lab.cluster("counter", 2, move |_| Counter { mailer: Some(mailer), ..Counter::alone() });
        let client = counters.client_of(1).with_deadline(ms(5)).with_retries(2);
        lab.lose(0.3, Traffic::all());
        lab.duplicate(0.3, Traffic::all());
        for _ in 0..20 {
            client.call("count");
            lab.run_for(ms(7));
        }
        (lab.trace_hash(), lab.trace().to_string())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
    assert_eq!(
        run(1).0.to_string(),
        "4b381020a38d9f96",
        "the meaning of a seed has changed: see ARCHITECTURE.md"
    );
}

#[test]
fn the_trace_does_not_change_the_run() {
    // Looking is free: the hash is the same whether events are kept or not, and however many.
    let run = |keep| {
        let lab = Lab::new(3);
        lab.keep_events(keep);
        let counters = lab.cluster("counter", 3, |_| Counter::alone());
        for index in 0..3 {
            counters.client_of(index).call("count");
        }
        lab.run_for(secs(1));
        (lab.trace_hash(), lab.trace().events.len())
    };
    let (all, few, none) = (run(1000), run(5), run(0));
    assert!(all.1 > 20);
    assert_eq!((few.1, none.1), (5, 0));
    assert_eq!((all.0, all.0), (few.0, none.0));
}

#[test]
fn conservation_of_messages() {
    // Each message is received, lost by a named rule, or in flight; nothing else happens to it. Over random faults.
    for seed in 0..50 {
        let mut random = Random::new(seed);
        let lab = Lab::new(seed);
        let mailers = lab.cluster("mailer", 1, |_| Mailer);
        let mailer = mailers.address(0);
        let counters =
            lab.cluster("counter", 3, move |_| Counter { mailer: Some(mailer), ..Counter::alone() });
        let clients: Vec<_> =
            (0..3).map(|i| counters.client_of(i).with_deadline(ms(4)).with_retries(2)).collect();
        lab.lose(0.1, Traffic::all().replies());
        lab.duplicate(0.2, Traffic::all());
        for _ in 0..200 {
            let index = random.below(3) as usize;
            match random.below(8) {
                0 if counters.is_up(index) => counters.crash(index),
                0 => counters.restart(index),
                1 if counters.is_up(index) => counters.pause(index, ms(3)),
                2 => _ = lab.isolate(counters.nodes([index])),
                3 => lab.heal_all(),
                4 if counters.is_up(index) => counters.crash_after_effects(index, random.below(6) as u32),
                _ => drop(clients[index].call("count")),
            }
            lab.run_for(us(random.below(3000) as i64));
            let counts = lab.traffic();
            assert_eq!(
                counts.sent + counts.duplicated,
                counts.received + counts.lost + counts.in_flight,
                "seed {seed}: {counts:?}"
            );
        }
    }
}

#[test]
fn outcomes_are_of_three_kinds() {
    // Answered, refused, and nobody knows.
    let lab = Lab::new(1);
    let counters = lab.cluster("counter", 1, |_| Counter::alone());
    let client = counters.client_of(0).named("ann").with_deadline(ms(100));
    let (ok, fail, unknown) = (client.call("count"), client.call("refuse"), client.call("nothing"));
    lab.run_for(secs(1));
    assert_eq!(ok.outcome(), Some(Outcome::Ok(1)));
    assert_eq!(fail.outcome(), Some(Outcome::Fail("closed".into())));
    assert_eq!(unknown.outcome(), Some(Outcome::Unknown));
    assert_eq!(unknown.returned(), Some(Time::ZERO + ms(100)));
    let without_deadline = counters.client_of(0).call("nothing");
    lab.run_for(mins(10));
    assert!(without_deadline.is_pending());
    assert_eq!(counters.history().operations[0].caller_name, "ann");
}

#[test]
fn a_lost_answer_and_a_retry_serve_twice() {
    // The judge sees what the caller cannot: one operation, two effects.
    let lab = Lab::new(1);
    let counters = lab.cluster("counter", 1, |_| Counter::alone());
    let ann = counters.client_of(0).with_deadline(ms(50)).with_retries(1);
    lab.lose_next(1, Traffic::all().from(counters.nodes([0])).to(&ann).replies());
    let call = ann.call("count");
    lab.run_for(secs(1));
    assert_eq!(call.outcome(), Some(Outcome::Ok(2)));
    let history = counters.history();
    assert_eq!((history.len(), history.operations[0].served.len()), (1, 2));
}

#[test]
fn a_refused_retry_is_not_a_failure() {
    // The first attempt took effect and its answer was lost; that the second was refused does not undo the first.
    #[derive(Clone, Debug, Default)]
    struct OnceOnly {
        served: u32,
    }
    impl Node for OnceOnly {
        type Message = ();
        type Timer = ();
    }
    impl Service for OnceOnly {
        type Request = ();
        type Response = ();
        fn on_request(&mut self, call: CallId, (): (), ctx: &mut Context<Self>) {
            self.served += 1;
            if self.served == 1 { ctx.reply(call, ()) } else { ctx.refuse(call, "busy") }
        }
    }
    let lab = Lab::new(1);
    let service = lab.cluster("service", 1, |_| OnceOnly::default());
    let client = service.client_of(0).with_deadline(ms(50)).with_retries(1);
    lab.lose_next(1, Traffic::all().replies());
    let call = client.call(());
    lab.run_for(secs(1));
    assert_eq!((service.node(0).served, call.outcome()), (2, Some(Outcome::Unknown)));
}

#[test]
fn a_crash_falls_between_two_effects() {
    // Effects of "count": write, sync, call, reply. After k of them the rest never happens; only a synced write survives.
    let survived = |effects| {
        let lab = Lab::new(1);
        let mailers = lab.cluster("mailer", 1, |_| Mailer);
        let mailer = mailers.address(0);
        let counters =
            lab.cluster("counter", 1, move |_| Counter { mailer: Some(mailer), ..Counter::alone() });
        counters.crash_after_effects(0, effects);
        let call = counters.client_of(0).with_deadline(ms(200)).call("count");
        lab.run_for(secs(1));
        let crashed = !counters.is_up(0);
        if crashed {
            counters.restart(0);
        }
        (crashed, counters.node(0).served, mailers.history().len(), call.outcome())
    };
    assert_eq!(survived(0), (true, 0, 0, Some(Outcome::Unknown)));
    assert_eq!(survived(1), (true, 0, 0, Some(Outcome::Unknown)));
    assert_eq!(survived(2), (true, 1, 0, Some(Outcome::Unknown)));
    assert_eq!(survived(3), (true, 1, 1, Some(Outcome::Unknown)));
    assert_eq!(survived(4), (false, 1, 1, Some(Outcome::Ok(1))));
}

#[test]
fn a_crash_loses_what_was_not_synced() {
    // The same request with and without a sync before the answer.
    for (request, left) in [("count", 1), ("count without sync", 0)] {
        let lab = Lab::new(1);
        let counters = lab.cluster("counter", 1, |_| Counter::alone());
        let call = counters.client_of(0).call(request);
        lab.run_for(secs(1));
        assert_eq!(call.outcome(), Some(Outcome::Ok(1)));
        counters.crash(0);
        counters.restart(0);
        assert_eq!(counters.node(0).served, left, "{request}");
    }
}

#[test]
fn effects_after_a_sync_wait_for_it() {
    // The answer leaves when the disk is done, and a request that comes meanwhile is served afterwards.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(1)));
    lab.set_sync_time(ms(10));
    let counters = lab.cluster("counter", 1, |_| Counter::alone());
    let (first, second) = (counters.client_of(0).call("count"), counters.client_of(0).call("count"));
    lab.run_for(secs(1));
    assert_eq!(first.returned(), Some(Time::ZERO + ms(12)));
    assert_eq!(second.returned(), Some(Time::ZERO + ms(22)));
}

#[test]
fn a_pause_delays_and_loses_nothing() {
    // A paused node answers late, after its callers have given up; it does all that it was asked.
    let lab = Lab::new(1);
    let counters = lab.cluster("counter", 1, |_| Counter::alone());
    counters.pause(0, ms(300));
    let call = counters.client_of(0).with_deadline(ms(100)).with_retries(1).call("count");
    lab.run_for(secs(1));
    assert_eq!(call.outcome(), Some(Outcome::Unknown));
    assert_eq!(counters.node(0).served, 2);
    let late = |event: &&netsplit_node::trace::Event| matches!(&event.kind, EventKind::Noted { text, .. } if text.starts_with("too late"));
    assert_eq!(lab.trace().events.iter().filter(late).count(), 2);
}

#[test]
fn timers_fire_once_are_replaced_and_cancelled() {
    // An equal timer takes the place of the pending one; a cancelled one never fires.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(0)));
    let counters = lab.cluster("counter", 1, |_| Counter::alone());
    counters.client_of(0).call("tick");
    lab.run_for(secs(1));
    assert_eq!(counters.node(0).mails, ["tick 2 at 20ms", "tick 1 at 30ms"]);
}

#[test]
fn calls_between_nodes_come_back_as_messages() {
    // Answered in time, and not: the caller gets `Ok` or `Unknown` through its own message.
    let lab = Lab::new(1);
    let mailers = lab.cluster("mailer", 1, |_| Mailer);
    let mailer = mailers.address(0);
    let counters = lab.cluster("counter", 1, move |_| Counter { mailer: Some(mailer), ..Counter::alone() });
    counters.client_of(0).call("count");
    lab.run_for(secs(1));
    lab.isolate(mailers.all());
    counters.client_of(0).call("count");
    lab.run_for(secs(1));
    assert_eq!(counters.node(0).mails, ["Ok(100)", "Unknown"]);
}

#[test]
fn partitions_cut_exactly_what_they_say() {
    // For each shape, who reaches whom: every pair of three nodes sends one message.
    #[derive(Clone, Debug, Default)]
    struct Shouter {
        heard: Vec<u32>,
    }
    impl Node for Shouter {
        type Message = ();
        type Timer = ();
        fn on_start(&mut self, ctx: &mut Context<Self>) {
            ctx.set_timer(ms(100), ());
        }
        fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
            ctx.broadcast(());
        }
        fn on_message(&mut self, from: NodeId, (): (), _ctx: &mut Context<Self>) {
            self.heard.push(from.0);
        }
    }
    let heard = |cut: fn(&Lab, &netsplit_sim::Cluster<Shouter>)| {
        let lab = Lab::new(1);
        let shouters = lab.cluster("shouter", 3, |_| Shouter::default());
        cut(&lab, &shouters);
        lab.run_for(secs(1));
        let heard = (0..3).map(|i| {
            let mut heard = shouters.node(i).heard;
            heard.sort_unstable();
            heard
        });
        heard.collect::<Vec<_>>()
    };
    assert_eq!(heard(|_, _| {}), [[1, 2], [0, 2], [0, 1]]);
    let halves = heard(|lab, s| _ = lab.partition([s.nodes([0]), s.nodes([1, 2])]));
    assert_eq!(halves, [vec![], vec![2], vec![1]]);
    let bridge = heard(|lab, s| _ = lab.partition([s.nodes([0]), s.nodes([2])]));
    assert_eq!(bridge, [vec![1], vec![0, 2], vec![1]]);
    let isolated = heard(|lab, s| _ = lab.isolate(s.nodes([1])));
    assert_eq!(isolated, [vec![2], vec![], vec![0]]);
    let one_way = heard(|lab, s| _ = lab.cut_one_way(s.nodes([0]), s.nodes([1])));
    assert_eq!(one_way, [vec![1, 2], vec![2], vec![0, 1]]);
    let under_way = heard(|lab, s| {
        lab.run_for(ms(100)); // the messages have left when the link is cut
        lab.isolate(s.nodes([0]));
    });
    assert_eq!(under_way, [vec![], vec![2], vec![1]]);
}

#[test]
fn what_cannot_be_done_says_what_to_do() {
    // Bad input stops the cell with a sentence and changes nothing.
    let lab = Lab::new(1);
    let counters = lab.cluster("counter", 2, |_| Counter::alone());
    let hash = lab.trace_hash();
    type Action = fn(&Lab, &netsplit_sim::Cluster<Counter>);
    let refused: [(&str, Action); 10] = [
        ("would have 0 nodes", |lab, _| drop(lab.cluster("none", 0, |_| Counter::alone()))),
        ("has no member 2: it has 2, numbered 0 to 1", |_, c| drop(c.client_of(2))),
        ("up; crash it before", |_, c| c.restart(0)),
        ("-5ms", |lab, _| lab.run_for(-ms(5))),
        ("is not a probability", |lab, _| _ = lab.lose(1.5, Traffic::all())),
        ("is not a probability", |lab, _| _ = lab.lose(f64::NAN, Traffic::all())),
        ("counter 1 is in two groups", |lab, c| _ = lab.partition([c.nodes([0, 1]), c.nodes([1])])),
        ("needs at least 2 groups", |lab, c| _ = lab.partition([c.all()])),
        ("n77 is not in this laboratory", |lab, _| _ = lab.isolate(NodeId(77))),
        ("give the shorter one first", |lab, _| lab.set_latency(Latency::Uniform(ms(2), ms(1)))),
    ];
    for (sentence, action) in refused {
        let attempt = std::panic::AssertUnwindSafe(|| action(&lab, &counters));
        let panic = std::panic::catch_unwind(attempt).expect_err(sentence);
        let message = panic.downcast_ref::<String>().expect("a sentence");
        assert!(message.contains(sentence), "{message}");
    }
    assert_eq!(lab.trace_hash(), hash);
}

#[test]
fn a_lab_inside_its_own_nodes_is_told_what_to_do() {
    // It would wait for itself for ever; instead the node crashes with a sentence.
    let lab = Lab::new(1);
    let inside = lab.clone();
    let counters = lab.cluster("counter", 1, move |_| {
        inside.now();
        Counter::alone()
    });
    assert!(!counters.is_up(0));
    assert!(lab.trace().to_string().contains("a node reaches the world through its context only"));
}

#[test]
fn run_until_stops_when_the_condition_holds() {
    // Between two events, and with nothing borrowed: the condition may look at the laboratory.
    let lab = Lab::new(1);
    let counters = lab.cluster("counter", 1, |_| Counter::alone());
    let call = counters.client_of(0).call("count");
    assert!(lab.run_until(|| !call.is_pending(), secs(10)));
    assert!(lab.now() < Time::ZERO + ms(10));
    assert!(!lab.run_until(|| lab.now() > Time::ZERO + secs(60), secs(1)));
    assert_eq!(call.returned().map(|time| lab.now() - time >= secs(1)), Some(true));
}

#[test]
fn time_that_stands_still_is_an_error() {
    // An endless exchange without delay ends with a sentence instead of hanging the notebook.
    #[derive(Clone, Debug)]
    struct Restless;
    impl Node for Restless {
        type Message = ();
        type Timer = ();
        fn on_start(&mut self, ctx: &mut Context<Self>) {
            ctx.set_timer(ms(0), ());
        }
        fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
            ctx.set_timer(ms(0), ());
        }
    }
    let lab = Lab::new(9);
    lab.keep_events(10);
    lab.cluster("restless", 1, |_| Restless);
    let running = lab.clone();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || running.run_for(secs(1))));
    let panic = panic.expect_err("it stops");
    let message = panic.downcast_ref::<String>().expect("a sentence");
    assert!(message.contains("time stands still") && message.contains("seed 9"), "{message}");
}
