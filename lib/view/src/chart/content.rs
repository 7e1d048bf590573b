//! What of a chart can be drawn, on which axes, and what is said about the rest.

use std::collections::BTreeSet;

use super::axis::{Axis, Room, Scale};
use super::looks::Look;
use super::pen::Finish;
use super::quantity::{Place, Unit};
use super::{Chart, Series, Shape};
use netsplit_figure::measure::cut;

/// So many series are drawn; more could not be told apart.
const MOST_SERIES: usize = 12;
/// So many things stand beside each other.
const MOST_NAMES: usize = 60;
/// So many notes are shown.
const MOST_NOTES: usize = 8;
/// Numbers beyond this have no place on an axis whose ends are numbers.
const LARGEST: f64 = 1e300;

/// A chart, ready to be drawn.
pub(crate) struct Content {
    pub title: String,
    pub width: u32,
    pub x_label: String,
    pub y_label: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Shown>,
    pub spans: Vec<Stretch>,
    pub notes: Vec<String>,
}

/// A series of which every number has a place; a gap is no height.
pub(crate) struct Shown {
    pub name: String,
    pub shape: Shape,
    pub look: Look,
    pub entry: usize,
    pub has_entry: bool,
    pub points: Vec<(f64, Option<Height>)>,
}

impl Shown {
    /// What plotters does not know of its look: grounds let through what is behind them, and have no dashes.
    pub fn finish(&self) -> Finish {
        match self.shape {
            Shape::Band => Finish { dash: "", cover: 20 },
            Shape::Ranges => Finish { dash: "", cover: 35 },
            _ => Finish { dash: self.look.dash, cover: 0 },
        }
    }
}

/// A height, or the two edges of a band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Height {
    pub low: f64,
    pub high: f64,
}

/// A stretch of the horizontal axis.
pub(crate) struct Stretch {
    pub label: String,
    pub from: f64,
    pub to: f64,
}

impl Content {
    pub fn of(chart: &Chart) -> Content {
        let mut notes = chart.notes.clone();
        let names = names_of(chart, &mut notes);
        let x_unit = unit_of(
            chart.x.unit,
            chart.series.iter().flat_map(|it| it.points.iter().find_map(|it| unit(&it.at))),
        );
        let y_unit = unit_of(chart.y.unit, drawn(chart).map(|series| series.unit));
        let mut series = Vec::new();
        for one in drawn(chart) {
            let reader = Reader { chart, names: &names, x_unit, y_unit };
            series.extend(reader.read(one, &mut notes));
        }
        let left_out = chart.series.iter().filter(|it| it.has_entry).count().saturating_sub(MOST_SERIES);
        if left_out > 0 {
            notes.push(format!("{left_out} more series not drawn: a chart shows {MOST_SERIES}"));
        }
        let room = |bars: Room| {
            if series.iter().any(|it: &Shown| it.shape == Shape::Bars) { bars } else { Room::Heights }
        };
        let x = if names.is_empty() {
            let values = series.iter().flat_map(|it| it.points.iter().map(|(x, _)| *x));
            let mut x = Axis::covering(values, x_unit, chart.x.scale, Room::Tight);
            if series.iter().any(|it| it.shape == Shape::Bars) {
                widen_for_bars(&mut x, &series);
            }
            x
        } else {
            Axis::of_names(names.clone())
        };
        let heights = series.iter().flat_map(|it| it.points.iter().filter_map(|(_, height)| *height));
        let heights = heights.flat_map(|height| [height.low, height.high]);
        let y = Axis::covering(heights, y_unit, chart.y.scale, room(Room::Bars));
        let spans = stretches(chart, &x, &mut notes);
        shorten(&mut notes);
        let (x_label, y_label) = (cut(&chart.x.label, 90), cut(&chart.y.label, 40));
        Content {
            title: chart.title.clone(),
            width: chart.width,
            x_label,
            y_label,
            x,
            y,
            series,
            spans,
            notes,
        }
    }

    /// Whether there is anything to see.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.points.iter().all(|(_, height)| height.is_none()))
    }

    /// Those of the legend, in its order.
    pub fn entries(&self) -> impl Iterator<Item = &Shown> {
        self.series.iter().filter(|series| series.has_entry)
    }
}

fn drawn(chart: &Chart) -> impl Iterator<Item = &Series> {
    chart.series.iter().filter(|series| series.entry < MOST_SERIES)
}

