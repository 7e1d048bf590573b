//! Charts: numbers over virtual time, over a sweep's parameter, or beside each other.
//!
//! Axes, ticks and the places of points are the work of plotters. What a chart says stands in [`Chart`]; everything that it could not
//! draw (what is no number, what is too much) is told at its foot.
//!
//! | to learn | read |
//! |---|---|
//! | what can be charted | `quantity.rs` |
//! | which quantiles are meant | `quantile.rs`, `ribbons.rs` |
//! | calls, messages and faults of a run as charts | `calls.rs`, `traffic.rs`, `faults.rs` |
//! | what of a chart's data is drawn, and what is told instead | `content.rs`, `detail.rs` |
//! | how it is drawn | `axis.rs`, `plot.rs`, `shapes.rs`, `spans.rs`, `legend.rs`, `looks.rs`, `pen.rs` |
//! | the chart in letters | `text.rs` |
//! | how it answers the pointer | `live.rs`, `chart.js` |

mod axis;
mod calls;
mod content;
mod detail;
mod faults;
mod legend;
mod live;
mod looks;
mod pen;
mod plot;
mod quantile;
mod quantity;
mod ribbons;
mod shapes;
mod spans;
mod text;
mod traffic;
mod windows;

use std::fmt;

use netsplit_figure::Figure;

use axis::Scale;
use content::Content;
use looks::Look;

pub use calls::{CallCharts, CallRecord, RecordedCall};
pub use quantile::Sample;
pub use quantity::{Coordinate, Place, Quantity, Unit};

/// A chart of one or several series over one horizontal axis.
///
/// ```
/// use netsplit_node::{ms, secs};
/// use netsplit_view::Chart;
/// let chart = Chart::new("How fast an answer comes")
///     .x("virtual time")
///     .y("latency")
///     .line("reads", (0..50).map(|i| (ms(20 * i), ms(3 + i % 4))))
///     .points("writes", [(ms(10), ms(9)), (ms(500), ms(12))])
///     .span("replica 2 is down", ms(300), ms(600))
///     .log_y();
/// assert!(chart.svg().starts_with("<svg"));
/// println!("{chart}");                              // the same as text
/// ```
///
/// What is charted are pairs: a place on the horizontal axis (a number, a duration, a time, a name) and a height (a number, a duration, a
/// time, or an `Option`, of which `None` is a gap). Axes take their unit from the values.
#[derive(Clone)]
#[must_use = "a chart is seen when it is a cell's last value or is printed"]
pub struct Chart {
    pub(crate) title: String,
    pub(crate) x: Wish,
    pub(crate) y: Wish,
    pub(crate) series: Vec<Series>,
    pub(crate) spans: Vec<Span>,
    pub(crate) notes: Vec<String>,
    pub(crate) width: u32,
}

/// What is asked of an axis.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub label: String,
    pub scale: Scale,
    /// What the values are, where they do not say it themselves.
    pub unit: Option<Unit>,
}

/// The kinds of series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Line,
    Steps,
    Points,
    Bars,
    Band,
    /// An upright line from a lower to an upper value: a band for things that stand beside each other.
    Ranges,
}

/// Values of one name.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub name: String,
    pub shape: Shape,
    pub look: Look,
    /// The legend's entry that shows and hides it: its own, unless it is the ground of another.
    pub entry: usize,
    pub has_entry: bool,
    pub unit: Unit,
    pub points: Vec<Point>,
}

/// One value; `upper` is the other edge of a band.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub at: Place,
    pub value: Option<f64>,
    pub upper: Option<f64>,
}

/// A stretch of the horizontal axis, or a moment where both ends are equal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub label: String,
    pub from: Place,
    pub to: Place,
}

impl Chart {
    /// A chart without anything in it.
    pub fn new(title: impl Into<String>) -> Chart {
        Chart {
            title: title.into(),
            x: Wish::default(),
            y: Wish::default(),
            series: Vec::new(),
            spans: Vec::new(),
            notes: Vec::new(),
            width: 800,
        }
    }

    /// Says what the horizontal axis shows.
    pub fn x(mut self, label: impl Into<String>) -> Chart {
        self.x.label = label.into();
        self
    }

    /// Says what the vertical axis shows.
    pub fn y(mut self, label: impl Into<String>) -> Chart {
        self.y.label = label.into();
        self
    }

    /// Makes the horizontal axis logarithmic. What is zero or less has no place on it, and is counted at the foot.
    pub fn log_x(mut self) -> Chart {
        self.x.scale = Scale::Logarithmic;
        self
    }

    /// Makes the vertical axis logarithmic. What is zero or less has no place on it, and is counted at the foot.
    pub fn log_y(mut self) -> Chart {
        self.y.scale = Scale::Logarithmic;
        self
    }

    /// Writes heights as parts of a whole: 0.995 becomes 99.5%.
    pub fn y_in_percent(mut self) -> Chart {
        self.y.unit = Some(Unit::Share);
        self
    }

    /// The width of the picture in pixels, 800 unless said otherwise; between 320 and 2000.
    pub fn width(mut self, pixels: u32) -> Chart {
        self.width = pixels.clamp(320, 2000);
        self
    }

    /// A line from point to point, in their order.
    pub fn line<X: Coordinate, Y: Quantity>(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (X, Y)>,
    ) -> Chart {
        self.add(Shape::Line, name.into(), singles(points), Y::UNIT)
    }

    /// A line that stays at each value until the next one: what holds until it changes.
    pub fn steps<X: Coordinate, Y: Quantity>(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (X, Y)>,
    ) -> Chart {
        self.add(Shape::Steps, name.into(), singles(points), Y::UNIT)
    }

