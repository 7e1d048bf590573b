//! A judgement as a picture: the operations as intervals, a lane for each caller, and the moments at which they may have taken effect.
//!
//! Every call and every return has a column of its own, in their order: what counts is which came first, not by how much, and a history
//! whose events lie a microsecond or a minute apart is as readable as any other. Times stand below.
//!
//! Colours are those of Okabe and Ito ("Color universal design", 2008), which people of every colour vision tell apart; besides,
//! each meaning has a mark of its own. The picture brings its own background, for dark pages, and no scripts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use netsplit_node::Time;

use super::subject::{Ending, Subject};
use netsplit_figure::markup::escape;

/// What a picture is about; operations are told by their places in the history.
pub(super) struct Scene<'a> {
    pub(super) subject: &'a dyn Subject,
    /// What is drawn.
    pub(super) operations: Vec<usize>,
    /// How many operations of the part are not drawn.
    pub(super) left_out: usize,
    /// The part's key, where there are others.
    pub(super) key: Option<String>,
    /// Orders that explain them, one for each part.
    pub(super) orders: Vec<Vec<usize>>,
    /// What cannot be placed.
    pub(super) accused: Option<usize>,
    /// Why.
    pub(super) because: &'a [usize],
}

const LANE: f64 = 40.0;
const BAR: f64 = 14.0;
const NARROWEST: f64 = 22.0;
const WIDEST: f64 = 60.0;
/// What all columns together may take before they become narrower: most notebooks show that much.
const WIDTH: f64 = 820.0;
/// A letter's width in pixels, at the size of labels.
const LETTER: f64 = 6.1;
const PLAIN: &str = "#56b4e9";
const ACCUSED: &str = "#d55e00";
const REASON: &str = "#e69f00";
const INK: &str = "#1f2328";
const FAINT: &str = "#57606a";

/// One operation, with all that is known of where it stands.
struct Bar {
    operation: usize,
    lane: usize,
    from: f64,
    /// Nothing if it stays open to the end.
    to: Option<f64>,
    label: String,
    point: Option<(f64, usize)>,
}

