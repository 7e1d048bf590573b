//! What scripts are told: every number leads somewhere, nothing of a text can act, and no run makes a page without end.

mod compare;
#[allow(dead_code, reason = "each test binary uses its part of this")]
mod scenarios;
mod xml;

use netsplit_node::json::Json;
use netsplit_node::trace::{EventId, EventKind, Participant, StateAfter};
use netsplit_node::{Inspection, NodeId, Time, Trace, ms};
use netsplit_view::{ClockView, ClusterView, Diagram, FileView, Health, InFlight, MemberView};

/// The data in a page's figure.
fn data(html: &str) -> Json {
    let text = html.split("<script type=\"application/json\">").nth(1).expect("there are data");
    text.split("</script>").next().expect("they end").replace("<\\/", "</").parse().expect("they are JSON")
}

fn list(json: &Json) -> &[Json] {
    match json {
        Json::List(values) => values,
        other => panic!("expected a list, found {other}"),
    }
}

fn number(json: &Json) -> Option<usize> {
    match json {
        Json::Number(value) => Some(*value as usize),
        Json::Null => None,
        other => panic!("expected a number, found {other}"),
    }
}

fn field<'a>(data: &'a Json, name: &str) -> &'a [Json] {
    list(data.get(name).unwrap_or_else(|| panic!("no {name}")))
}

#[test]
fn every_number_leads_somewhere() {
    // Of items, messages, calls and cuts; and each tag in the picture has its entry.
    for run in [
        scenarios::partition(),
        scenarios::crash(),
        scenarios::troubles(),
        scenarios::lost_reply(),
        scenarios::long(5, 400),
    ] {
        let diagram = Diagram::of(&run).at_most(1000);
        let data = data(&diagram.html());
        let (items, columns) = (field(&data, "items").len(), field(&data, "columns").len());
        for item in field(&data, "items") {
            let item = list(item);
            assert!(number(&item[1]).is_none_or(|column| column < columns));
            assert!(number(&item[5]).is_none_or(|cause| cause < items));
        }
        for message in field(&data, "messages") {
            let message = list(message);
            assert!(
                number(&message[0]).zip(number(&message[1])).is_some_and(|(from, to)| from.max(to) < columns)
            );
            let ends = [&message[3], &message[5]].into_iter().chain(list(&message[4]));
            assert!(ends.filter_map(number).all(|end| end < items));
        }
        for (tag, name) in [
            ("m", "messages"),
            ("o", "calls"),
            ("i", "items"),
            ("w", "walls"),
            ("x", "outages"),
            ("c", "columns"),
        ] {
            let sign = format!(" data-{tag}=\"");
            let (svg, count) = (diagram.svg(), field(&data, name).len());
            let tagged =
                svg.split(sign.as_str()).skip(1).map(|rest| rest.split('"').next().expect("a quote"));
            assert!(
                tagged.map(|number| number.parse::<usize>().expect("a number")).all(|number| number < count),
                "{tag}"
            );
        }
    }
}

/// A run with states: after each event of a node, how many it has had.
fn with_states(mut run: Trace) -> Trace {
    let mut had = vec![0; run.lifelines.len()];
    for event in &run.events {
        let Some(node) =
            event.kind.place().filter(|id| run.lifelines[id.0 as usize].kind == Participant::Node)
        else {
            continue;
        };
        had[node.0 as usize] += 1;
        let state =
            Inspection::new().role("store").field("events", had[node.0 as usize]).field("log", ["a", "b"]);
        run.states.push(StateAfter { event: event.id, node, state });
    }
    run
}

#[test]
fn states_tell_what_is_new() {
    // The first of a node tells all rows, the next ones those that changed.
    let data = data(&Diagram::of(&with_states(scenarios::partition())).html());
    let names: Vec<String> =
        field(&data, "rows").iter().filter_map(|name| name.text().map(str::to_owned)).collect();
    assert_eq!(names, ["events", "log[0]", "log[1]"]);
    let mut seen = [0; 3];
    for state in field(&data, "states") {
        let state = list(state);
        let (column, Json::Object(changed)) = (number(&state[1]).expect("a column"), &state[3]) else {
            panic!("{state:?}")
        };
        assert_eq!(changed.len(), if seen[column] == 0 { 3 } else { 1 }, "{changed:?}");
        seen[column] += 1;
        assert_eq!(changed[0].1.text(), Some(seen[column].to_string().as_str()));
    }
    assert!(seen.iter().all(|count| *count >= 2), "{seen:?}");
}

