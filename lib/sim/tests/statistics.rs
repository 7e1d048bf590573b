//! What is drawn is distributed as it says, seen from the nodes: latencies, losses, copies, times of service, errors of clocks.
//!
//! Each statistic is one that a right model passes but once in a thousand seeds; the seeds are pinned.

use netsplit_node::{CallId, Context, Duration, Interval, Node, NodeId, Service, Time, ms, secs, us};
use netsplit_sim::{Cluster, Fault, Lab, Latency, LinkProfile, Percentiles, Region, Traffic};

/// Every millisecond it sends the time to its peer, and keeps how long what it hears was under way, and what its clock held possible.
#[derive(Clone, Debug, Default)]
struct Clocked {
    took: Vec<Duration>,
    numbers: Vec<u32>,
    sent: u32,
    intervals: Vec<(Interval, Time)>,
}

impl Node for Clocked {
    type Message = (u32, Time);
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(ms(1), ());
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.sent += 1;
        self.intervals.push((ctx.now_interval(), ctx.monotonic()));
        if ctx.id() == NodeId(0) {
            ctx.broadcast((self.sent, ctx.monotonic()));
        }
        ctx.set_timer(ms(1), ());
    }

    fn on_message(&mut self, _from: NodeId, (number, sent): (u32, Time), ctx: &mut Context<Self>) {
        self.took.push(ctx.monotonic() - sent);
        self.numbers.push(number);
    }
}

/// How many messages a run has.
const MESSAGES: i64 = 20_000;

/// A run in which node 0 sends node 1 so many messages.
fn run(seed: u64, prepare: impl FnOnce(&Lab, &Cluster<Clocked>)) -> Clocked {
    let lab = Lab::new(seed);
    lab.keep_events(0);
    lab.set_latency(Latency::Constant(ms(1)));
    let nodes = lab.cluster("node", 2, |_| Clocked::default());
    prepare(&lab, &nodes);
    lab.run_for(ms(MESSAGES));
    lab.inject(Fault::Pause { nodes: nodes.nodes([0]), time: secs(100) });
    lab.run_for(secs(90));
    nodes.node(1)
}

/// The greatest distance between what was drawn and its distribution (Kolmogorov and Smirnov), times the root of their number: above
/// 1.95 once in a thousand.
fn kolmogorov_smirnov(drawn: impl IntoIterator<Item = f64>, distribution: impl Fn(f64) -> f64) -> f64 {
    let mut drawn: Vec<f64> = drawn.into_iter().collect();
    drawn.sort_by(f64::total_cmp);
    let n = drawn.len() as f64;
    let distance = |(index, &x): (usize, &f64)| {
        let expected = distribution(x);
        (expected - index as f64 / n).abs().max(((index + 1) as f64 / n - expected).abs())
    };
    drawn.iter().enumerate().map(distance).fold(0.0, f64::max) * n.sqrt()
}

/// By how many standard deviations a count of `of` is off its probability: above 3.3 once in a thousand.
fn deviations(count: usize, of: usize, probability: f64) -> f64 {
    let mean = of as f64 * probability;
    (count as f64 - mean).abs() / (mean * (1.0 - probability)).sqrt()
}

/// The normal distribution function (Abramowitz and Stegun 26.2.17: wrong by 7.5e-8 at most).
fn normal(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let coefficients = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let tail = coefficients.iter().rev().fold(0.0, |sum, c| (sum + c) * t) * (-x * x / 2.0).exp()
        / std::f64::consts::TAU.sqrt();
    if x < 0.0 { tail } else { 1.0 - tail }
}

