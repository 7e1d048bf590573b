//! Pictures compared with the files in `tests/golden`, which were looked at.
//!
//! After a wanted change: `UPDATE_GOLDEN=1 cargo test -p netsplit-check --test pictures`, then look at every file that changed.

use std::fs;

use netsplit_check::Timelines;
use netsplit_node::ms;

use crate::scenarios;

/// Every golden picture: its name, the SVG, the text.
fn gallery() -> Vec<(&'static str, String, String)> {
    let verdict = |verdict: netsplit_check::Verdict| {
        let picture = verdict.pictures().first().expect("a picture");
        (picture.svg.clone(), picture.text.clone())
    };
    let timeline = |timeline: netsplit_check::Timeline| (timeline.svg(), timeline.text());
    let many = scenarios::many(60).history();
    [
        ("outcomes", timeline(scenarios::outcomes())),
        ("by-time", timeline(scenarios::outcomes().by_time())),
        ("holds", verdict(scenarios::judged(scenarios::timed_out()))),
        ("violated", verdict(scenarios::violated())),
        ("partition", verdict(scenarios::partition())),
        ("double-effect", verdict(scenarios::double_effect())),
        ("reached", timeline(scenarios::reached())),
        ("parts", verdict(scenarios::parts())),
        ("own-order", timeline(scenarios::without_real_time())),
        ("odd-text", timeline(scenarios::odd_text())),
        ("window", timeline(many.timeline().since(ms(70)).until(ms(200)).at_most(18))),
    ]
    .map(|(name, (svg, text))| (name, svg, text))
    .into()
}

fn compare(name: &str, actual: &str) -> Option<String> {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let differs = |(was, is): &(&str, &str)| was != is;
    match expected.lines().zip(actual.lines()).find(differs) {
        Some((was, is)) => Some(format!("{name}:\n  was {was}\n  is  {is}")),
        None => (expected != actual).then(|| format!("{name}: one ends before the other")),
    }
}

#[test]
fn pictures_are_as_they_were_looked_at() {
    // A picture changes only on purpose; every difference is shown, not the first alone.
    let differences: Vec<String> = gallery()
        .into_iter()
        .flat_map(|(name, svg, text)| {
            [compare(&format!("{name}.svg"), &svg), compare(&format!("{name}.txt"), &text)]
        })
        .chain([compare("verdict.txt", &format!("{}\n", scenarios::violated()))])
        .flatten()
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_picture_is_xml_and_every_text_fits() {
    // A parser that takes nothing for granted reads each picture; no line of a text is wider than a screen.
    for (name, svg, text) in gallery() {
        let content = crate::xml::read(&svg).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(content.elements.len() > 10, "{name}");
        for line in text.lines() {
            assert!(netsplit_figure::measure::cells(line) <= 110, "{name}: {line}");
        }
    }
}