#[test]
fn a_player_has_a_place_for_everybody_and_a_cell_for_every_value() {
    // The picture that is filled in has a tag for each member and each row of each node.
    let html = Diagram::of(&with_states(scenarios::partition())).player().html();
    let data = data(&html);
    let cluster = data.get("cluster").expect("there is a cluster");
    let svg = cluster.get("svg").and_then(Json::text).expect("a picture");
    xml::read(svg).expect("well-formed");
    assert_eq!(field(cluster, "places").len(), 5);
    for tag in ["p\"0", "p\"4", "h\"2", "k\"2", "r\"8", "z\"4"] {
        let (name, value) = tag.split_once('"').expect("a quote");
        assert!(svg.contains(&format!("data-{name}=\"{value}\"")), "{tag}");
    }
}

#[test]
fn no_text_acts_in_a_page() {
    // Of a message, a state, a name: the data's own end is the only one.
    let mut run = with_states(scenarios::odd_text());
    run.lifelines[0].name = "</script><img onerror=x>".to_owned();
    for html in
        [Diagram::of(&run).html(), Diagram::of(&run).player().html(), Diagram::of(&run).at_most(3).html()]
    {
        assert_eq!(html.matches("</script").count(), 2, "the data's and the script's");
        assert!(!html.split("<script").next().expect("a beginning").contains("onerror=x>\""));
    }
}

#[test]
fn a_long_run_is_bounded_and_says_what_is_left_out() {
    // A quarter of a million events with texts of their own: one page of less than 2 MB, with what was not told.
    let mut run = scenarios::long(9, 250_000);
    for event in &mut run.events {
        if let EventKind::Sent { text, .. } = &mut event.kind {
            *text = format!("{text} {:0>200}", event.id.0);
        }
    }
    let forms = Diagram::of(&run).forms();
    let bytes: usize = forms.iter().map(|(_, content)| content.len()).sum();
    assert!(bytes < 2_000_000, "{bytes}");
    let data = data(&forms[0].1);
    let overview = data.get("overview").expect("an overview");
    let (told, messages) = (overview.get("told").and_then(number), overview.get("messages").and_then(number));
    assert!(told > Some(10_000) && told < messages, "{told:?} of {messages:?}");
    assert_eq!(overview.get("events").and_then(number), Some(run.events.len()));
}

#[test]
fn crashes_of_a_long_run_are_all_in_the_overview() {
    // Also those that the picture of the first events does not show, as marks and as times of being down.
    let mut run = scenarios::long(3, 5000);
    let (third, middle) = (run.events.len() / 3, run.events.len() / 2);
    for (place, kind) in [
        (third, EventKind::Crashed { node: NodeId(1), reason: "crashed".into() }),
        (middle, EventKind::Started { node: NodeId(1), again: true }),
    ] {
        run.events[place].kind = kind;
    }
    let data = data(&Diagram::of(&run).at_most(50).html());
    let overview = data.get("overview").expect("an overview");
    let kinds: Vec<&str> = field(overview, "marks").iter().filter_map(|mark| list(mark)[2].text()).collect();
    assert_eq!(kinds, ["x", "g"]);
    assert_eq!(field(overview, "spans").len(), 1, "it is up again to the end");
    let down = list(&field(overview, "spans")[0]);
    let nanos = |place: usize| Some(run.events[place].time.as_nanos() as usize);
    assert_eq!((number(&down[2]), number(&down[3])), (nanos(third), nanos(middle)));
}

#[test]
fn the_last_events_stand_below_an_overview_of_the_whole_run() {
    // Of a short run everything is drawn, and there is nothing to look over.
    let run = scenarios::long(3, 5000);
    let middle = run.events[run.events.len() / 2].time;
    let diagram = Diagram::of(&run).until(middle).last(50);
    let data_of = |diagram: &Diagram| data(&diagram.html());
    let overview = data_of(&diagram);
    let seen = run.events.iter().filter(|event| event.time <= middle).count();
    assert_eq!(overview.get("overview").and_then(|it| it.get("events")).and_then(number), Some(seen));
    assert_eq!(overview.get("detail").and_then(|it| it.text()), Some("last"));
    let end = run.events[seen - 1].time.to_string();
    assert!(diagram.text().contains(&end), "{end} is not in\n{}", diagram.text());
    let short = Diagram::of(&scenarios::long(3, 20)).last(200);
    assert!(data_of(&short).get("overview").is_none());
}

