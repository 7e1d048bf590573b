//! What every diagram keeps to, whatever the run: valid, self-contained, bounded, equal for equal runs, and inside its frame.

#[allow(dead_code, reason = "each test binary uses its part of this")]
mod scenarios;
mod xml;

use netsplit_node::trace::{EventKind, OutcomeKind};
use netsplit_node::{NodeId, Time, Trace, ms, secs, us};
use netsplit_view::Diagram;

use scenarios::Recording;

/// Every run that this crate's tests know, and some that are hardly any.
fn runs() -> Vec<(&'static str, Trace)> {
    let nobody = Recording::of(1, &[], &[]).finish(ms(0));
    let silent = Recording::of(1, &["a", "b"], &["c"]).finish(secs(1));
    let mut headless = scenarios::lost_reply();
    headless.events.drain(..6);
    headless.omitted = 6;
    vec![
        ("greeting", scenarios::greeting()),
        ("lost reply", scenarios::lost_reply()),
        ("partition", scenarios::partition()),
        ("crash", scenarios::crash()),
        ("broadcast", scenarios::broadcast()),
        ("odd text", scenarios::odd_text()),
        ("one way", scenarios::one_way()),
        ("troubles", scenarios::troubles()),
        ("rules", scenarios::rules()),
        ("long", scenarios::long(5, 4000)),
        ("wide", scenarios::long(40, 2000)),
        ("nobody", nobody),
        ("silent", silent),
        ("headless", headless),
    ]
}

#[test]
fn every_picture_is_well_formed_and_self_contained() {
    // No script, reference or id: a picture cannot act, load anything, or touch its neighbours on the page.
    let known = ["svg", "title", "style", "g", "rect", "line", "path", "circle", "text"];
    for (name, run) in runs() {
        let content = xml::read(&Diagram::of(&run).title("<t> & \"q\"").svg())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for element in &content.elements {
            assert!(known.contains(&element.as_str()), "{name}: <{element}>");
        }
        for (attribute, value) in &content.attributes {
            assert!(!attribute.starts_with("on") && !["id", "href", "style"].contains(&attribute.as_str()));
            assert!(!value.contains("url(") || attribute == "aria-label", "{name}: {attribute}={value}");
        }
        assert!(content.attributes.contains(&("role".into(), "img".into())), "{name}");
        let sheet =
            content.texts.iter().find(|text| text.contains("prefers-color-scheme")).expect("a style sheet");
        assert!(!sheet.contains("url") && !sheet.contains("@import") && !sheet.contains("@font"), "{name}");
    }
}

#[test]
fn odd_texts_come_through_whole() {
    // The pointer shows the full text of each message, as text.
    let content = xml::read(&Diagram::of(&scenarios::odd_text()).svg()).expect("well-formed");
    for text in [
        "</text><script>alert(1)</script>",
        "שלום עולם, מה שלומך",
        "ever want to read in a diagram",
        "\\u{202e}reversed",
    ] {
        assert!(content.texts.iter().any(|shown| shown.contains(text)), "{text}");
    }
    assert!(content.texts.iter().any(|shown| shown.ends_with('…')), "long texts are cut in the picture");
}

#[test]
fn equal_runs_give_equal_bytes() {
    // A stored picture differs from a fresh one only if the run does.
    for (name, run) in runs() {
        assert_eq!(Diagram::of(&run).svg(), Diagram::of(&run.clone()).svg(), "{name}");
        assert_eq!(Diagram::of(&run).text(), Diagram::of(&run.clone()).to_string(), "{name}");
    }
}

#[test]
fn everything_stays_inside_the_frame() {
    // Every coordinate lies on the page, at every width.
    for (name, run) in runs() {
        for width in [320, 800, 1400] {
            let content = xml::read(&Diagram::of(&run).width(width).svg()).expect("well-formed");
            let number = |attribute: &str| -> Vec<i32> {
                let of = content.attributes.iter().filter(|(name, _)| name == attribute);
                of.filter_map(|(_, value)| value.parse().ok()).collect()
            };
            let (width, height) = (number("width")[0], number("height")[0]);
            for x in ["x", "x1", "x2", "cx"].into_iter().flat_map(number) {
                assert!((0..=width).contains(&x), "{name}: x {x} on a page of {width}");
            }
            for y in ["y", "y1", "y2", "cy"].into_iter().flat_map(number) {
                assert!((0..=height).contains(&y), "{name}: y {y} on a page of {height}");
            }
        }
    }
}