    /// A mark for each point.
    pub fn points<X: Coordinate, Y: Quantity>(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (X, Y)>,
    ) -> Chart {
        self.add(Shape::Points, name.into(), singles(points), Y::UNIT)
    }

    /// A bar for each point; several such series stand beside each other.
    pub fn bars<X: Coordinate, Y: Quantity>(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (X, Y)>,
    ) -> Chart {
        self.add(Shape::Bars, name.into(), singles(points), Y::UNIT)
    }

    /// A ribbon between a lower and an upper value: `(x, lower, upper)`.
    pub fn band<X: Coordinate, Y: Quantity>(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (X, Y, Y)>,
    ) -> Chart {
        let points = points.into_iter();
        let points =
            points.map(|(x, low, high)| Point { at: x.place(), value: low.amount(), upper: high.amount() });
        self.add(Shape::Band, name.into(), points.collect(), Y::UNIT)
    }

    /// The median, the 90th and the 99th percentile of the values at each place, with ribbons between them. Percentiles are those of
    /// [`Sample`]: every one is a value that was there.
    ///
    /// ```
    /// use netsplit_node::ms;
    /// use netsplit_view::Chart;
    /// let took = |clients: i64| (1..=100).map(move |i| ms(clients * i));
    /// let chart = Chart::new("More clients, longer waits").quantiles("reads", [10, 20, 40].map(|n| (n, took(n))));
    /// assert!(chart.text().contains("reads p99"));
    /// ```
    pub fn quantiles<X: Coordinate, Y: Quantity, V: IntoIterator<Item = Y>>(
        self,
        name: impl Into<String>,
        samples: impl IntoIterator<Item = (X, V)>,
    ) -> Chart {
        self.ribbon(&name.into(), samples_of(samples), Y::UNIT)
    }

    /// The median of the values at each place, and the range of the middle 80% of them, from the 10th to the 90th percentile: how much
    /// runs differ.
    pub fn spread<X: Coordinate, Y: Quantity, V: IntoIterator<Item = Y>>(
        self,
        name: impl Into<String>,
        samples: impl IntoIterator<Item = (X, V)>,
    ) -> Chart {
        self.middle(&name.into(), samples_of(samples), Y::UNIT)
    }

    /// The share of values that are not above each value: how all of them are distributed.
    ///
    /// ```
    /// use netsplit_node::ms;
    /// use netsplit_view::Chart;
    /// let chart = Chart::new("Most answers are fast").x("latency").distribution("reads", [ms(2), ms(3), ms(2), ms(90)]).log_x();
    /// assert!(chart.text().contains("100%"));
    /// ```
    pub fn distribution<Y: Quantity>(
        self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = Y>,
    ) -> Chart {
        let sample = Sample::new(values.into_iter().filter_map(|value| value.amount()));
        self.shares(name.into(), &sample, Y::UNIT)
    }

    /// Shades a stretch of the horizontal axis and names it: a fault and how long it lasted. With two equal ends it is a moment.
    pub fn span(mut self, label: impl Into<String>, from: impl Coordinate, to: impl Coordinate) -> Chart {
        self.spans.push(Span { label: label.into(), from: from.place(), to: to.place() });
        self
    }

    /// A remark at the foot.
    pub fn note(mut self, text: impl Into<String>) -> Chart {
        self.notes.push(text.into());
        self
    }

    fn add(mut self, shape: Shape, name: String, points: Vec<Point>, unit: Unit) -> Chart {
        let entry = self.entries();
        let look = Look::of(entry);
        self.series.push(Series { name, shape, look, entry, has_entry: true, unit, points });
        self
    }

    /// The last series in a colour that means something.
    pub(crate) fn coloured(mut self, colour: &'static str) -> Chart {
        if let Some(last) = self.series.last_mut() {
            last.look = last.look.clone().coloured(colour);
        }
        self
    }

    fn entries(&self) -> usize {
        self.series.iter().filter(|series| series.has_entry).count()
    }

    /// The chart as a self-contained SVG picture. Equal data give equal bytes.
    pub fn svg(&self) -> String {
        plot::draw(&Content::of(self)).svg
    }

    /// The chart as text: a line of signs and the main numbers for each series, at most 110 columns wide.
    pub fn text(&self) -> String {
        text::draw(&Content::of(self))
    }

    /// The chart in all its forms.
    pub fn figure(&self) -> Figure {
        let content = Content::of(self);
        let picture = plot::draw(&content);
        Figure { svg: picture.svg, text: text::draw(&content), live: picture.live }
    }

    /// The chart as part of a page, which answers the pointer and the keyboard.
    pub fn html(&self) -> String {
        self.figure().html()
    }

    /// Shows the chart in a notebook, in all its forms.
    pub fn evcxr_display(&self) {
        self.figure().show();
    }
}

/// Values by their places. Generic, so a cell compiles it again: it is short.
fn samples_of<X: Coordinate, Y: Quantity, V: IntoIterator<Item = Y>>(
    samples: impl IntoIterator<Item = (X, V)>,
) -> Vec<(Place, Sample)> {
    let of_values = |values: V| Sample::new(values.into_iter().filter_map(|value| value.amount()));
    samples.into_iter().map(|(x, values)| (x.place(), of_values(values))).collect()
}

fn singles<X: Coordinate, Y: Quantity>(points: impl IntoIterator<Item = (X, Y)>) -> Vec<Point> {
    points.into_iter().map(|(x, y)| Point { at: x.place(), value: y.amount(), upper: None }).collect()
}

/// The chart as text.
impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Short: a chart may hold a million points.
impl fmt::Debug for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points: usize = self.series.iter().map(|series| series.points.len()).sum();
        write!(f, "Chart {:?} of {} series and {points} points", self.title, self.entries())
    }
}
