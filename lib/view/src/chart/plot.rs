//! The picture of a chart: plotters lays out axes and points inside the frame that is left by title, legend, spans and notes.

use std::cell::RefCell;
use std::convert::Infallible;

use netsplit_figure::{Canvas, Live, Point, palette};
use plotters::chart::{ChartBuilder, ChartContext, LabelAreaPosition};
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::style::{IntoFont, TextStyle};

use super::axis::Axis;
use super::content::{Content, Height, Shown};
use super::legend::Legend;
use super::looks::rgb;
use super::pen::{Finish, Pen, put_down};
use super::shapes::{draw_series, highest_bars, pixels};
use super::spans::{Lanes, draw_labels};
use super::{Shape, detail, live};
use netsplit_figure::measure::{cells, cut, wrap};

/// The height of the plot itself.
const PLOT: i32 = 270;
/// Room for the horizontal axis' ticks, and for what it shows.
const TICKS: i32 = 26;
const DESCRIPTION: i32 = 20;
const NOTE: i32 = 17;
/// What stays free to the right of the plot.
const RIGHT: i32 = 20;
/// So many points are drawn of all series together.
const MOST_POINTS: usize = 3200;
/// Of text on axes.
const LETTERS: f64 = 12.0;

/// What comes of drawing.
pub(crate) struct Picture {
    pub svg: String,
    pub live: Option<Live>,
}

/// A point as it was drawn: its pixel, and which of its series it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Placed {
    pub pixel: Point,
    pub index: usize,
}

/// What was drawn where: each series by its number, and the pixels across of each span.
#[derive(Default)]
pub(crate) struct Places {
    pub series: Vec<(usize, Vec<Placed>)>,
    pub spans: Vec<(i32, i32)>,
}

/// A plot of ours.
pub(crate) type Plot<'a> = ChartContext<'a, Pen<'a>, Cartesian2d<Axis, Axis>>;
/// Plotters fails where a pen fails, which ours never does, or where two draw at once.
pub(crate) type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<Infallible>>;

/// Where things stand, in pixels.
struct Frame {
    width: i32,
    legend_top: i32,
    plot_top: i32,
    notes_top: i32,
    left: i32,
    x_ticks: usize,
    y_ticks: usize,
}

pub(crate) fn draw(content: &Content) -> Picture {
    if content.is_empty() {
        let why = "There is nothing to draw: no series has a point.";
        return Picture { svg: sentence(content, why), live: None };
    }
    full(content).unwrap_or_else(|error| Picture {
        svg: sentence(content, &format!("The chart could not be drawn: {error}")),
        live: None,
    })
}

fn full(content: &Content) -> Drawn<Picture> {
    let mut canvas = Canvas::default();
    let legend = Legend::of(content, content.width as i32 - 40);
    let lanes = Lanes::of(content);
    let frame = Frame::of(content, &legend, lanes.count());
    let mut notes = content.notes.clone();
    let nameless = lanes.nameless(content);
    if nameless > 0 {
        notes.push(format!("{nameless} more of what is shaded has no room for its name"));
    }
    let mut placed = Places::default();
    let left_out = paint(content, &frame, &lanes, &mut canvas, &mut placed)?;
    if left_out > 0 {
        notes.push(left_out_in_words(content, left_out));
    }
    title(content, &mut canvas);
    legend.draw(content, frame.legend_top, &mut canvas);
    let foot = write_notes(&notes, frame.notes_top, frame.width, &mut canvas);
    let area = (frame.left, frame.plot_top, frame.width - RIGHT, frame.plot_top + PLOT);
    let live = live::of(content, &placed, area);
    Ok(Picture { svg: canvas.finish((frame.width, foot), &label(content)), live: Some(live) })
}

/// Instead of a picture: the title, and why there is none.
fn sentence(content: &Content, why: &str) -> String {
    let mut canvas = Canvas::default();
    let width = content.width as i32;
    title(content, &mut canvas);
    canvas.text((20, 56), &format!("fill=\"{}\"", palette::QUIET), why);
    let foot = write_notes(&content.notes, 66, width, &mut canvas);
    canvas.finish((width, foot), &label(content))
}