#[test]
fn text_is_at_most_110_columns_wide() {
    // Terminals and logs break what is wider.
    for (name, run) in runs() {
        for line in Diagram::of(&run).text().lines() {
            assert!(line.chars().count() <= 110, "{name}: {line}");
            assert!(!line.chars().any(char::is_control), "{name}: {line:?}");
        }
    }
}

#[test]
fn a_long_run_is_bounded_and_says_so() {
    // What is left out is counted; the picture of ten thousand events is as small as that of some hundreds.
    let mut run = scenarios::long(5, 10_000);
    run.events.truncate(10_000);
    let diagram = Diagram::of(&run);
    let svg = diagram.svg();
    assert!(svg.len() < 400_000, "{}", svg.len());
    assert!(svg.contains("9750 later events not drawn"));
    assert!(diagram.text().contains("(9750 later events not drawn: .since(..) shows them)"));
    assert!(Diagram::of(&run).at_most(usize::MAX).svg().contains("9000 later events not drawn"));
    assert!(!Diagram::of(&scenarios::crash()).svg().contains("not drawn"));
}

#[test]
fn many_lifelines_are_bounded_and_counted() {
    // Forty nodes: the busiest are drawn, the rest is counted.
    let svg = Diagram::of(&scenarios::long(40, 2000)).at_most(100).svg();
    let heads = (0..40).filter(|number| svg.contains(&format!("node {number}, node n{number}<"))).count();
    assert_eq!(heads, 24);
    assert!(svg.contains("16 quieter lifelines"));
}

#[test]
fn only_what_is_between_chosen_lifelines_is_drawn() {
    // A name stands for one participant or for a whole cluster; the rest is counted, not forgotten.
    let run = scenarios::partition();
    let text = Diagram::of(&run).only_named(["store"]).text();
    assert!(text.contains("store 0") && text.contains("store 2") && !text.contains("ann"), "{text}");
    assert!(text.contains("not drawn: 18 events of other lifelines"), "{text}");
    let same = Diagram::of(&run).only([NodeId(0), NodeId(1), NodeId(2)]).text();
    assert_eq!(text, same);
    assert!(
        !Diagram::of(&run).only_named(["stor"]).text().contains("at the end"),
        "part of a name is no name"
    );
}

#[test]
fn a_window_shows_what_lasts_from_before() {
    // Cut, down and waiting are states: a picture that begins in their midst shows them.
    let cut = Diagram::of(&scenarios::partition()).since(ms(5)).until(ms(8)).svg();
    assert!(cut.contains("cut 0: store 0 | store 1, store 2"), "the cut stands");
    let down = Diagram::of(&scenarios::crash()).since(us(9500)).until(ms(70));
    assert!(down.svg().contains("log 0 is down"));
    assert!(down.svg().contains("read all: Unknown"), "the call that is open is drawn");
    assert!(down.text().lines().any(|line| line.contains("59ms") && line.contains("gives up")));
    let up = Diagram::of(&scenarios::crash()).since(ms(81)).svg();
    assert!(!up.contains("is down"), "what ended before is not drawn");
}

#[test]
fn a_cut_stands_between_its_groups() {
    // One wall for two neighbours, two around what is enclosed, none where groups are mixed: walls would say too much.
    let walls = |groups: &[&[u32]]| {
        let mut run = Recording::of(1, &["a", "b", "c"], &["ann"]);
        run.at(ms(1)).cut(0, "cut", groups);
        let svg = Diagram::of(&run.finish(ms(2))).svg();
        let rule = svg.find("stroke-dasharray:3 5").expect("walls have looks of their own");
        let class =
            svg[..rule].rsplit_once("{").and_then(|(before, _)| before.rsplit_once('.')).expect("a class").1;
        // The legend has one more.
        svg.matches(&format!("class=\"{class}\"")).count() - 1
    };
    assert_eq!(walls(&[&[0], &[1, 2]]), 1);
    assert_eq!(walls(&[&[1]]), 2);
    assert_eq!(walls(&[&[0, 2], &[1]]), 2);
    assert_eq!(walls(&[&[0, 2], &[1, 3]]), 0);
    assert_eq!(walls(&[&[0], &[1], &[2]]), 2);
}

