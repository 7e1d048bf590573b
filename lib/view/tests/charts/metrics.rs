//! The numbers behind the charts of histories and traces, each counted another way.

use netsplit_node::trace::EventKind;
use netsplit_node::{CallId, Duration, History, NodeId, Operation, Outcome, ms};
use netsplit_view::chart::{Place, Sample};
use netsplit_view::{CallCharts, Chart};

use crate::gallery::{at, busy_history, busy_trace, kept_from};
use crate::scenarios;

/// What the script of a chart knows of a series: the words of its points, as (place, height).
fn told(chart: &Chart, name: &str) -> Vec<(String, String)> {
    let data: netsplit_node::json::Json =
        chart.figure().live.expect("a chart of something is live").data.parse().expect("JSON");
    let list = |value: Option<&netsplit_node::json::Json>| match value {
        Some(netsplit_node::json::Json::List(values)) => values.clone(),
        other => panic!("{other:?} is no list"),
    };
    let entries = list(data.get("entries"));
    let entry = entries.iter().position(|it| it.text() == Some(name)).unwrap_or_else(|| panic!("no {name}"));
    let number = |value: Option<&netsplit_node::json::Json>| match value {
        Some(netsplit_node::json::Json::Number(number)) => *number as usize,
        other => panic!("{other:?} is no number"),
    };
    let series = list(data.get("series")).into_iter().find(|it| number(it.get("entry")) == entry);
    let points = list(series.expect("a series for each entry").get("points"));
    let word =
        |point: &[netsplit_node::json::Json], index: usize| point[index].text().expect("a word").to_owned();
    points.iter().map(|point| list(Some(point))).map(|point| (word(&point, 2), word(&point, 3))).collect()
}

fn pairs(told: &[(String, String)]) -> Vec<(&str, &str)> {
    told.iter().map(|(x, y)| (x.as_str(), y.as_str())).collect()
}

/// When a call began, and when it ended how.
type Call = (i64, Option<(i64, Outcome<()>)>);

fn history(calls: &[Call]) -> History<(), ()> {
    let operations = calls.iter().enumerate().map(|(number, (invoked, told))| Operation {
        call: CallId(number as u64),
        caller: NodeId(0),
        caller_name: "ann".to_owned(),
        request: (),
        invoked: at(*invoked),
        outcome: told.as_ref().map(|(_, outcome)| outcome.clone()),
        returned: told.as_ref().map(|(returned, _)| at(*returned)),
        served: vec![],
    });
    History {
        service: "store".to_owned(),
        seed: Some(1),
        operations: operations.collect(),
        disturbances: vec![],
    }
}

fn fail() -> Outcome<()> {
    Outcome::Fail("no".to_owned())
}

#[test]
fn latency_is_told_by_outcome() {
    // From asking to being told; what is pending has none yet and is counted.
    let calls = [
        (0, Some((5, Outcome::Ok(())))),
        (10, Some((12, fail()))),
        (20, Some((220, Outcome::Unknown))),
        (30, None),
    ];
    let chart = history(&calls).latency_chart();
    assert_eq!(pairs(&told(&chart, "ok")), [("0s", "5ms")]);
    assert_eq!(pairs(&told(&chart, "fail")), [("10ms", "2ms")]);
    assert_eq!(pairs(&told(&chart, "unknown")), [("20ms", "200ms")]);
    assert!(chart.text().contains("calls still pending at 220ms: 1, not drawn"), "{chart}");
}

#[test]
fn availability_is_the_share_of_answers_among_what_was_asked() {
    // A time-out, a failure and a call without end are not available; where nothing was asked there is no share.
    let ok = |at: i64| (at, Some((at + 1, Outcome::Ok(()))));
    let calls = [
        ok(0),
        ok(10),
        (20, Some((90, Outcome::Unknown))),
        (30, Some((31, fail()))),
        ok(210),
        (220, None),
        ok(300),
    ];
    let chart = history(&calls).availability_chart(ms(100));
    // The window from 100 ms to 200 ms is a gap; the last point closes the staircase.
    assert_eq!(
        pairs(&told(&chart, "answered")),
        [("0s", "50%"), ("200ms", "50%"), ("300ms", "100%"), ("301ms", "100%")]
    );
    assert!(chart.text().contains("counted as not answered"), "{chart}");
}