/// Writes notes below each other and returns where they end.
fn write_notes(notes: &[String], top: i32, width: i32, canvas: &mut Canvas) -> i32 {
    let looks = format!("fill=\"{}\" font-size=\"11\"", palette::QUIET);
    let lines: Vec<String> = notes.iter().flat_map(|note| wrap(note, (width as usize - 40) / 6)).collect();
    for (row, line) in lines.iter().enumerate() {
        canvas.text((20, top + 14 + NOTE * row as i32), &looks, line);
    }
    top + 10 + NOTE * lines.len() as i32
}

impl Frame {
    fn of(content: &Content, legend: &Legend, lanes: usize) -> Frame {
        let width = content.width as i32;
        let legend_top = if content.title.is_empty() { 14 } else { 40 };
        let plot_top = legend_top + legend.height() + Lanes::height(lanes) + 8;
        let y_ticks = 7;
        let longest = labels(&content.y, y_ticks).iter().map(|label| cells(label)).max().unwrap_or(1);
        let described = if content.y_label.is_empty() { 0 } else { 20 };
        let left = 26 + described + (longest as f64 * LETTERS * 0.6) as i32;
        let description = if content.x_label.is_empty() { 0 } else { DESCRIPTION };
        let notes_top = plot_top + PLOT + TICKS + description;
        let x_ticks = x_ticks(&content.x, (width - RIGHT - left).max(100));
        Frame { width, legend_top, plot_top, notes_top, left, x_ticks, y_ticks }
    }
}

/// As many ticks as have room for their labels.
fn x_ticks(axis: &Axis, room: i32) -> usize {
    let fits = |&count: &usize| {
        let labels = labels(axis, count);
        let widest = labels.iter().map(|label| cells(label).min(20)).max().unwrap_or(1);
        labels.len() as i32 * ((widest as f64 * LETTERS * 0.6) as i32 + 14) <= room
    };
    let names = axis.names.len();
    let most = if names > 0 { names } else { 12 };
    (2..=most).rev().find(fits).unwrap_or(2)
}

/// The distance of ticks, which says how many decimals tell them apart.
fn step(axis: &Axis, ticks: &[f64]) -> f64 {
    let steps = ticks.windows(2).map(|two| two[1] - two[0]);
    steps.reduce(f64::min).unwrap_or((axis.high - axis.low) / 2.0)
}

fn labels(axis: &Axis, count: usize) -> Vec<String> {
    let ticks = axis.ticks(count);
    let step = step(axis, &ticks);
    ticks.iter().map(|tick| cut(&axis.tick_label(*tick, step), 24)).collect()
}

/// Draws everything inside the axes, and them. Returns how many points were left out.
fn paint(
    content: &Content,
    frame: &Frame,
    lanes: &Lanes,
    canvas: &mut Canvas,
    placed: &mut Places,
) -> Drawn<usize> {
    let strokes = RefCell::new(Vec::new());
    let strokes = &strokes;
    let root = Pen { strokes, size: (frame.width as u32, frame.notes_top as u32) }.into_drawing_area();
    let bottom = frame.notes_top - frame.plot_top - PLOT;
    let mut builder = ChartBuilder::on(&root);
    builder.margin_top(frame.plot_top).margin_right(RIGHT).margin_left(10);
    builder.set_label_area_size(LabelAreaPosition::Left, frame.left - 10);
    builder.set_label_area_size(LabelAreaPosition::Bottom, bottom);
    let mut plot = builder.build_cartesian_2d(content.x.clone(), content.y.clone())?;
    lanes.shade(content, &plot, strokes, canvas)?;
    mesh(content, frame, &mut plot)?;
    canvas.group("", |canvas| put_down(strokes.take(), &Finish::default(), canvas));
    let series = content.series.iter().filter(|series| !series.points.is_empty()).count();
    let most = MOST_POINTS / series.max(1);
    let bars: Vec<usize> =
        content.series.iter().filter(|it| it.shape == Shape::Bars).map(|it| it.entry).collect();
    let mut left_out = 0;
    for (number, series) in content.series.iter().enumerate() {
        let pixels = pixels(series, &plot);
        let kept = match series.shape {
            Shape::Points | Shape::Ranges => detail::of_points(&pixels, most),
            Shape::Bars => highest_bars(series, &pixels, most.min(400)),
            Shape::Line | Shape::Steps | Shape::Band => detail::of_line(&pixels, most),
        };
        if series.has_entry {
            left_out += real(series, &pixels, 0..pixels.len()) - real(series, &pixels, kept.iter().copied());
        }
        let slot = bars.iter().position(|entry| *entry == series.entry).map(|place| (place, bars.len()));
        draw_series(series, &kept, &mut plot, slot, content)?;
        let finish = series.finish();
        canvas
            .tagged(&[("s", series.entry)], &series.name, |canvas| put_down(strokes.take(), &finish, canvas));
        let seen = kept.into_iter().filter_map(|index| Some(Placed { pixel: pixels[index]?, index }));
        placed.series.push((number, seen.collect()));
    }
    draw_labels(content, lanes, &plot, frame.plot_top, canvas);
    let across = |value: f64| plot.backend_coord(&(value, content.y.high)).0;
    placed.spans = content.spans.iter().map(|span| (across(span.from), across(span.to))).collect();
    Ok(left_out)
}

