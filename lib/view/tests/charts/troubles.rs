//! Data that make no ordinary chart: nothing, one point, equal ones, what is no number, far too much. Each gives a picture or a sentence.

use netsplit_node::{Duration, History, Random, Time, ms, ns, secs};
use netsplit_view::{CallCharts, Chart};

use crate::gallery::at;
use crate::xml;

/// Draws in all forms, and returns the text.
fn drawn(chart: &Chart) -> String {
    let figure = chart.figure();
    let content = xml::read(&figure.svg).expect("well-formed");
    let sizes = content.attributes.iter().filter(|(name, _)| name == "height");
    assert!(sizes.count() > 0 && !figure.html().is_empty());
    assert!(!figure.svg.contains("NaN") && !figure.svg.contains("inf\""), "{chart:?}");
    figure.text
}

#[test]
fn nothing_gives_a_sentence() {
    // No series, an empty one, one of gaps, calls that never were.
    let history: History<(), ()> =
        History { service: "store".into(), seed: None, operations: vec![], disturbances: vec![] };
    let nothing: Vec<(Time, Option<u32>)> = vec![(at(1), None), (at(2), None)];
    let charts = [
        Chart::new("a"),
        Chart::new("b").line("x", Vec::<(u32, u32)>::new()),
        Chart::new("c").steps("x", nothing),
        Chart::new("d").bars("x", [("a", f64::NAN)]).log_y(),
        Chart::new("e").quantiles("x", [(1, Vec::<Duration>::new())]),
        history.latency_chart(),
        history.latency_quantiles_chart(ms(1)),
        history.availability_chart(ms(0)),
        history.throughput_chart(-secs(1)),
        history.in_flight_chart(),
    ];
    for chart in charts {
        assert!(drawn(&chart).contains("There is nothing to draw"), "{chart}");
        assert!(chart.svg().contains("nothing to draw"));
    }
}

#[test]
fn extreme_values_give_a_picture() {
    // Zeros, equal values, next to nothing, next to everything, neighbours that a picture cannot tell apart.
    let extremes: [&[f64]; 12] = [
        &[0.0],
        &[5.0],
        &[-5.0],
        &[0.0, 0.0],
        &[1e-320, 2e-320],
        &[1e-200, 2e-200],
        &[1e299, -1e299],
        &[1.0, 1.0 + 1e-15],
        &[1e18, 1e18 + 256.0],
        &[-1e-9, 1e9],
        &[1e-250, 1e250],
        &[f64::MIN_POSITIVE, f64::MAX],
    ];
    for values in extremes {
        for log in [false, true] {
            let numbers = values.iter().enumerate().map(|(index, value)| (index, *value));
            let both = values.iter().map(|value| (*value, *value));
            let mut charts = vec![
                Chart::new("line").line("x", numbers.clone()),
                Chart::new("bars").bars("x", numbers.clone()),
                Chart::new("both").points("x", both.clone()),
                Chart::new("steps").steps("x", both),
                Chart::new("band").band("x", numbers.map(|(x, y)| (x, y, y))),
            ];
            if log {
                charts = charts.into_iter().map(|chart| chart.log_x().log_y()).collect();
            }
            charts.iter().for_each(|chart| drop(drawn(chart)));
        }
    }
}

#[test]
fn durations_of_every_size_have_readable_ticks() {
    // From a nanosecond to a century: ticks are few, differ from each other, and have a unit.
    for nanos in (0..19).map(|power| 10_i64.pow(power)) {
        for factor in [1, 3, 7] {
            let chart = Chart::new("").line("", [(ns(0), 0), (ns(nanos.saturating_mul(factor)), 1)]);
            let content = xml::read(&chart.svg()).expect("well-formed");
            let ticks: Vec<&String> = content.texts.iter().filter(|text| text.ends_with('s')).collect();
            assert!((2..=12).contains(&ticks.len()), "{nanos} times {factor}: {ticks:?}");
            let mut different = ticks.clone();
            different.sort();
            different.dedup();
            assert_eq!(different.len(), ticks.len(), "{nanos} times {factor}: {ticks:?}");
        }
    }
}