fn millis(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

#[test]
fn every_latency_has_its_distribution() {
    // As nodes see it, for all links and for a link of its own; each against the definition in its documentation.
    let log_normal = Latency::LogNormal { least: ms(1), median: ms(2), sigma: 0.5 };
    let measured =
        Percentiles { least: ms(1), p50: ms(2), p90: ms(4), p99: ms(9), p999: ms(20), most: ms(50) };
    let piecewise = |x: f64| {
        let points = [(1.0, 0.0), (2.0, 0.5), (4.0, 0.9), (9.0, 0.99), (20.0, 0.999), (50.0, 1.0)];
        let after = points.iter().position(|(at, _)| x < *at).unwrap_or(points.len() - 1).max(1);
        let ((from, below), (to, up_to)) = (points[after - 1], points[after]);
        below + (up_to - below) * (x - from) / (to - from)
    };
    type Distribution<'a> = Box<dyn Fn(f64) -> f64 + 'a>;
    let models: [(Latency, Distribution<'_>); 4] = [
        (Latency::Uniform(ms(2), ms(6)), Box::new(|x| ((x - 2.0) / 4.0).clamp(0.0, 1.0))),
        (Latency::Exponential { least: ms(3), mean: ms(2) }, Box::new(|x| 1.0 - (-(x - 3.0) / 2.0).exp())),
        (log_normal, Box::new(|x| normal(((x - 1.0) / 2.0).ln() / 0.5))),
        (Latency::Empirical(measured), Box::new(piecewise)),
    ];
    for (latency, distribution) in models {
        for own_link in [false, true] {
            let node = run(1, |lab, nodes| {
                if own_link {
                    lab.set_link(nodes.nodes([0]), nodes.nodes([1]), LinkProfile::new(latency));
                } else {
                    lab.set_latency(latency);
                }
            });
            assert_eq!(node.took.len() as i64, MESSAGES);
            let distance = kolmogorov_smirnov(node.took.iter().copied().map(millis), &distribution);
            assert!(distance < 1.95, "{latency}, own link: {own_link}: {distance}");
        }
    }
    let node = run(1, |lab, _| lab.set_latency(Latency::fibre(1000)));
    assert!(node.took.iter().all(|took| *took == ms(5)));
}

#[test]
fn places_are_as_far_apart_as_measured() {
    // The mean one way between two regions is half of the table's round trip, to a hundredth; its shape is log-normal above nine tenths.
    let node = run(2, |lab, nodes| {
        lab.place(nodes.nodes([0]), Region::TOKYO);
        lab.place(nodes.nodes([1]), Region::SYDNEY);
    });
    let mean = node.took.iter().map(|took| millis(*took)).sum::<f64>() / node.took.len() as f64;
    assert!((mean / 72.1 - 1.0).abs() < 0.01, "{mean} ms");
    let (least, median) = (72.1 * 0.9, 72.1 * 0.09);
    let above = node.took.iter().map(|took| millis(*took) - least);
    let distance = kolmogorov_smirnov(above, |x| normal((x / median).ln() / 0.5));
    assert!(distance < 1.95, "{distance}");
}

#[test]
fn rules_hit_as_often_as_they_say() {
    // Loss, copies and holding back, by a rule and by a link; what is held back is held back uniformly.
    let all = || Traffic::all().messages();
    let link = LinkProfile::new(Latency::Constant(ms(1)));
    let lost_by = |prepare: &dyn Fn(&Lab, &Cluster<Clocked>)| MESSAGES as usize - run(3, prepare).took.len();
    for lost in [
        lost_by(&|lab, _| _ = lab.lose(0.2, all())),
        lost_by(&|lab, nodes| {
            lab.set_link(nodes.nodes([0]), nodes.nodes([1]), LinkProfile { loss: 0.2, ..link })
        }),
        lost_by(&|lab, _| (0..2).for_each(|_| _ = lab.lose(1.0 - 0.8f64.sqrt(), all()))),
    ] {
        assert!(deviations(lost, MESSAGES as usize, 0.2) < 3.3, "{lost} of {MESSAGES}");
    }
    let doubled = run(3, |lab, _| _ = lab.duplicate(0.3, all())).took.len() - MESSAGES as usize;
    assert!(deviations(doubled, MESSAGES as usize, 0.3) < 3.3, "{doubled} of {MESSAGES}");
    let node = run(3, |lab, _| _ = lab.reorder(0.4, ms(8), all()));
    let held_back: Vec<f64> =
        node.took.iter().map(|took| millis(*took) - 1.0).filter(|by| *by > 0.0).collect();
    assert!(deviations(held_back.len(), MESSAGES as usize, 0.4) < 3.3, "{} of {MESSAGES}", held_back.len());
    let distance = kolmogorov_smirnov(held_back, |x| (x / 8.0).clamp(0.0, 1.0));
    assert!(distance < 1.95, "{distance}");
    assert!(node.numbers.windows(2).any(|two| two[0] > two[1]), "later ones overtake");
    let changed = run(3, |lab, nodes| {
        nodes.set_mutator(|(number, _), _| *number += 1_000_000);
        lab.corrupt(0.1, all());
    });
    let changed = changed.numbers.iter().filter(|number| **number > 1_000_000).count();
    assert!(deviations(changed, MESSAGES as usize, 0.1) < 3.3, "{changed} of {MESSAGES}");
}

/// Does nothing but answer.
#[derive(Clone, Debug)]
struct Answering;

impl Node for Answering {
    type Message = ();
    type Timer = ();
}

impl Service for Answering {
    type Request = ();
    type Response = ();
    fn on_request(&mut self, call: CallId, (): (), ctx: &mut Context<Self>) {
        ctx.reply(call, ());
    }
}

#[test]
fn a_service_takes_the_time_that_it_draws() {
    // One request at a time: 2 ms of network, and the server's own time, three times as long when it is slow.
    for (factor, mean) in [(1, 0.3), (3, 0.9)] {
        let lab = Lab::new(4);
        lab.keep_events(0);
        lab.set_latency(Latency::Constant(ms(1)));
        let service = lab.cluster("service", 1, |_| Answering);
        service.set_service_time(0, Latency::Exponential { least: ms(0), mean: us(300) });
        service.slow(0, factor);
        let client = service.client_of(0);
        let times = (0..5_000).map(|_| {
            let (start, call) = (lab.now(), client.call(()));
            lab.run_for(ms(50));
            millis(call.returned().expect("answered") - start) - 2.0
        });
        let distance = kolmogorov_smirnov(times, |x| 1.0 - (-x / mean).exp());
        assert!(distance < 1.95, "{factor} times as slow: {distance}");
    }
}

#[test]
fn clocks_drift_exactly_and_are_disciplined_with_the_error_they_say() {
    // 100 ppm are 100 µs a second; the error of a poll is uniform within its bound.
    let node =
        run(5, |lab, nodes| _ = lab.inject(Fault::ClockDrift { nodes: nodes.nodes([1]), ppb: 100_000 }));
    let ticks = node.intervals.len();
    assert!(
        (110_010..=110_012).contains(&ticks),
        "110 s of the world are 110.011 s of its oscillator: {ticks} ticks"
    );
    let mut errors = Vec::new();
    for seed in 0..300 {
        let lab = Lab::new(seed);
        lab.keep_events(0);
        let nodes = lab.cluster("node", 1, |_| Clocked::default());
        lab.run_for(secs(1));
        // Far off, it steps to what the poll says: the error itself remains.
        lab.inject(Fault::ClockOffset { nodes: nodes.all(), by: secs(10) });
        lab.discipline_clocks(nodes.all(), secs(60), ms(100));
        lab.run_for(ms(10));
        let (interval, monotonic) = nodes.node(0).intervals.pop().expect("it has ticked");
        let middle = interval.earliest + (interval.latest - interval.earliest) / 2;
        errors.push(millis(middle - monotonic));
    }
    let distance = kolmogorov_smirnov(errors, |x| ((x + 100.0) / 200.0).clamp(0.0, 1.0));
    assert!(distance < 1.95, "{distance}");
}
