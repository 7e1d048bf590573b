//! The charts that were looked at, of data that are drawn from seeds or written down.

use netsplit_node::trace::{Event, EventId, EventKind};
use netsplit_node::{
    CallId, Duration, History, NodeId, Operation, Outcome, Random, Time, Trace, ms, secs, us,
};
use netsplit_view::{CallCharts, Chart};

use crate::scenarios::Recording;

pub fn at(millis: i64) -> Time {
    Time::ZERO + ms(millis)
}

/// Every golden chart: its name and the chart.
pub fn all() -> Vec<(&'static str, Chart)> {
    let (history, trace) = (busy_history(), busy_trace());
    vec![
        ("latency", history.latency_chart().span("cut: store 0 | store 1, store 2", at(2000), at(3500))),
        ("latency-quantiles", history.latency_quantiles_chart(ms(250)).log_y()),
        (
            "availability",
            history.availability_chart(ms(200)).span("cut: store 0 | store 1, store 2", at(2000), at(3500)),
        ),
        ("throughput", history.throughput_chart(ms(500))),
        ("in-flight", history.in_flight_chart()),
        ("traffic", Chart::traffic(&trace, ms(100))),
        ("sweep-quantiles", sweep_quantiles()),
        ("sweep-failures", sweep_failures()),
        ("spread", spread()),
        ("spread-of-named", spread_of_named()),
        ("distribution", distribution()),
        ("many-series", many_series()),
        ("odd-text", odd_text()),
        ("band", band()),
        ("negative", negative()),
        ("one-point", Chart::new("One point").x("time").y("value").line("only", [(secs(1), 5)])),
        ("empty", Chart::new("Nothing happened").line("calls", Vec::<(Time, u32)>::new())),
        ("troubles", troubles()),
    ]
}

fn operation(
    call: u64,
    invoked: Time,
    told: Option<(Duration, Outcome<u32>)>,
) -> Operation<&'static str, u32> {
    let returned = told.as_ref().map(|(took, _)| invoked + *took);
    let outcome = told.map(|(_, outcome)| outcome);
    let caller = NodeId(3 + (call % 2) as u32);
    Operation {
        call: CallId(call),
        caller,
        caller_name: "ann".into(),
        request: "get",
        invoked,
        outcome,
        returned,
        served: vec![],
    }
}

/// Five seconds of calls, of which many wait and time out while the network is cut.
pub fn busy_history() -> History<&'static str, u32> {
    let mut random = Random::new(7);
    let mut operations = Vec::new();
    let mut now = at(3);
    while now < at(5000) {
        let cut = now > at(2000) && now < at(3500);
        let took = ms(4) + us(random.below(3000) as i64) + ms(if random.below(30) == 0 { 40 } else { 0 });
        let told = match random.below(10) {
            0..5 if cut => Some((ms(150), Outcome::Unknown)),
            5 if cut => Some((ms(2), Outcome::Fail("not the leader".into()))),
            _ if now > at(4985) => None,
            _ => Some((took, Outcome::Ok(1))),
        };
        operations.push(operation(operations.len() as u64, now, told));
        now += us(4000 + random.below(14_000) as i64);
    }
    History { service: "store".into(), seed: Some(7), operations, disturbances: vec![] }
}

fn fault_at(millis: i64) -> Option<EventKind> {
    match millis {
        900 => Some(EventKind::Healed { cut: 0 }),
        1000 => Some(EventKind::RuleBegan { rule: 0, text: "loss 0.2 on everything".into() }),
        1200 => Some(EventKind::Crashed { node: NodeId(2), reason: "crashed".into() }),
        1300 => Some(EventKind::Paused { node: NodeId(1), until: at(1500) }),
        1600 => Some(EventKind::Started { node: NodeId(2), again: true }),
        1700 => Some(EventKind::Violated { property: "one leader".into(), text: "two".into() }),
        _ => None,
    }
}

/// Two seconds of three nodes that send to each other, with a crash, a cut, a pause and a slow link.
pub fn busy_trace() -> Trace {
    let mut run = Recording::of(3, &["store 0", "store 1", "store 2"], &[]);
    run.start_all();
    let mut random = Random::new(3);
    let mut on_the_way: Vec<(i64, EventId, bool)> = Vec::new();
    for millis in (0..2000).step_by(5) {
        run.at(ms(millis));
        if millis == 400 {
            run.cut(0, "store 0 | store 1, store 2", &[&[0], &[1, 2]]);
        }
        if let Some(fault) = fault_at(millis) {
            run.happens(fault);
        }
        for (due, message, lost) in std::mem::take(&mut on_the_way) {
            match (due <= millis, lost) {
                (true, true) => run.lose(message, "partition"),
                (true, false) => run.receive(message),
                (false, _) => on_the_way.push((due, message, lost)),
            }
        }
        for _ in 0..random.below(4) {
            let message = run.send(random.below(3) as u32, random.below(3) as u32, "append");
            let lost = (400..900).contains(&millis) && random.below(2) == 0;
            on_the_way.push((millis + 5 + random.below(20) as i64, message, lost));
        }
    }
    run.finish(ms(2050))
}

