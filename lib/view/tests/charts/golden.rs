//! Charts compared with the files in `tests/golden`, and held to what every picture keeps to.
//!
//! After a wanted change: `UPDATE_GOLDEN=1 cargo test -p netsplit-view --test charts`, then look at every file that changed.

use netsplit_view::Chart;

use crate::compare::compare;
use crate::{gallery, xml};

#[test]
fn charts_are_as_they_were_looked_at() {
    // A picture changes only on purpose; every difference is shown, not the first alone.
    let differences: Vec<String> = gallery::all()
        .into_iter()
        .flat_map(|(name, chart)| {
            let (svg, text) = (chart.svg(), chart.text() + "\n");
            [compare(&format!("chart-{name}.svg"), &svg), compare(&format!("chart-{name}.txt"), &text)]
        })
        .filter_map(Result::err)
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_chart_is_well_formed_and_self_contained() {
    // No script, reference or id: a picture cannot act, load anything, or touch its neighbours on the page. Its label says what it is.
    let known = ["svg", "title", "style", "g", "rect", "line", "path", "circle", "text"];
    for (name, chart) in gallery::all() {
        let content = xml::read(&chart.svg()).unwrap_or_else(|error| panic!("{name}: {error}"));
        for element in &content.elements {
            assert!(known.contains(&element.as_str()), "{name}: <{element}>");
        }
        for (attribute, value) in &content.attributes {
            assert!(!attribute.starts_with("on") && !["id", "href", "style"].contains(&attribute.as_str()));
            assert!(!value.contains("url("), "{name}: {attribute}={value}");
        }
        let label = content.attributes.iter().find(|(name, _)| name == "aria-label").map(|(_, value)| value);
        assert!(label.is_some_and(|label| label.len() > 20), "{name}: {label:?}");
        let sheet = content.texts.iter().find(|text| text.contains("prefers-color-scheme"));
        assert!(sheet.is_some_and(|sheet| !sheet.contains("@import")), "{name}");
    }
}

#[test]
fn everything_stays_inside_the_frame() {
    // Every coordinate lies on the page, at every width: those of attributes, and the first of each part of a path.
    for (name, chart) in gallery::all() {
        for width in [320, 800, 1400] {
            let content = xml::read(&chart.clone().width(width).svg()).expect("well-formed");
            let of = |wanted: &str| -> Vec<i32> {
                let of = content.attributes.iter().filter(|(name, _)| name == wanted);
                of.filter_map(|(_, value)| value.parse().ok()).collect()
            };
            let (width, height) = (of("width")[0], of("height")[0]);
            let paths =
                content.attributes.iter().filter(|(name, _)| name == "d").flat_map(|(_, path)| begins(path));
            let places: Vec<(i32, i32)> = of("x").into_iter().zip(of("y")).chain(paths).collect();
            assert!(!places.is_empty());
            for (x, y) in places {
                assert!(
                    (0..=width).contains(&x) && (0..=height).contains(&y),
                    "{name}: ({x}, {y}) on {width} by {height}"
                );
            }
        }
    }
}

/// Where the parts of a path begin: "M3 4l1 1M5 6h0" begins at (3, 4) and (5, 6).
fn begins(path: &str) -> Vec<(i32, i32)> {
    let parts = path.split('M').skip(1);
    parts
        .map(|part| {
            let numbers = part.split(|letter: char| letter.is_alphabetic()).next().unwrap_or_default();
            let (x, y) = numbers.split_once(' ').expect("two numbers");
            (x.parse().expect("a number"), y.parse().expect("a number"))
        })
        .collect()
}

#[test]
fn equal_data_give_equal_bytes() {
    // A stored picture differs from a fresh one only if the data do.
    for ((name, one), (_, other)) in gallery::all().into_iter().zip(gallery::all()) {
        assert_eq!(one.figure(), other.figure(), "{name}");
        assert_eq!(one.html(), other.html(), "{name}");
    }
}

#[test]
fn text_is_at_most_110_columns_wide() {
    // Terminals and logs break what is wider.
    for (name, chart) in gallery::all() {
        for line in chart.text().lines() {
            assert!(line.chars().count() <= 110, "{name}: {} columns: {line}", line.chars().count());
            assert!(!line.chars().any(char::is_control), "{name}: {line:?}");
        }
        assert!(chart.text().lines().count() <= 60, "{name}");
    }
}

#[test]
fn odd_texts_are_shown_and_never_executed() {
    // A title, a series, a name, a span and a note of a user may say anything, on the page too.
    let odd = "</title><script>alert(1)</script>\u{202e}\n\"'&";
    let chart = Chart::new(odd).x(odd).y(odd).bars(odd, [(odd, 1), ("b", 2)]).note(odd);
    let timed = Chart::new(odd).line(odd, [(1, 1), (2, 2)]).span(odd, 1, 2);
    for chart in [chart, timed] {
        let content = xml::read(&chart.svg()).expect("well-formed");
        assert!(!content.elements.contains(&"script".to_owned()));
        assert!(content.texts.iter().any(|text| text.contains("<script>alert(1)</script>\\u{202e}↵\"'&")));
        assert_eq!(
            chart.html().matches("</script").count(),
            2,
            "the data and the script of the figure alone"
        );
        assert!(!chart.text().contains('\u{202e}'));
    }
}
