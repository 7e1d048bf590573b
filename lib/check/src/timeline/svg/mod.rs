//! A timeline as SVG.

mod legend;
mod weather;

use netsplit_figure::Canvas;
use netsplit_figure::markup::visible;
use netsplit_figure::measure::{cells, cut, wrap};
use netsplit_figure::palette::{
    CALL, CALL_GROUND, DOUBT, DOUBT_GROUND, FAINT, GOOD, GOOD_GROUND, GROUND, HARM, HARM_GROUND, HARM_TEXT,
    INK, MESSAGE,
};

use super::Ending;
use super::axis::Axis;
use super::scene::{Bar, Role, Scene};
use super::words;

const LANE: i32 = 36;
const BAR: i32 = 14;
const FAULT: i32 = 20;
/// The room of the words above the window in which no order works.
const WINDOW: i32 = 18;
const MARGIN: i32 = 12;
/// Columns are as wide as most labels need, within these.
const NARROWEST: i32 = 24;
const WIDEST: i32 = 60;
/// The same where there are only a few.
const FEW: i32 = 100;
/// What all columns together may take before they become narrower: most notebooks show that much.
const WIDTH: i32 = 900;
/// So that the legend finds room under a short history.
const LEAST_WIDTH: i32 = 560;
/// A letter's width in hundredths of a pixel, at the size of labels.
const LETTER: i32 = 620;
/// Cells of a name.
const NAME: usize = 22;

/// The picture, in columns of equal width or to the scale of time.
pub(super) fn draw(scene: &Scene<'_>, by_time: bool) -> String {
    let named = !scene.faults.is_empty();
    let names = scene.lanes.iter().map(|name| cells(&visible(name)).min(NAME)).max().unwrap_or(0);
    let left = MARGIN + pixels(names.max(if named { 6 } else { 0 })) + 10;
    let axis = Axis { columns: &scene.columns, left, column: column_width(scene), by_time };
    let width = (axis.right() + MARGIN).max(LEAST_WIDTH);
    let mut picture = Picture { scene, axis, width, canvas: Canvas::default(), y: MARGIN, notes: Vec::new() };
    picture.draw_title();
    picture.draw_all();
    let size = (width, picture.y + 4);
    picture.canvas.finish(size, &words::label(scene))
}

/// Wide enough for most labels, within reason.
fn column_width(scene: &Scene<'_>) -> i32 {
    let wanted = scene.bars.iter().map(|bar| {
        let columns = bar.to.map_or(3.0, |to| to - bar.from);
        (f64::from(pixels((cells(&bar.shown.words) + 5).min(40))) / columns) as i32
    });
    let wanted = wanted.max().unwrap_or(NARROWEST).clamp(NARROWEST, WIDEST);
    let count = scene.columns.len().max(1) as i32;
    // Many events may not stand wide apart, and a few have all the room that there is.
    wanted.min((WIDTH / count).max(NARROWEST)).max(((LEAST_WIDTH - 120) / count).min(FEW))
}

fn pixels(cells: usize) -> i32 {
    cells as i32 * LETTER / 100
}

struct Picture<'a> {
    scene: &'a Scene<'a>,
    axis: Axis<'a>,
    width: i32,
    canvas: Canvas,
    /// How far down it is drawn.
    y: i32,
    /// What else does not fit.
    notes: Vec<String>,
}

impl Picture<'_> {
    fn draw_title(&mut self) {
        if self.scene.title.is_empty() {
            return;
        }
        let room = ((self.width - 2 * MARGIN) * 100 / 700) as usize;
        let looks = format!("font-size=\"13\" font-weight=\"600\" fill=\"{INK}\"");
        for line in wrap(&words::cut(&visible(self.scene.title)), room) {
            self.canvas.text((MARGIN, self.y + 11), &looks, &line);
            self.y += 18;
        }
        self.y += 4;
    }

    fn draw_all(&mut self) {
        let (top, faults) = (self.y, self.place_faults());
        let rows = faults.iter().map(|placed| placed.row as i32 + 1).max().unwrap_or(0);
        let window = if self.scene.has_window { WINDOW } else { 0 };
        let lanes = top + FAULT * rows + window;
        let bottom = lanes + LANE * self.scene.lanes.len() as i32 + 4;
        self.draw_window(lanes, bottom);
        self.draw_faults(&faults, top, bottom);
        self.draw_lanes(lanes, bottom);
        for bar in 0..self.scene.bars.len() {
            self.draw_bar(bar, lanes);
        }
        self.y = bottom;
        self.draw_times();
        self.draw_legend();
        self.draw_notes();
    }

    fn draw_lanes(&mut self, lanes: i32, bottom: i32) {
        let line = format!("stroke=\"{FAINT}\"");
        for (lane, name) in self.scene.lanes.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let y = lanes + LANE * lane as i32;
            self.canvas.line((MARGIN, y), (self.width - MARGIN, y), &line);
            self.draw_name((MARGIN, y + 29), name, INK);
        }
        self.canvas.line((MARGIN, bottom), (self.width - MARGIN, bottom), &line);
    }

    fn draw_name(&mut self, at: (i32, i32), name: &str, colour: &str) {
        let looks = format!("font-weight=\"600\" fill=\"{colour}\"");
        self.canvas.text(at, &looks, &cut(&visible(name), NAME));
    }

    /// From where to where a bar is drawn.
    fn extent(&self, bar: &Bar<'_>) -> (i32, i32) {
        let from = self.axis.at_moment(bar.shown.invoked, bar.from);
        let to = bar.to.and_then(|to| Some(self.axis.at_moment(bar.shown.returned?, to)));
        (from, to.unwrap_or(self.axis.right()).max(from + 4))
    }

    fn draw_bar(&mut self, number: usize, lanes: i32) {
        let bar = &self.scene.bars[number];
        let (from, to) = self.extent(bar);
        let top = lanes + LANE * bar.lane as i32 + 18;
        let next = self.scene.next_in_lane(number).map(|next| self.extent(next).0);
        let room = next.unwrap_or(self.width - 4) - from - 4;
        let sign = match bar.role {
            Role::Plain => "",
            Role::Accused => "✗ ",
            Role::Reason => "▲ ",
        };
        let label = format!("{sign}{}", visible(&bar.shown.words));
        let label = cut(&label, (room * 100 / LETTER).max(1) as usize);
        let face = match bar.role {
            Role::Plain => format!("font-size=\"11\" fill=\"{INK}\""),
            Role::Accused => format!("font-size=\"11\" font-weight=\"600\" fill=\"{HARM_TEXT}\""),
            Role::Reason => format!("font-size=\"11\" font-weight=\"600\" fill=\"{INK}\""),
        };
        let point = bar.point.map(|point| {
            let middle = (from + to.min(from + 28)) / 2;
            (point.number, point.place.map_or(middle, |place| self.axis.at(place)))
        });
        let served: Vec<i32> =
            bar.served.iter().map(|&(time, place)| self.axis.at_moment(time, place)).collect();
        let latest = served.iter().copied().chain(point.map(|(_, x)| x)).max();
        let tail = tail(bar, to, next.unwrap_or(self.axis.right()), latest);
        self.canvas.tagged(&[("o", number)], &words::lines(self.scene, number).join(" · "), |canvas| {
            canvas.text((from, top - 4), &face, &label);
            if let Some(tail) = tail {
                let looks = format!("stroke=\"{DOUBT}\" stroke-width=\"2\" stroke-dasharray=\"2 3\"");
                canvas.line((to, top + BAR / 2), (tail, top + BAR / 2), &looks);
            }
            canvas.rect((from, top), (to - from, BAR), 3, &looks_of(bar));
            draw_ending(canvas, &bar.shown.ending, (to, top));
            served.iter().for_each(|&x| draw_arrival(canvas, (x, top + BAR)));
            if let Some((number, x)) = point {
                draw_point(canvas, (x, top + BAR / 2), number);
            }
        });
    }
}