#[test]
fn what_has_no_place_is_told() {
    // Numbers that are none, kinds that do not fit, places that a logarithm does not have.
    let text = drawn(&Chart::new("").line("x", [(1.0, f64::NAN), (f64::INFINITY, 2.0), (3.0, 3.0)]));
    assert!(text.contains("x: 2 points not drawn (infinite, or not a number)"), "{text}");
    let text = drawn(&Chart::new("").line("x", [(1, 1)]).line("y", [(1, ms(1))]));
    assert!(
        text.contains("y is not drawn: it has times, and the vertical axis shows plain numbers"),
        "{text}"
    );
    let text = drawn(&Chart::new("").line("x", [(1, 1)]).line("y", [(ms(1), 1)]));
    assert!(text.contains("y: 1 point not drawn (the horizontal axis shows plain numbers)"), "{text}");
    let text = drawn(&Chart::new("").line("x", [(-1, 1), (0, 1), (1, 1)]).log_x());
    assert!(
        text.contains("x: 2 points not drawn (zero or less has no place on a logarithmic axis)"),
        "{text}"
    );
    let text = drawn(&Chart::new("").bars("x", (0..100).map(|number| (format!("n{number}"), number))));
    assert!(text.contains("40 more along the horizontal axis not drawn: it has room for 60 names"), "{text}");
}

#[test]
fn a_million_points_are_bounded_and_told_of() {
    // All forms together stay below 300 kB, the highest and the lowest are kept, and what was left out is counted.
    let mut random = Random::new(1);
    let mut wave: Vec<(Time, u64)> =
        (0..1_000_000).map(|step| (Time::from_nanos(step * 1000), 1000 + random.below(500))).collect();
    wave[654_321].1 = 9999;
    for chart in [
        Chart::new("line").line("x", wave.iter().copied()),
        Chart::new("steps").steps("x", wave.iter().copied()),
        Chart::new("points").points("x", wave.iter().copied()),
        Chart::new("bars").bars("x", wave.iter().copied()),
        Chart::new("band").band("x", wave.iter().map(|(x, y)| (*x, 0, *y))),
        (0..10).fold(Chart::new("ten"), |chart, part| {
            chart.line(format!("part {part}"), wave[part * 100_000..][..100_000].iter().copied())
        }),
    ] {
        let figure = chart.figure();
        let all = figure.html().len() + figure.svg.len() + figure.text.len();
        assert!(all < 300_000, "{chart:?}: {all} bytes");
        assert!(figure.svg.contains("of 1000000 points drawn"), "{chart:?}");
        let live = figure.live.expect("live").data;
        assert!(live.contains("9999"), "{chart:?} lost its peak");
        assert!(figure.text.contains("9999"), "{chart:?}");
    }
}

#[test]
fn too_much_of_anything_is_counted() {
    // Series, spans and notes beyond what a picture has room for.
    let mut chart = Chart::new("much").line("x", [(0, 0), (1000, 1)]);
    for number in 0..200 {
        chart = chart
            .span(format!("fault {number}"), number * 5, number * 5 + 100)
            .note(format!("remark {number}"));
        chart = chart.line(format!("series {number}"), [(number, number)]);
    }
    let figure = chart.figure();
    assert!(figure.svg.len() < 100_000, "{}", figure.svg.len());
    let shaded = figure.svg.matches("<title>fault ").count();
    assert!((60..=120).contains(&shaded), "60 are shaded, and some have their names: {shaded}");
    for told in ["remarks of this kind", "has no room for its name"] {
        assert!(figure.svg.contains(told), "{told}");
    }
    assert!(figure.text.contains("and 188 more spans"), "{}", figure.text);
}