impl Scene<'_> {
    /// The picture as SVG with a legend below.
    pub(super) fn html(&self) -> String {
        let (bars, lanes, columns) = self.layout();
        let names = lanes.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(24);
        let margin = 16.0 + LETTER * names as f64;
        let column = self.column_width(&bars).min(WIDTH / columns.len() as f64).max(NARROWEST);
        let (width, height) =
            (margin + column * (columns.len() + 1) as f64 + 24.0, LANE * lanes.len() as f64 + 34.0);
        let x = |place: f64| margin + column * (place + 0.5);
        let mut svg = format!(
            "<div style=\"overflow-x:auto;background:#ffffff;border-radius:6px;margin:6px 0\">\
             <svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"the history as intervals\" width=\"{width:.0}\" \
             height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,sans-serif\" font-size=\"11\">\
             <rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>"
        );
        for (lane, name) in lanes.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let y = LANE * lane as f64;
            let _ = write!(
                svg,
                "<line x1=\"0\" x2=\"{width:.0}\" y1=\"{y:.0}\" y2=\"{y:.0}\" stroke=\"#d0d7de\"/>\
                 <text x=\"8\" y=\"{:.0}\" fill=\"{INK}\" font-weight=\"600\">{}</text>",
                y + 29.0,
                escape(&shortened(name, 24))
            );
        }
        for (index, bar) in bars.iter().enumerate() {
            let next = bars[index + 1..].iter().find(|next| next.lane == bar.lane);
            let room = next.map_or(width, |next| x(next.from)) - x(bar.from);
            self.draw(&mut svg, bar, &x, room, width);
        }
        draw_times(&mut svg, &columns, &x, height);
        let _ = write!(svg, "</svg></div>{}", self.legend());
        svg
    }

    fn draw(&self, svg: &mut String, bar: &Bar, x: &dyn Fn(f64) -> f64, room: f64, width: f64) {
        let (top, from) = (LANE * bar.lane as f64 + 18.0, x(bar.from));
        let to = bar.to.map_or(width - 4.0, x);
        let (colour, mark) = match bar.operation {
            operation if self.accused == Some(operation) => (ACCUSED, "✗ "),
            operation if self.because.contains(&operation) => (REASON, "▲ "),
            _ => (PLAIN, ""),
        };
        let dashes = if bar.to.is_none() { " stroke-dasharray=\"4 3\"" } else { "" };
        let letters = ((room - 4.0) / LETTER).max(1.0) as usize;
        let _ = write!(
            svg,
            "<g><title>{}</title><rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"3\" fill=\"{colour}\" \
             fill-opacity=\"{}\" stroke=\"{colour}\" stroke-width=\"1.5\"{dashes}/>\
             <text x=\"{from:.1}\" y=\"{:.1}\" fill=\"{INK}\"{}>{}</text>",
            escape(&self.told_in_full(bar.operation)),
            (to - from).max(2.0),
            if bar.to.is_none() { "0.15" } else { "0.45" },
            top - 4.0,
            if mark.is_empty() { "" } else { " font-weight=\"600\"" },
            escape(&shortened(&format!("{mark}{}", bar.label), letters)),
        );
        if let Some((place, number)) = bar.point {
            let (x, y) = (x(place), top + BAR / 2.0);
            let _ = write!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\" fill=\"{INK}\"/><text x=\"{x:.1}\" y=\"{:.1}\" fill=\"#ffffff\" \
                 font-size=\"9\" text-anchor=\"middle\">{number}</text>",
                y + 3.0
            );
        }
        svg.push_str("</g>");
    }

    /// Bars in the order of their calls, the lanes' names (a lane that continues the one above has none), and each column's time.
    fn layout(&self) -> (Vec<Bar>, Vec<String>, Vec<Time>) {
        let mut events = Vec::new();
        for &operation in &self.operations {
            let facts = self.subject.facts(operation);
            events.push((facts.invoked, false, operation));
            if facts.ending == Ending::Ok {
                events.push((facts.returned.unwrap_or(Time::MAX).max(facts.invoked), true, operation));
            }
        }
        events.sort();
        let mut places: BTreeMap<usize, (f64, Option<f64>)> = BTreeMap::new();
        for (place, &(_, is_return, operation)) in events.iter().enumerate() {
            match places.get_mut(&operation) {
                Some(known) if is_return => known.1 = Some(place as f64),
                _ => drop(places.insert(operation, (place as f64, None))),
            }
        }
        let points = self.points(&places);
        let (rows, lanes) = self.lanes(&places);
        let mut bars: Vec<Bar> = places
            .iter()
            .map(|(&operation, &(from, to))| Bar {
                operation,
                lane: rows[&operation],
                from,
                to,
                label: self.subject.words(operation),
                point: points.get(&operation).copied(),
            })
            .collect();
        bars.sort_by(|one, other| one.from.total_cmp(&other.from));
        (bars, lanes, events.iter().map(|&(time, ..)| time).collect())
    }

    /// For each operation that an order places: when, and as which. Each is as early as the order allows: after the calls of all before it,
    /// and between two events.
    fn points(&self, places: &BTreeMap<usize, (f64, Option<f64>)>) -> BTreeMap<usize, (f64, usize)> {
        let mut points = BTreeMap::new();
        for order in &self.orders {
            let drawn: Vec<usize> =
                order.iter().copied().filter(|operation| places.contains_key(operation)).collect();
            let mut earliest = 0.0_f64;
            let moments: Vec<f64> = drawn
                .iter()
                .map(|operation| {
                    earliest = earliest.max(places[operation].0);
                    earliest
                })
                .collect();
            for (number, (&operation, &moment)) in drawn.iter().zip(&moments).enumerate() {
                let together = moments.iter().filter(|&&other| other == moment).count();
                let before = moments[..number].iter().filter(|&&other| other == moment).count();
                let offset = (before + 1) as f64 / (together + 1) as f64;
                points.insert(operation, (moment + offset, number + 1));
            }
        }
        points
    }

    /// A lane for each caller, or several where its operations overlap.
    fn lanes(&self, places: &BTreeMap<usize, (f64, Option<f64>)>) -> (BTreeMap<usize, usize>, Vec<String>) {
        let mut callers: BTreeMap<(u32, &str), Vec<usize>> = BTreeMap::new();
        for &operation in places.keys() {
            let facts = self.subject.facts(operation);
            callers.entry((facts.caller, facts.caller_name)).or_default().push(operation);
        }
        let mut callers: Vec<((u32, &str), Vec<usize>)> = callers.into_iter().collect();
        for (_, operations) in &mut callers {
            operations.sort_by(|one, other| places[one].0.total_cmp(&places[other].0));
        }
        callers.sort_by(|(_, one), (_, other)| places[&one[0]].0.total_cmp(&places[&other[0]].0));
        let (mut rows, mut names) = (BTreeMap::new(), Vec::new());
        for ((_, name), operations) in callers {
            let first = names.len();
            let mut free: Vec<f64> = Vec::new();
            for operation in operations {
                let (from, to) = places[&operation];
                let row = free.iter().position(|&free| free < from).unwrap_or(free.len());
                if row == free.len() {
                    free.push(0.0);
                    names.push(if row == 0 { name.to_owned() } else { String::new() });
                }
                free[row] = to.unwrap_or(f64::INFINITY);
                rows.insert(operation, first + row);
            }
        }
        (rows, names)
    }

    /// Wide enough for most labels, within reason.
    fn column_width(&self, bars: &[Bar]) -> f64 {
        let wanted = bars.iter().map(|bar| {
            let columns = bar.to.map_or(3.0, |to| to - bar.from);
            LETTER * (bar.label.chars().count() + 4).min(40) as f64 / columns
        });
        wanted.fold(NARROWEST, f64::max).min(WIDEST)
    }

    /// "ann's put x = 1, 0s to 3ms".
    fn told_in_full(&self, operation: usize) -> String {
        super::sentences::whose_and_when(self.subject, operation)
    }

    fn legend(&self) -> String {
        let drawn: BTreeSet<Ending> =
            self.operations.iter().map(|&operation| self.subject.facts(operation).ending).collect();
        let mut parts =
            vec!["<b>●</b> when an operation may have taken effect, numbered in their order".to_owned()];
        if self.accused.is_some() {
            parts.push(format!("<b style=\"color:{ACCUSED}\">✗</b> has no place in any order"));
        }
        if !self.because.is_empty() {
            parts.push("<b>▲</b> leaves no room for it".to_owned());
        }
        if drawn.contains(&Ending::Open) {
            parts.push("dashed: nobody knows how it ended".to_owned());
        }
        if self.left_out > 0 {
            parts.push(format!("{} more are not drawn", self.left_out));
        }
        if let Some(key) = &self.key {
            parts.insert(0, format!("part <b>{}</b>", escape(&shortened(key, 40))));
        }
        format!("<div style=\"color:{FAINT};font-size:12px\">{}</div>", parts.join(" · "))
    }
}

/// Times below the columns, as many as there is room for.
fn draw_times(svg: &mut String, columns: &[Time], x: &dyn Fn(f64) -> f64, height: f64) {
    let mut free = f64::NEG_INFINITY;
    for (place, time) in columns.iter().enumerate() {
        let (text, at) = (time.to_string(), x(place as f64));
        let half = LETTER * text.chars().count() as f64 / 2.0;
        let is_new = place == 0 || columns[place - 1] != *time;
        let _ = write!(
            svg,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.0}\" y2=\"{:.0}\" stroke=\"{FAINT}\"/>",
            height - 24.0,
            height - 19.0
        );
        if is_new && at - half > free {
            let y = height - 8.0;
            let _ = write!(
                svg,
                "<text x=\"{at:.1}\" y=\"{y:.0}\" fill=\"{FAINT}\" font-size=\"10\" text-anchor=\"middle\">{text}</text>"
            );
            free = at + half + 4.0;
        }
    }
}

fn shortened(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}