#[test]
fn throughput_is_per_second_whatever_the_window() {
    // Three answers in a fifth of a second are fifteen a second; they count where they ended.
    let calls: Vec<_> = (0..3).map(|i| (10 * i, Some((210 + i, Outcome::Ok(()))))).collect();
    let chart = history(&calls).throughput_chart(ms(200));
    assert_eq!(pairs(&told(&chart, "ok")), [("0s", "0"), ("200ms", "15"), ("212ms", "15")]);
}

#[test]
fn calls_under_way_are_those_begun_and_not_ended() {
    // Counted at every change; one that never ends is under way to the end.
    let calls = [
        (0, Some((10, Outcome::Ok(())))),
        (5, None),
        (5, Some((10, fail()))),
        (20, Some((30, Outcome::Ok(())))),
    ];
    let chart = history(&calls).in_flight_chart();
    let expected = [("0s", "1"), ("5ms", "3"), ("10ms", "1"), ("20ms", "2"), ("30ms", "1")];
    assert_eq!(pairs(&told(&chart, "under way")), expected);
}

#[test]
fn windows_have_the_quantiles_of_the_calls_that_began_in_them() {
    // Against the definition, on 470 calls.
    let history = busy_history();
    let points = told(&history.latency_quantiles_chart(ms(500)), "p90");
    assert_eq!(points.len(), 10);
    for (window, (_, height)) in points.iter().enumerate() {
        let within = at(500 * window as i64)..at(500 * window as i64 + 500);
        let answered = history.iter().filter(|it| matches!(it.outcome, Some(Outcome::Ok(_))));
        let took = answered
            .filter(|it| within.contains(&it.invoked))
            .map(|it| it.returned.expect("told") - it.invoked);
        let mut took: Vec<Duration> = took.collect();
        took.sort();
        let p90 = took[(took.len() * 9).div_ceil(10) - 1];
        assert_eq!(*height, p90.to_string(), "window {window} of {} calls", took.len());
    }
}

#[test]
fn a_trace_knows_the_calls_that_its_history_knows() {
    // The same run seen twice: outcomes and times come out of its events too.
    let trace = scenarios::lost_reply();
    let invoked = trace.events.iter().filter(|it| matches!(it.kind, EventKind::Invoked { .. })).count();
    let returned = trace.events.iter().filter(|it| matches!(it.kind, EventKind::Returned { .. })).count();
    let calls = trace.call_record().calls;
    assert_eq!((calls.len(), calls.iter().filter(|call| call.told.is_some()).count()), (invoked, returned));
    assert!(invoked > 0 && calls.iter().all(|call| call.told.is_none_or(|(at, _)| at > call.invoked)));
    // Without the beginning of a call, its end is no call.
    assert_eq!(kept_from(trace.clone(), trace.events.len() - 1).call_record().calls, []);
}

#[test]
fn every_message_is_counted_in_its_window() {
    // The windows' numbers add up to those of the trace, and stand where the events are.
    let trace = busy_trace();
    type Wanted = fn(&EventKind) -> bool;
    let kinds: [(&str, Wanted); 3] = [
        ("sent", |kind| matches!(kind, EventKind::Sent { .. })),
        ("delivered", |kind| matches!(kind, EventKind::Received { .. })),
        ("lost", |kind| matches!(kind, EventKind::Lost { .. })),
    ];
    for (name, wanted) in kinds {
        let points = told(&Chart::traffic(&trace, ms(250)), name);
        assert_eq!(points.len(), 10, "nine windows, and the end of the last");
        for (window, (_, count)) in points[..9].iter().enumerate() {
            let within = at(250 * window as i64)..at(250 * window as i64 + 250);
            let expected =
                trace.events.iter().filter(|it| wanted(&it.kind) && within.contains(&it.time)).count();
            assert_eq!(*count, expected.to_string(), "{name} in window {window}");
        }
    }
}

#[test]
fn what_was_not_kept_is_no_silence() {
    // A trace that forgot its first half begins where it remembers, and says so.
    let trace = busy_trace();
    let half = kept_from(trace.clone(), trace.events.len() / 2);
    let chart = Chart::traffic(&half, ms(100));
    assert!(chart.text().contains(&format!("{} earlier events were not kept", half.omitted)), "{chart}");
    let first = half.events[0].time.as_nanos() / 100_000_000 * 100;
    assert_eq!(told(&chart, "sent")[0].0, at(first as i64).to_string());
}