/// Two replicas and a client at a moment at which much is wrong.
fn moment() -> ClusterView {
    let state = |x: i32| {
        Inspection::new()
            .role(if x == 2 { "leader" } else { "follower" })
            .field("x", x)
            .field("log", ["put", "<b>"])
    };
    let node = |id: u32, x: i32| MemberView {
        state: Some(state(x)),
        ..MemberView::new(NodeId(id), format!("store {id}"), Participant::Node)
    };
    let mut members =
        vec![node(0, 2), node(1, 1), node(2, 1), MemberView::new(NodeId(3), "</ann>", Participant::Client)];
    members[0].files = vec![FileView { name: "wal".into(), bytes: 40, synced: Some(12), is_synced: false }];
    members[1].clock = Some(ClockView { shows: Time::ZERO + ms(9), ahead: ms(2), bound: Some(ms(5)) });
    members[2].health = Health::Down;
    let message = |from, to, text: &str| InFlight {
        from: NodeId(from),
        to: NodeId(to),
        cargo: netsplit_node::trace::Cargo::Message,
        text: text.into(),
        arrives: Time::ZERO + ms(8),
    };
    ClusterView {
        members,
        severed: vec![(NodeId(0), NodeId(1)), (NodeId(1), NodeId(0)), (NodeId(0), NodeId(2))],
        in_flight: vec![message(0, 1, "Copy <i>"), message(1, 2, "Vote")],
        remarks: vec!["rule 0: loses 20% of all traffic".into()],
        ..ClusterView::at(Time::ZERO + ms(7), 42)
    }
}

#[test]
fn a_moment_shows_what_is_wrong_with_it() {
    // In letters and as a picture: roles, what differs, who is down, what is cut, under way, not synced, off.
    let view = moment();
    let text = view.text();
    for part in [
        "≠ x",
        "store 2 (down)",
        "cut: store 0 does not reach store 1, store 2",
        "under way: store 0 -> store 1: Copy <i>",
        "40 B, 12 B synced",
        "+2ms, within ±5ms",
        "rule 0: loses 20%",
        "leader",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(text.lines().all(|line| netsplit_figure::measure::cells(line) <= 110));
    let content = xml::read(&view.svg()).expect("well-formed");
    for part in ["≠ x", "leader", "40 B, 12 B synced", "2 messages under way", "store 2 (down)", "<b>"] {
        assert!(content.texts.iter().any(|shown| shown.contains(part)), "{part}");
    }
    assert!(view.clone().only([NodeId(0), NodeId(2)]).text().contains("does not reach store 2"));
    assert!(!view.only([NodeId(1)]).text().contains("cut"));
}

#[test]
fn a_moment_is_as_it_was_looked_at() {
    // `UPDATE_GOLDEN=1` takes it anew.
    for (name, content) in [("moment.svg", moment().svg()), ("moment.txt", moment().text())] {
        compare::compare(name, &content).unwrap_or_else(|difference| panic!("{difference}"));
    }
}

#[test]
fn a_moment_of_nobody_and_of_many_has_a_picture() {
    // Forty nodes with a hundred rows each are counted where they are not shown.
    xml::read(&ClusterView::at(Time::ZERO, 1).svg()).expect("well-formed");
    let rows = (0..100).fold(Inspection::new(), |seen, row| seen.field(&format!("row{row}"), row));
    let member = |id| MemberView {
        state: Some(rows.clone()),
        ..MemberView::new(NodeId(id), format!("node {id}"), Participant::Node)
    };
    let view = ClusterView { members: (0..40).map(member).collect(), ..ClusterView::at(Time::ZERO, 1) };
    let content = xml::read(&view.svg()).expect("well-formed");
    assert!(content.texts.iter().any(|text| text.contains("76 more rows")));
    assert!(content.texts.iter().any(|text| text.contains("28 more nodes")));
    assert!(view.text().lines().count() < 40);
}

#[test]
fn equal_moments_give_equal_bytes() {
    // A stored picture changes only if what it shows does; an event that nobody has does not disturb it.
    assert_eq!(moment().svg(), moment().svg());
    let mut run = with_states(scenarios::partition());
    run.states.push(StateAfter { event: EventId(9999), node: NodeId(0), state: Inspection::new() });
    assert_eq!(Diagram::of(&run).html(), Diagram::of(&with_states(scenarios::partition())).html());
}