/// The names on the horizontal axis, in the order in which they come; none if there are only numbers.
fn names_of(chart: &Chart, notes: &mut Vec<String>) -> Vec<String> {
    let places = || drawn(chart).flat_map(|series| series.points.iter().map(|point| &point.at));
    if !places().any(|place| matches!(place, Place::Named(_))) {
        return Vec::new();
    }
    let (mut names, mut seen) = (Vec::new(), BTreeSet::new());
    for name in places().map(name) {
        if seen.insert(name.clone()) && names.len() < MOST_NAMES {
            names.push(name);
        }
    }
    let more = seen.len() - names.len();
    if more > 0 {
        let room = format!("it has room for {MOST_NAMES} names");
        notes.push(format!("{more} more along the horizontal axis not drawn: {room}"));
    }
    names
}

/// A place as a name: a number among names is one too.
fn name(place: &Place) -> String {
    match place {
        Place::Named(name) => name.clone(),
        Place::At(amount, unit) => super::axis::written(*amount, *unit),
    }
}

fn unit(place: &Place) -> Option<Unit> {
    match place {
        Place::At(_, unit) => Some(*unit),
        Place::Named(_) => None,
    }
}

/// The unit of an axis: what was said, else that of the first series; whole numbers and others are numbers.
fn unit_of(said: Option<Unit>, units: impl Iterator<Item = Unit>) -> Unit {
    let units: Vec<Unit> = units.collect();
    let first = units.first().copied().unwrap_or(Unit::Number);
    let mixed = first == Unit::Count && units.contains(&Unit::Number);
    said.unwrap_or(if mixed { Unit::Number } else { first })
}

/// Whether numbers of one unit may stand on an axis of another.
fn fits(unit: Unit, axis: Unit) -> bool {
    (unit == Unit::Time) == (axis == Unit::Time)
}

fn in_words(unit: Unit) -> &'static str {
    if unit == Unit::Time { "times" } else { "plain numbers" }
}

/// Reads series onto the axes of a chart.
struct Reader<'a> {
    chart: &'a Chart,
    names: &'a [String],
    x_unit: Unit,
    y_unit: Unit,
}

impl Reader<'_> {
    fn read(&self, series: &Series, notes: &mut Vec<String>) -> Option<Shown> {
        let label = if series.name.is_empty() { "a series".to_owned() } else { series.name.clone() };
        if !fits(series.unit, self.y_unit) {
            let (is, axis) = (in_words(series.unit), in_words(self.y_unit));
            notes.push(format!("{label} is not drawn: it has {is}, and the vertical axis shows {axis}"));
            return None;
        }
        let (mut no_number, mut no_place, mut no_unit) = (0_usize, 0_usize, 0_usize);
        let mut points = Vec::with_capacity(series.points.len());
        for point in &series.points {
            let Some(x) = self.x_of(&point.at, &mut no_unit) else { continue };
            let x = if self.names.is_empty() { usable(x, self.chart.x.scale) } else { Ok(x) };
            let pair = point
                .value
                .map(|low| (low, if has_two_edges(series.shape) { point.upper } else { Some(low) }));
            let height = match pair {
                Some((low, Some(high))) => usable(low, self.chart.y.scale)
                    .and_then(|low| Ok(Height { low, high: usable(high, self.chart.y.scale)? }))
                    .map(Some),
                _ => Ok(None),
            };
            match (x, height) {
                (Ok(x), Ok(height)) => points.push((x, height)),
                (Err(Unusable::Number), _) | (Ok(_), Err(Unusable::Number)) => no_number += 1,
                _ => no_place += 1,
            }
            // Where something could not be drawn, a line is broken.
            if let (Ok(x), Err(_)) = (x, height) {
                points.push((x, None));
            }
        }
        if series.has_entry {
            self.tell(&label, no_number, no_place, no_unit, notes);
        }
        if series.shape == Shape::Steps {
            points = staircase(&points);
        }
        let name = cut(&series.name, 48);
        let (shape, look, entry) = (series.shape, series.look.clone(), series.entry);
        Some(Shown { name, shape, look, entry, has_entry: series.has_entry, points })
    }

    fn x_of(&self, at: &Place, no_unit: &mut usize) -> Option<f64> {
        if !self.names.is_empty() {
            let name = name(at);
            return self.names.iter().position(|known| *known == name).map(|index| index as f64);
        }
        match at {
            Place::At(amount, unit) if fits(*unit, self.x_unit) => Some(*amount),
            _ => {
                *no_unit += 1;
                None
            }
        }
    }

    fn tell(&self, label: &str, no_number: usize, no_place: usize, no_unit: usize, notes: &mut Vec<String>) {
        let points = |count: usize| if count == 1 { "1 point".to_owned() } else { format!("{count} points") };
        if no_number > 0 {
            notes.push(format!("{label}: {} not drawn (infinite, or not a number)", points(no_number)));
        }
        if no_place > 0 {
            let why = "zero or less has no place on a logarithmic axis";
            notes.push(format!("{label}: {} not drawn ({why})", points(no_place)));
        }
        if no_unit > 0 {
            let axis = in_words(self.x_unit);
            notes.push(format!("{label}: {} not drawn (the horizontal axis shows {axis})", points(no_unit)));
        }
    }
}