#[test]
fn faults_last_from_their_beginning_to_their_end() {
    // Cut until healed, down until started again, pausing until awake, a rule without an end until the end; a violation is a moment.
    let text = Chart::traffic(&busy_trace(), ms(100)).text();
    for fault in [
        "400ms to 900ms: cut: store 0 | store 1, store 2",
        "1s to 2.05s: loss 0.2 on everything",
        "1.2s to 1.6s: store 2 is down",
        "1.3s to 1.5s: store 1 pauses",
        "at 1.7s: one leader is violated",
    ] {
        assert!(text.contains(fault), "{fault} in {text}");
    }
}

#[test]
fn the_script_knows_what_lasts_at_each_point() {
    // A span's pixels are those of its times: the point at its middle lies between them, the one before it does not.
    let data = Chart::new("").line("x", [(ms(0), 1), (ms(100), 1), (ms(50), 1)]).span("cut", ms(40), ms(60));
    let data = data.figure().live.expect("live").data;
    let numbers = |after: &str| -> Vec<i32> {
        let rest = data.split(after).nth(1).unwrap_or_else(|| panic!("no {after} in {data}"));
        rest.split(',').take(2).map(|number| number.parse().expect("a pixel")).collect()
    };
    let span = numbers("\"spans\":[[");
    let middle = data.split("],[").find(|point| point.contains("\"50ms\"")).expect("the point in the middle");
    let middle: i32 = middle.split(',').next().and_then(|x| x.parse().ok()).expect("a pixel");
    assert!(span[0] < middle && middle < span[1], "{span:?} around {middle}");
    assert!(numbers("\"points\":[[")[0] < span[0]);
}

#[test]
fn quantiles_of_samples_stand_at_their_places() {
    // p50, p90 and p99 are those of `Sample`, in the order of their names.
    let values: Vec<i64> = (0..250).map(|i| i * 7919 % 251).collect();
    let chart = Chart::new("").quantiles("reads", [(1, values.clone()), (2, vec![5])]);
    let sample = Sample::new(values.iter().map(|value| *value as f64));
    for (name, thousandths) in [("reads p50", 500), ("reads p90", 900), ("reads p99", 990)] {
        let expected = sample.quantile(thousandths).expect("not empty").to_string();
        assert_eq!(pairs(&told(&chart, name)), [("1", expected.as_str()), ("2", "5")]);
    }
}

#[test]
fn a_spread_is_the_middle_of_what_was_seen() {
    // Of the values 1 to 100: from the 10th to the 90th percentile, with the median, also for those who read letters.
    let chart = Chart::new("").spread("cost", [("a", 1..=100), ("b", 201..=300)]);
    assert_eq!(pairs(&told(&chart, "cost")), [("a", "50"), ("b", "250")]);
    let text = chart.text();
    let middle = text.lines().find(|line| line.contains("cost middle 80%")).expect("a line for the middle");
    assert!(middle.contains(" 10 ") && middle.contains(" 290 "), "{middle}");
}

#[test]
fn a_distribution_gives_each_value_the_share_up_to_it() {
    // Equal values are one step, and what is greatest has all below it.
    let chart = Chart::new("").distribution("took", [ms(3), ms(1), ms(3), ms(7)]);
    assert_eq!(pairs(&told(&chart, "took")), [("1ms", "25%"), ("3ms", "75%"), ("7ms", "100%")]);
}

#[test]
fn a_parameter_of_any_type_has_a_place() {
    // Numbers and durations get a numeric axis, whatever else stands there by its name.
    let numeric =
        Chart::new("").points("x", [Place::of_debug(&ms(5)), Place::of_debug(&ms(20))].map(|it| (it, 1)));
    let named =
        Chart::new("").points("x", [Place::of_debug(&Some(5)), Place::of_debug(&"a")].map(|it| (it, 1)));
    assert_eq!(told(&numeric, "x")[1].0, "20ms");
    assert_eq!(pairs(&told(&named, "x")), [("Some(5)", "1"), ("a", "1")]);
}