/// Up to where a dotted line says that it may still happen: to the moment at which an order has it or it arrived, else a little.
fn tail(bar: &Bar<'_>, to: i32, next: i32, latest: Option<i32>) -> Option<i32> {
    let may_happen = bar.shown.ending == Ending::Unknown && bar.to.is_some();
    let a_little = (to + 26).min(next - 4);
    let tail = latest.filter(|&x| x > to).unwrap_or(a_little);
    (may_happen && tail > to).then_some(tail)
}

fn looks_of(bar: &Bar<'_>) -> String {
    let open = "stroke-dasharray=\"4 3\"";
    let (ground, edge, dashes) = match bar.shown.ending {
        Ending::Ok => (GOOD_GROUND, GOOD, ""),
        Ending::Fail(_) => (HARM_GROUND, HARM, ""),
        Ending::Unknown => (DOUBT_GROUND, DOUBT, open),
        Ending::Pending => (CALL_GROUND, CALL, open),
    };
    match bar.role {
        Role::Plain => format!("fill=\"{ground}\" stroke=\"{edge}\" stroke-width=\"1.5\" {dashes}"),
        Role::Accused => format!("fill=\"{HARM}\" stroke=\"{INK}\" stroke-width=\"2\" {dashes}"),
        Role::Reason => format!("fill=\"{ground}\" stroke=\"{INK}\" stroke-width=\"2.5\" {dashes}"),
    }
}

/// The mark of an outcome at a bar's end: nothing for what happened, a cross, a question, an arrow.
fn draw_ending(canvas: &mut Canvas, ending: &Ending, (x, top): (i32, i32)) {
    let middle = top + BAR / 2;
    match ending {
        Ending::Ok => {}
        Ending::Fail(_) => {
            let looks = format!("stroke=\"{HARM}\" stroke-width=\"2.5\" fill=\"none\"");
            canvas.path(&format!("M{} {} l10 10 m0 -10 l-10 10", x - 5, middle - 5), &looks);
        }
        Ending::Unknown => {
            canvas.circle(
                (x, middle),
                7,
                &format!("fill=\"{DOUBT_GROUND}\" stroke=\"{DOUBT}\" stroke-width=\"1.5\""),
            );
            let looks = format!("font-size=\"11\" font-weight=\"700\" text-anchor=\"middle\" fill=\"{INK}\"");
            canvas.text((x, middle + 4), &looks, "?");
        }
        Ending::Pending => {
            let looks = format!("stroke=\"{CALL}\" stroke-width=\"2\" fill=\"none\"");
            canvas.path(&format!("M{} {top} l7 {half} l-7 {half}", x - 8, half = BAR / 2), &looks);
        }
    }
}

/// A small triangle whose tip touches the bar from below.
fn draw_arrival(canvas: &mut Canvas, (x, y): (i32, i32)) {
    let looks = format!("fill=\"{MESSAGE}\" stroke=\"{GROUND}\"");
    canvas.path(&format!("M{} {} l6 -10 l6 10 z", x - 6, y + 6), &looks);
}

fn draw_point(canvas: &mut Canvas, (x, y): (i32, i32), number: usize) {
    canvas.circle((x, y), if number < 100 { 7 } else { 9 }, &format!("fill=\"{INK}\""));
    let looks = format!("font-size=\"9\" font-weight=\"600\" text-anchor=\"middle\" fill=\"{GROUND}\"");
    canvas.text((x, y + 3), &looks, &number.to_string());
}
