//! A chart in letters: for each series its main numbers and a line of signs, for bars a line of number signs each.

use super::Shape;
use super::axis::Scale;
use super::content::{Content, Height, Shown, has_two_edges};
use super::quantile::Sample;
use netsplit_figure::measure::{cells, cut, wrap};

/// The widest line.
const WIDTH: usize = 110;
/// Signs of a line, each for an equal part of the horizontal axis.
const SIGNS: usize = 44;
/// From low to high.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// So many bars have a line each.
const MOST_BARS: usize = 40;
/// So many spans are listed.
const MOST_SPANS: usize = 12;

pub(crate) fn draw(content: &Content) -> String {
    let mut lines = Vec::new();
    if !content.title.is_empty() {
        lines.push(cut(&visible(&content.title), WIDTH));
    }
    if content.is_empty() {
        lines.push("There is nothing to draw: no series has a point.".to_owned());
    } else {
        // What stands beside each other has a line each: between names there is nothing.
        let is_bar =
            |it: &&Shown| it.shape == Shape::Bars || it.shape == Shape::Points && !content.x.names.is_empty();
        let named = content.series.iter().filter(|it| it.has_entry || !it.name.is_empty());
        let (bars, others): (Vec<&Shown>, Vec<&Shown>) = named.partition(is_bar);
        bar_lines(content, &bars, &mut lines);
        series_lines(content, &others, &mut lines);
    }
    for span in content.spans.iter().take(MOST_SPANS) {
        let (from, to) = (content.x.value(span.from), content.x.value(span.to));
        let when = if span.from == span.to { format!("at {from}") } else { format!("{from} to {to}") };
        lines.push(format!("  {when}: {}", cut(&visible(&span.label), WIDTH - 6 - cells(&when))));
    }
    if content.spans.len() > MOST_SPANS {
        lines.push(format!("  and {} more spans", content.spans.len() - MOST_SPANS));
    }
    for note in &content.notes {
        let note = wrap(&visible(note), WIDTH - 6);
        lines.extend(
            note.iter()
                .enumerate()
                .map(|(row, line)| format!("  {} {line}", if row == 0 { "*" } else { " " })),
        );
    }
    lines.join("\n")
}

fn visible(text: &str) -> String {
    netsplit_figure::markup::visible(text)
}