fn sweep_quantiles() -> Chart {
    let mut random = Random::new(11);
    let mut took = |clients: u64| -> Vec<Duration> {
        (0..200)
            .map(|_| us(500 + (clients * clients * (1 + random.below(100) * random.below(100))) as i64 / 40))
            .collect()
    };
    let samples: Vec<(u64, Vec<Duration>)> =
        [1, 2, 4, 8, 16, 32, 64, 128].map(|clients| (clients, took(clients))).into();
    Chart::new("More clients, longer waits")
        .x("clients")
        .y("latency")
        .log_x()
        .log_y()
        .quantiles("put", samples)
}

fn sweep_failures() -> Chart {
    Chart::new("Failed runs of 100")
        .x("what is broken")
        .y("failed runs")
        .bars("eager", [("nothing", 0), ("a lost message", 31), ("a partition", 88), ("a crash", 12)])
        .bars("majority", [("nothing", 0), ("a lost message", 0), ("a partition", 2), ("a crash", 0)])
        .bars("raft", [("nothing", 0), ("a lost message", 1), ("a partition", 0), ("a crash", 40)])
}

fn spread() -> Chart {
    let mut random = Random::new(5);
    let mut runs = |loss: u64, cost: u64| -> Vec<u64> {
        (0..40).map(|_| 6 + loss * cost / 10 + random.below(2 + loss / 2)).collect()
    };
    let eager: Vec<(f64, Vec<u64>)> = (0..=10).map(|tenth| (tenth as f64 / 20.0, runs(tenth, 8))).collect();
    let raft: Vec<(f64, Vec<u64>)> = (0..=10).map(|tenth| (tenth as f64 / 20.0, runs(tenth, 31))).collect();
    Chart::new("What loss costs")
        .x("loss")
        .y("messages per operation")
        .spread("eager", eager)
        .spread("raft", raft)
}

fn spread_of_named() -> Chart {
    let mut random = Random::new(6);
    let mut runs =
        |least: u64| -> Vec<Duration> { (0..30).map(|_| ms((least + random.below(least)) as i64)).collect() };
    let failover = ["two nodes", "three nodes", "five nodes", "five nodes, pre-vote"];
    let samples: Vec<(&str, Vec<Duration>)> =
        failover.into_iter().zip([300, 150, 180, 220]).map(|(name, least)| (name, runs(least))).collect();
    Chart::new("How long nobody leads").y("time without a leader").spread("failover", samples)
}

fn distribution() -> Chart {
    let mut random = Random::new(8);
    let mut took = |tail: i64| -> Vec<Duration> {
        (0..500)
            .map(|_| ms(5) + us(random.below(4000) as i64) + ms(if random.below(20) == 0 { tail } else { 0 }))
            .collect()
    };
    let (hedged, plain) = (took(15), took(80));
    Chart::new("A second request cuts the tail")
        .x("latency")
        .y("share of answers")
        .distribution("plain", plain)
        .distribution("hedged", hedged)
        .log_x()
}

fn many_series() -> Chart {
    (0..14_i64).fold(Chart::new("Lag of replicas").x("virtual time").y("entries behind"), |chart, replica| {
        let lag = (0..60).map(move |step| (ms(50 * step), (step * (replica + 2)) % 23 + replica * 12));
        chart.line(format!("replica {replica}"), lag)
    })
}

fn odd_text() -> Chart {
    Chart::new("<Odd> & \"text\" שלום").x("אות").y("<b>bold</b>").bars(
        "<script>alert(1)</script>",
        [
            ("</text>", 3.5),
            ("日本語日本語日本語日本語日本語日本語", 2.0),
            ("a\nb\u{202e}c", 1.0),
            ("👩\u{200d}🚀", 4.0),
        ],
    )
}

fn band() -> Chart {
    let uncertainty = (0..80).map(|step| {
        let since = step % 20;
        (secs(step), ms(-1 - since), ms(1 + since))
    });
    let offset = (0..80).map(|step| (secs(step), us((step * 37 % 23 - 11) * 90)));
    Chart::new("What a clock knows of its own error")
        .x("true time")
        .y("offset")
        .band("claimed", uncertainty)
        .line("real", offset)
}

fn negative() -> Chart {
    let profit = [("cache", -12.5), ("shards", 40.0), ("nothing", 0.0), ("region", -3.0)];
    Chart::new("Cost of a change").y("per month").bars("profit", profit)
}

/// What cannot be drawn is told.
fn troubles() -> Chart {
    Chart::new("Not everything can be drawn")
        .x("time")
        .y("rate")
        .log_y()
        .line(
            "measured",
            [
                (secs(1), 10.0),
                (secs(2), f64::NAN),
                (secs(3), 0.0),
                (secs(4), 300.0),
                (secs(5), f64::INFINITY),
            ],
        )
        .line("durations", [(secs(1), ms(5))])
        .points("counted", [(secs(2), Some(4)), (secs(3), None), (secs(4), Some(90))])
        .span("long over", -secs(9), -secs(8))
        .span("elsewhere", "monday", "tuesday")
}

/// The events of a trace from a number on, as a laboratory that keeps few would give them.
pub fn kept_from(mut trace: Trace, first: usize) -> Trace {
    let kept: Vec<Event> = trace.events.split_off(first);
    trace.omitted = trace.events.len() as u64;
    Trace { events: kept, ..trace }
}