/// Whether a series has a lower and an upper value at each place.
pub(crate) fn has_two_edges(shape: Shape) -> bool {
    matches!(shape, Shape::Band | Shape::Ranges)
}

/// Why a number cannot be drawn.
#[derive(Clone, Copy)]
enum Unusable {
    Number,
    Place,
}

fn usable(value: f64, scale: Scale) -> Result<f64, Unusable> {
    if !value.is_finite() || value.abs() > LARGEST {
        return Err(Unusable::Number);
    }
    if scale == Scale::Logarithmic && value < 1.0 / LARGEST {
        return Err(Unusable::Place);
    }
    Ok(if value.abs() < 1.0 / LARGEST { 0.0 } else { value })
}

/// Each value until the next one.
fn staircase(points: &[(f64, Option<Height>)]) -> Vec<(f64, Option<Height>)> {
    let mut stairs = Vec::with_capacity(points.len() * 2);
    for (index, (x, height)) in points.iter().enumerate() {
        stairs.push((*x, *height));
        if let Some((next, _)) = points.get(index + 1) {
            stairs.push((*next, *height));
        }
    }
    stairs
}

/// Half a bar's room at both ends.
fn widen_for_bars(x: &mut Axis, series: &[Shown]) {
    if x.scale == Scale::Logarithmic {
        return;
    }
    let mut places: Vec<f64> = series.iter().flat_map(|it| it.points.iter().map(|(x, _)| *x)).collect();
    places.sort_unstable_by(f64::total_cmp);
    places.dedup();
    let (Some(first), Some(last)) = (places.first(), places.last()) else { return };
    let half = if places.len() > 1 { (last - first) / (places.len() - 1) as f64 / 2.0 } else { 0.5 };
    (x.low, x.high) = (x.low.min(first - half), x.high.max(last + half));
}

/// The spans that touch what is shown, cut at its ends.
fn stretches(chart: &Chart, x: &Axis, notes: &mut Vec<String>) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let (mut unlike, mut outside) = (0_usize, 0_usize);
    for span in &chart.spans {
        match (&span.from, &span.to) {
            (Place::At(from, one), Place::At(to, other))
                if x.names.is_empty()
                    && fits(*one, x.unit)
                    && fits(*other, x.unit)
                    && !from.is_nan()
                    && !to.is_nan() =>
            {
                let (from, to) = (from.min(*to), from.max(*to));
                if to < x.low || from > x.high {
                    outside += 1;
                    continue;
                }
                let (from, to) = (from.max(x.low), to.min(x.high));
                stretches.push(Stretch { label: span.label.clone(), from, to });
            }
            _ => unlike += 1,
        }
    }
    let spans = |count: usize| if count == 1 { "1 span".to_owned() } else { format!("{count} spans") };
    if unlike > 0 {
        let axis = if x.names.is_empty() { in_words(x.unit) } else { "names" };
        notes.push(format!("{} not drawn: the horizontal axis shows {axis}", spans(unlike)));
    }
    if outside > 0 {
        notes.push(format!("{} before or after what is shown", spans(outside)));
    }
    stretches
}

fn shorten(notes: &mut Vec<String>) {
    if notes.len() > MOST_NOTES {
        let more = notes.len() - MOST_NOTES + 1;
        notes.truncate(MOST_NOTES - 1);
        notes.push(format!("and {more} more remarks of this kind"));
    }
}