#[test]
fn a_window_leaves_out_what_lies_outside() {
    // Both ends belong to the window.
    let text = Diagram::of(&scenarios::greeting()).since(us(1204)).until(us(1204)).text();
    assert!(text.contains("sends 2") && !text.contains("sends 1"), "{text}");
    assert!(text.contains("3 events before 1.204ms"), "{text}");
    let later = Diagram::of(&scenarios::greeting()).since(Time::ZERO + ms(2)).text();
    assert!(!later.contains("\"hello\"") && later.contains("\"hello yourself\""), "{later}");
}

#[test]
fn timers_disks_and_remarks_can_be_hidden() {
    // Each on its own; a client's patience is no protocol's timer and stays.
    let run = scenarios::troubles();
    assert!(Diagram::of(&run).text().contains("Heartbeat"));
    assert!(!Diagram::of(&run).without_timers().text().contains("Heartbeat"));
    assert!(Diagram::of(&scenarios::lost_reply()).without_timers().text().contains("asks again"));
    assert!(!Diagram::of(&scenarios::crash()).without_disks().text().contains("writes"));
    assert!(!Diagram::of(&run).without_notes().text().contains("seen before"));
}

#[test]
fn messages_without_a_beginning_or_an_end_are_drawn() {
    // The trace may begin after a message was sent, and end before it arrives.
    let mut run = Recording::of(1, &["a", "b"], &[]);
    let first = run.send(0, 1, "old");
    run.at(ms(1)).receive(first);
    run.at(ms(2)).send(1, 0, "new");
    let mut trace = run.finish(ms(3));
    trace.events.remove(0);
    trace.omitted = 1;
    let diagram = Diagram::of(&trace);
    assert!(diagram.text().contains("(sent earlier)"), "{diagram}");
    assert!(diagram.text().contains("sends 2 new (under way)"), "{diagram}");
    assert!(diagram.text().contains("1 earlier event that the trace did not keep"), "{diagram}");
    assert!(diagram.svg().contains("a sends b") || diagram.svg().contains("b receives from a"));
}

#[test]
fn a_pause_ends_when_the_trace_said_so() {
    // The trace records no end of a pause; the picture draws it, and a crash ends it early.
    let paused = |crash: bool| {
        let mut run = Recording::of(1, &["a"], &[]);
        run.at(ms(1)).happens(EventKind::Paused { node: NodeId(0), until: Time::ZERO + ms(5) });
        if crash {
            let reason = "crashes".to_owned();
            run.at(ms(2)).happens(EventKind::Crashed { node: NodeId(0), reason });
        }
        Diagram::of(&run.finish(ms(9))).text()
    };
    let text = paused(false);
    assert!(text.lines().any(|line| line.contains("5ms") && line.contains("goes on")), "{text}");
    assert!(!paused(true).contains("goes on"));
}

#[test]
fn outcomes_differ_by_more_than_colour() {
    // Who does not see the colours reads the words and the shapes.
    let mut run = Recording::of(1, &[], &["ann"]);
    for (outcome, text) in
        [(OutcomeKind::Ok, "Ok(1)"), (OutcomeKind::Fail, "Fail(no)"), (OutcomeKind::Unknown, "Unknown")]
    {
        let call = run.invoke(0, "get");
        run.return_to(0, call, outcome, text);
    }
    run.invoke(0, "get");
    let svg = Diagram::of(&run.finish(ms(1))).svg();
    for text in
        ["Ok(1)", "Fail(no)", ">?<", "call: ok, it happened", "call: failed", "call: unknown", "still waits"]
    {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn a_diagram_prints_itself_shortly_when_debugged() {
    // A cell that shows a tuple of diagrams is not flooded.
    let diagram = Diagram::of(&scenarios::greeting());
    assert_eq!(format!("{diagram:?}"), "Diagram of 2 lifelines and 6 events, seed 42");
    assert_eq!(diagram.to_string(), diagram.text());
}
