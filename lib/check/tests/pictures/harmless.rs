//! Nothing that a user wrote becomes markup, and nothing that a history holds makes a page too large.

use netsplit_check::{Check, Timelines, by_hand, linearizable, spec};
use netsplit_node::{KeyValueResponse, Operation, Value, ms};

use crate::scenarios::{self, get, many, value};
use crate::xml;

/// A page without its scripts, which must all be our own, and without its images, which are data within an attribute.
fn markup_of(html: &str) -> String {
    let mut rest = html.to_owned();
    while let Some(from) = rest.find("<script") {
        let length = rest[from..].find("</script>").expect("a script ends") + "</script>".len();
        let script = &rest[from..from + length];
        let is_data = script.starts_with("<script type=\"application/json\">{\"other\":");
        let is_ours = script.starts_with("<script>(()=>{\n") && script.ends_with("})()</script>");
        assert!(is_data || is_ours, "{script:.200}");
        rest.replace_range(from..from + length, "");
    }
    while let Some(from) = rest.find("<img alt=\"") {
        // No attribute holds a quote, so an even number of them comes before the end of the tag.
        let length = rest[from..].find("\">").expect("an image ends") + 2;
        assert_eq!(
            rest[from..from + length].matches('"').count(),
            4,
            "an image with a picture's words and data"
        );
        rest.replace_range(from..from + length, "");
    }
    rest
}

/// Each tag that is opened is closed, in order, and there is none but ours.
fn must_be_harmless(html: &str) {
    let mut open = Vec::new();
    for tag in markup_of(html).split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("it has a name").to_owned();
        assert!(["div", "span", "b", "ul", "li"].contains(&name.as_str()), "{name}");
        assert!(!tag.contains(" on"), "a handler: {tag}");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
        } else {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

#[test]
fn texts_of_users_are_no_markup() {
    // Callers, keys, values, reasons and faults may be called anything, in every form.
    let timeline = scenarios::odd_text();
    let content = xml::read(&timeline.svg()).expect("well-formed");
    assert!(!content.elements.iter().any(|name| ["script", "b", "img"].contains(&name.as_str())));
    assert!(content.texts.iter().any(|text| text.contains("<script>alert('x')</script>")));
    must_be_harmless(&timeline.html());
    assert!(!timeline.text().lines().any(|line| line == "EVCXR_END_CONTENT"), "{timeline}");
    let key = "<script>alert('x')</script>\"&\u{202e}";
    let mut history = many(0);
    for number in 0..60 {
        let during = number * 10..number * 10 + 5;
        history = history.ok("<b>", during, scenarios::put(key, number.into()), KeyValueResponse::Stored);
    }
    let read = KeyValueResponse::Value(Some(Value::from("</text>\n")));
    let history =
        history.ok("</svg>", 700..705, get(key), read).ok("bob", 700..705, get("other"), value(None));
    let verdict = history.history().check(linearizable(spec::KeyValue));
    assert_eq!(verdict.violations().len(), 1);
    must_be_harmless(&verdict.html());
    let svg = &verdict.pictures()[0].svg;
    xml::read(svg).expect("well-formed");
    assert!(svg.contains("other operations") && svg.contains("in part &lt;script&gt;"), "{svg}");
    assert!(verdict.to_string().lines().count() < 20, "{verdict}");
}

#[test]
fn a_long_history_is_bounded() {
    // A hundred thousand operations are a page of at most a megabyte, which says what it left out and how to see it.
    let thousand = many(1_000).history();
    let mut history = thousand.clone();
    for round in 1..100 {
        let by = ms(round * 4_000);
        history.operations.extend(thousand.iter().map(|operation| Operation {
            invoked: operation.invoked + by,
            returned: operation.returned.map(|end| end + by),
            ..operation.clone()
        }));
    }
    let timeline = history.timeline();
    let html = timeline.html();
    assert!(html.len() <= 1_000_000, "{} bytes", html.len());
    assert!(timeline.svg().contains("not drawn: 99800 operations from"), "{}", timeline.text());
    assert!(timeline.text().lines().count() < 200);
    let later = timeline.since(ms(390_000)).svg();
    assert!(later.contains("earlier operations") && later.contains("client 4"), "{later:.400}");
}

#[test]
fn long_requests_are_bounded_too() {
    // Texts of any length, of letters that take the most room there is, leave a page of a megabyte.
    let text = "<\"'&>".repeat(100);
    let mut history = by_hand("store");
    for number in 0..1_000 {
        history = history.fail("ann", number * 2..number * 2 + 1, text.as_str(), &text);
    }
    let timeline =
        history.ok("bob", 0..1, "b", ()).disturbed(0..9, &text).history().timeline().at_most(1_000);
    let html = timeline.html();
    assert!((400_000..=1_000_000).contains(&html.len()), "{} bytes", html.len());
    assert!(timeline.svg().contains("not drawn: "), "what is left out is counted");
}

#[test]
fn an_empty_history_has_a_picture() {
    // Nothing was asked: no panic, no script, a sentence.
    let figure = many(0).history().timeline().figure();
    xml::read(&figure.svg).expect("well-formed");
    assert!(figure.live.is_none() && figure.svg.contains("0 operations of 0 callers"), "{}", figure.svg);
}

#[test]
fn what_a_front_end_without_pictures_shows_is_whole() {
    // The card without its image still says the verdict, and the picture's text says who could not be placed.
    let verdict = scenarios::violated();
    assert!(verdict.html().contains("eve&#39;s read found 1, after"));
    assert!(verdict.pictures()[0].text.contains("X: read found 1"), "{}", verdict.pictures()[0].text);
}