fn mesh(content: &Content, frame: &Frame, plot: &mut Plot<'_>) -> Drawn {
    let letters =
        |colour: &str| -> TextStyle<'static> { ("sans-serif", LETTERS).into_font().color(&rgb(colour)) };
    let writer = |axis: &Axis, count: usize| {
        let ticks = axis.ticks(count);
        let (axis, step) = (axis.clone(), step(axis, &ticks));
        move |tick: &f64| cut(&axis.tick_label(*tick, step), 24)
    };
    let (write_x, write_y) = (writer(&content.x, frame.x_ticks), writer(&content.y, frame.y_ticks));
    let mut mesh = plot.configure_mesh();
    mesh.bold_line_style(rgb(palette::FAINT)).axis_style(rgb(palette::LIFELINE)).set_all_tick_mark_size(4);
    if !content.x.names.is_empty() {
        mesh.disable_x_mesh();
    }
    mesh.x_labels(frame.x_ticks).y_labels(frame.y_ticks);
    mesh.x_label_formatter(&write_x).y_label_formatter(&write_y);
    mesh.label_style(letters(palette::QUIET)).axis_desc_style(letters(palette::INK));
    if !content.x_label.is_empty() {
        mesh.x_desc(content.x_label.as_str());
    }
    if !content.y_label.is_empty() {
        mesh.y_desc(content.y_label.as_str());
    }
    mesh.draw()
}

fn title(content: &Content, canvas: &mut Canvas) {
    if !content.title.is_empty() {
        let looks = format!("fill=\"{}\" font-size=\"15\" font-weight=\"600\"", palette::INK);
        canvas.text((20, 26), &looks, &cut(&content.title, content.width as usize / 9));
    }
}

/// How many of these are values: gaps are none, nor is every second corner of a staircase.
fn real(series: &Shown, pixels: &[Option<Point>], of: impl Iterator<Item = usize>) -> usize {
    let every = if series.shape == Shape::Steps { 2 } else { 1 };
    of.filter(|index| pixels[*index].is_some() && index % every == 0).count()
}

fn left_out_in_words(content: &Content, left_out: usize) -> String {
    let values = |series: &Shown| {
        let every = if series.shape == Shape::Steps { 2 } else { 1 };
        series.points.iter().step_by(every).filter(|(_, height)| height.is_some()).count()
    };
    let all: usize = content.entries().map(values).sum();
    let how = "peaks and ends are kept, points that cover each other are drawn as one";
    format!("{} of {} points drawn: {how}", all - left_out, all)
}

/// The chart in one sentence, for those who do not see it.
fn label(content: &Content) -> String {
    let title = if content.title.is_empty() { "Chart" } else { &content.title };
    let axes = match (content.y_label.as_str(), content.x_label.as_str()) {
        ("", "") => String::new(),
        (y, "") => format!(", {y}"),
        ("", x) => format!(", over {x}"),
        (y, x) => format!(", {y} over {x}"),
    };
    let names: Vec<&str> =
        content.entries().map(|it| it.name.as_str()).filter(|name| !name.is_empty()).collect();
    if content.is_empty() {
        return format!("{title}{axes}: nothing to draw");
    }
    let range = format!("from {} to {}", content.y.value(lowest(content)), content.y.value(highest(content)));
    let of = if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
    format!("{title}: chart{of}{axes}, {range}")
}

fn heights(content: &Content) -> impl Iterator<Item = Height> {
    content.series.iter().flat_map(|it| it.points.iter().filter_map(|(_, height)| *height))
}

fn lowest(content: &Content) -> f64 {
    heights(content).map(|height| height.low).fold(f64::INFINITY, f64::min)
}

fn highest(content: &Content) -> f64 {
    heights(content).map(|height| height.high).fold(f64::NEG_INFINITY, f64::max)
}