/// A table: name, points, least, median and greatest value, and how it goes.
fn series_lines(content: &Content, series: &[&Shown], lines: &mut Vec<String>) {
    if series.is_empty() {
        return;
    }
    let ends = (content.x.value(first_x(content)), content.x.value(last_x(content)));
    let over = if content.x_label.is_empty() {
        "from".to_owned()
    } else {
        format!("{} from", visible(&content.x_label))
    };
    let head =
        [visible(&content.y_label), "points".into(), "least".into(), "median".into(), "greatest".into()];
    let mut rows = vec![head];
    for one in series {
        let sample = Sample::new(
            one.points.iter().step_by(step(one)).filter_map(|(_, height)| height.map(|it| it.low)),
        );
        let most = Sample::new(one.points.iter().filter_map(|(_, height)| height.map(|it| it.high)));
        let value = |value: Option<f64>| value.map_or("-".to_owned(), |value| content.y.value(value));
        rows.push([
            cut(&visible(&one.name), 24),
            sample.len().to_string(),
            value(sample.quantile(0)),
            value(if has_two_edges(one.shape) { None } else { sample.quantile(500) }),
            value(most.quantile(1000)),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| cells(&row[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    for (row, signs) in rows.iter().zip(std::iter::once(None).chain(series.iter().map(Some))) {
        let mut line = format!("  {}{}", row[0], " ".repeat(widths[0] - cells(&row[0])));
        for column in 1..5 {
            line += &format!("  {}{}", " ".repeat(widths[column] - cells(&row[column])), row[column]);
        }
        let room = WIDTH.saturating_sub(cells(&line) + 4).min(SIGNS);
        match signs {
            Some(series) => line += &format!("  |{}|", sparkline(content, series, room)),
            None => line += &format!("  {}", cut(&format!("{over} {} to {}", ends.0, ends.1), room + 2)),
        }
        lines.push(line.trim_end().to_owned());
    }
    let scale = if content.y.scale == Scale::Logarithmic { ", logarithmic" } else { "" };
    let (low, high) = (content.y.value(content.y.low), content.y.value(content.y.high));
    lines.push(format!("  Signs go from {low} to {high}{scale}; each is the greatest value of its part."));
}

/// Of a staircase, every second corner is only where a value ends.
fn step(series: &Shown) -> usize {
    if series.shape == Shape::Steps { 2 } else { 1 }
}

fn first_x(content: &Content) -> f64 {
    places(content).fold(f64::INFINITY, f64::min)
}

fn last_x(content: &Content) -> f64 {
    places(content).fold(f64::NEG_INFINITY, f64::max)
}

fn places(content: &Content) -> impl Iterator<Item = f64> {
    content.series.iter().flat_map(|it| it.points.iter().map(|(x, _)| *x))
}

/// The greatest value of each part of the horizontal axis as one of eight heights, blank where there is none.
fn sparkline(content: &Content, series: &Shown, room: usize) -> String {
    let (from, to) = (content.x.part(first_x(content)), content.x.part(last_x(content)));
    let mut greatest: Vec<Option<f64>> = vec![None; room.max(1)];
    let last = greatest.len() - 1;
    let column = |x: f64| {
        let part = if to > from { (content.x.part(x) - from) / (to - from) } else { 0.0 };
        ((part * (last + 1) as f64) as usize).min(last)
    };
    let mut note = |column: usize, height: f64| {
        greatest[column] = Some(greatest[column].map_or(height, |before: f64| before.max(height)));
    };
    let mut before: Option<(f64, Height)> = None;
    for (x, height) in &series.points {
        let Some(height) = height else {
            before = None;
            continue;
        };
        // A staircase and a line are there between their points too.
        if let (Some((left, low)), true) = (before, !matches!(series.shape, Shape::Points | Shape::Ranges)) {
            let between = if series.shape == Shape::Steps { low.high } else { low.high.min(height.high) };
            (column(left)..column(*x)).for_each(|column| note(column, between));
        }
        note(column(*x), height.high);
        before = Some((*x, *height));
    }
    let sign = |value: &Option<f64>| {
        value.map_or(' ', |value| LEVELS[((content.y.part(value) * 8.0) as usize).min(7)])
    };
    greatest.iter().map(sign).collect()
}

/// A line for each bar, those of one place together.
fn bar_lines(content: &Content, series: &[&Shown], lines: &mut Vec<String>) {
    let Some(first) = series.first() else { return };
    let count: usize = series.iter().map(|one| one.points.len()).sum();
    if count > MOST_BARS {
        return series_lines(content, series, lines);
    }
    let mut places: Vec<f64> = series.iter().flat_map(|one| one.points.iter().map(|(x, _)| *x)).collect();
    if content.x.names.is_empty() {
        places.sort_unstable_by(f64::total_cmp);
    }
    let mut seen = Vec::new();
    places.retain(|place| {
        !seen.contains(place) && {
            seen.push(*place);
            true
        }
    });
    let over = if content.x_label.is_empty() {
        String::new()
    } else {
        format!(" over {}", visible(&content.x_label))
    };
    let what = if content.y_label.is_empty() { visible(&first.name) } else { visible(&content.y_label) };
    if !(what.is_empty() && over.is_empty()) {
        lines.push(cut(&format!("  {what}{over}"), WIDTH));
    }
    let places: Vec<(f64, String)> =
        places.into_iter().map(|x| (x, cut(&visible(&content.x.value(x)), 24))).collect();
    let widest = places.iter().map(|(_, name)| cells(name)).max().unwrap_or(0);
    let names = series.iter().map(|one| cells(&cut(&visible(&one.name), 16))).max().unwrap_or(0);
    let names = if series.len() > 1 { names + 2 } else { 0 };
    for (place, label) in &places {
        let mut label = label.as_str();
        for one in series {
            let Some((_, Some(height))) = one.points.iter().find(|(x, _)| x == place) else { continue };
            let name = if series.len() > 1 { cut(&visible(&one.name), 16) } else { String::new() };
            let (value, zero) =
                (height.low, content.y.part(if content.y.low > 0.0 { content.y.low } else { 0.0 }));
            let room = (WIDTH - widest - names - 20).min(50);
            let long = ((content.y.part(value) - zero).abs() * room as f64).ceil() as usize;
            let bar = if value < 0.0 { "-".repeat(long) } else { "#".repeat(long) };
            let pad = " ".repeat(widest - cells(label));
            let blank = " ".repeat(names - cells(&name));
            lines.push(
                format!("  {label}{pad}  {name}{blank}|{bar} {}", content.y.value(value))
                    .trim_end()
                    .to_owned(),
            );
            label = "";
        }
    }
}
