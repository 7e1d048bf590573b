//! Charts of what a laboratory did: its traffic, its histories, its sweeps.

use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{ms, secs};
use netsplit_sim::{Keys, Lab, Traffic, Workload};
use netsplit_view::CallCharts;

/// Ten seconds of a store under load; its first node is cut off from second 4 to second 6.
fn cut_for_a_while(lab: &Lab) -> netsplit_sim::Cluster<EagerStore> {
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    let patient = Workload::closed(5).thinking(ms(20)).with_deadline(ms(100));
    store.load(patient, Keys::uniform(10).reads_and_writes(0.5));
    lab.run_for(secs(4));
    let cut = lab.partition([store.nodes([0]), store.nodes([1, 2])]);
    lab.run_for(secs(2));
    lab.heal(cut);
    lab.run_for(secs(4));
    store
}

#[test]
fn a_run_is_charted_with_its_faults() {
    // Messages are lost while the network is cut, and the chart says from when to when that was.
    let lab = Lab::new(42);
    let store = cut_for_a_while(&lab);
    let text = lab.traffic_chart(ms(500)).text();
    assert!(text.contains("4s to 6s: cut: "), "{text}");
    let lost = text.lines().find(|line| line.trim_start().starts_with("lost")).expect("some were lost");
    let signs: Vec<char> = lost.chars().rev().skip(1).take(44).collect();
    assert!(signs[..10].iter().all(|sign| *sign == '▁'), "nothing is lost after the cut: {lost}");
    let text = store.history().latency_chart().faults(&lab.trace()).text();
    assert!(text.contains("ok") && text.contains("4s to 6s: cut: "), "{text}");
}

#[test]
fn a_trace_and_a_history_of_one_run_have_one_latency() {
    // Two witnesses of the same calls: every number of the table is the same.
    let lab = Lab::new(42);
    let store = cut_for_a_while(&lab);
    let table = |text: String| {
        text.lines()
            .filter(|line| line.contains('|') && !line.contains("cut"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (seen, told) =
        (table(lab.trace().latency_chart().text()), table(store.history().latency_chart().text()));
    assert_eq!(seen, told);
    assert!(!seen.is_empty());
    assert_eq!(lab.trace().call_record().calls, store.history().call_record().calls);
}

#[test]
fn failures_are_counted_for_each_parameter() {
    // One bar each, as high as the report says, in the order of the parameters.
    let report = Lab::sweep(0..30, [0.0, 0.1, 0.4]).run(|lab, &loss| {
        let store = lab.cluster("store", 3, |_id| EagerStore::default());
        lab.lose(loss, Traffic::all());
        store.client_of(0).put("x", 1);
        lab.run_for(secs(1));
        store.node(1) == store.node(2)
    });
    let text = report.failures_chart().text();
    for parameter in [0.0, 0.1, 0.4] {
        let bar =
            text.lines().find(|line| line.trim_start().starts_with(&format!("{parameter}  "))).expect(&text);
        assert!(bar.ends_with(&format!(" {}", report.failures_of(&parameter))), "{bar}");
    }
    assert!(text.contains("Failed runs, of 30 with each parameter"), "{text}");
}

#[test]
fn a_number_of_each_run_is_spread_over_the_seeds() {
    // The median and the middle 80% of the values, at the parameter's place; a run that panicked has no value and is told of.
    let report = Lab::sweep(0..11, [ms(1), ms(10)]).run(|lab, &step| {
        assert!(!(lab.seed() == 3 && step == ms(10)), "one run fails");
        step * lab.seed() as i64
    });
    let figure = report.chart("waiting", |waited| *waited).figure();
    let live = figure.live.expect("live").data;
    assert!(live.contains("\"1ms\",\"5ms\"") && live.contains("\"10ms\",\"50ms\""), "{live}");
    assert!(figure.text.contains("1 run panicked and has no value"), "{}", figure.text);
    let many = report.quantiles_chart("parts", |waited| vec![*waited; 3]).text();
    assert!(many.contains("parts p50") && many.contains("parts p99"), "{many}");
}

#[test]
fn a_named_parameter_stands_beside_the_others() {
    // What is no number has no place on a numeric axis, and is shown by its name.
    let report = Lab::sweep(0..5, ["eager", "slow"]).run(|lab, kind| lab.seed() + kind.len() as u64);
    let text = report.chart("sum", |sum| *sum).text();
    let line = text.lines().find(|line| line.trim_start().starts_with("eager  |")).expect(&text);
    assert!(line.ends_with(" 7"), "the median of 5 to 9: {line}");
}

#[test]
fn the_answers_of_a_load_have_a_distribution() {
    // All of them came within the longest time, and the chart ends there with 100%.
    let lab = Lab::new(1);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    let load = store.load(Workload::closed(3), Keys::uniform(5).reads_and_writes(0.5));
    lab.run_for(secs(1));
    let report = load.report();
    let text = report.distribution_chart().text();
    let longest = report.times.last().expect("answers");
    assert!(text.contains("100%") && text.contains(&format!("to {longest}")), "{text}");
}
