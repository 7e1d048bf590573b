//! The diagram as a picture: one self-contained SVG.
//!
//! | part | file |
//! |---|---|
//! | title, heads, feet, legend | `frame.rs` |
//! | lifelines, outages, calls, cuts, breaks | `spans.rs` |
//! | messages | `arrows.rs` |
//! | what happens on one lifeline | `marks.rs` |
//! | where labels go | `labels.rs` |

mod arrows;
mod frame;
mod labels;
mod marks;
mod spans;

use netsplit_node::Trace;

use crate::layout::{Layout, lay_out};
use crate::options::Options;
use crate::scene::{ItemKind, Scene};

use arrows::Flight;
use labels::{Anchor, Face, NOBODY, Obstacles, Placed, Spot};
use netsplit_figure::palette::{GROUND, MONO};
use netsplit_figure::{Canvas, Point};

/// The width of the time axis at the left.
const AXIS: i32 = 74;
/// What stays free at the right.
const MARGIN: i32 = 20;
/// What stays free for the outcomes of the last lifeline's calls.
const OUTCOMES: i32 = 16;
/// Lifelines stand at least this far apart; the picture grows wider if it must.
const CLOSEST: i32 = 62;

/// A picture, and where things stand on it.
pub(crate) struct Drawing {
    pub svg: String,
    /// The place of each lifeline from the left.
    pub columns: Vec<i32>,
    /// The place of each item from the top.
    pub items: Vec<i32>,
    /// Where the lifelines begin and end.
    pub top: i32,
    pub bottom: i32,
}

/// Draws `scene`.
pub(crate) fn draw(scene: &Scene, trace: &Trace, options: &Options) -> Drawing {
    let count = scene.columns.len().max(1) as i32;
    let width = (options.width as i32).max(AXIS + MARGIN + OUTCOMES + CLOSEST * count);
    let spacing = (width - AXIS - MARGIN - OUTCOMES) / count;
    let columns: Vec<i32> = (0..count).map(|index| AXIS + spacing * index + spacing / 2).collect();
    let top = frame::top(scene, options);
    let layout = lay_out(scene, top + 22);
    let mut picture = Picture {
        scene,
        layout,
        columns,
        spacing,
        width,
        top,
        canvas: Canvas::default(),
        obstacles: Obstacles::between(AXIS - 6, width - 6),
    };
    let flights = arrows::flights(&picture);
    picture.draw_axis();
    picture.draw_walls();
    picture.draw_changes();
    picture.draw_outages();
    picture.draw_lifelines();
    picture.draw_breaks();
    picture.draw_calls();
    picture.block_labels(&flights);
    picture.draw_arrows(&flights);
    picture.draw_marks();
    picture.label_marks();
    picture.label_calls();
    picture.label_arrows(&flights);
    picture.label_walls();
    picture.label_changes();
    let height = picture.draw_frame(trace, options);
    let about = frame::about(scene, trace, options);
    let bottom = picture.bottom();
    let svg = picture.canvas.finish((width, height), &about);
    Drawing { svg, columns: picture.columns, items: picture.layout.of_item, top, bottom }
}

/// A picture in the making: what to show, where things stand, and what is drawn already.
struct Picture<'a> {
    scene: &'a Scene,
    layout: Layout,
    /// The place of each lifeline from the left.
    columns: Vec<i32>,
    spacing: i32,
    width: i32,
    /// Where the lifelines begin.
    top: i32,
    canvas: Canvas,
    obstacles: Obstacles,
}

impl Picture<'_> {
    /// Where the lifelines end.
    fn bottom(&self) -> i32 {
        self.layout.bottom + 22
    }

    /// The height of an item, or of the end at which a span leaves the picture.
    fn height_of(&self, item: Option<usize>, otherwise: i32) -> i32 {
        item.map_or(otherwise, |item| self.layout.of_item[item])
    }

    /// Tells the labels where lines and marks are.
    fn block_labels(&mut self, flights: &[Flight]) {
        let bottom = self.bottom();
        for &x in &self.columns {
            self.obstacles.add_stroke((x, self.top), (x, bottom), NOBODY, 4);
        }
        for flight in flights {
            self.obstacles.add_stroke(flight.from, flight.to, flight.message, 7);
            let (x, y) = flight.to;
            if matches!(flight.end, arrows::End::Lost { .. }) {
                self.obstacles.add_stroke((x - 4, y), (x + 4, y), NOBODY, 25);
            }
        }
        for (index, item) in self.scene.items.iter().enumerate() {
            if matches!(item.kind, ItemKind::Lost { .. }) {
                continue;
            }
            if let Some(column) = self.scene.column_of(item.kind) {
                let (x, y) = (self.columns[column], self.layout.of_item[index]);
                self.obstacles.add_stroke((x - 3, y), (x + 3, y), NOBODY, 30);
            }
        }
    }

    /// Writes a text on the best of some spots. A halo in the ground's colour keeps it readable across lines.
    fn label(&mut self, text: &str, style: Style, owner: usize, spots: &[Spot]) -> Option<Placed> {
        let placed = self.obstacles.place(text, style.face, owner, spots)?;
        let anchor = match placed.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let family = match style.face {
            Face::Code => format!(" font-family=\"{MONO}\""),
            Face::Words => String::new(),
        };
        let looks = format!(
            "font-size=\"11\" text-anchor=\"{anchor}\"{family} fill=\"{}\" {} stroke=\"{GROUND}\" stroke-width=\"4\" \
             stroke-linejoin=\"round\" paint-order=\"stroke\"",
            style.colour, style.more
        );
        self.canvas.about(style.about);
        self.canvas.text_along(placed.at, placed.along, &looks, &placed.text);
        Some(placed)
    }

    /// Spots beside a lifeline at a height: right of it, left of it, with less and less room.
    fn spots_beside(&self, column: usize, y: i32, face: Face, away: i32) -> Vec<Spot> {
        let x = self.columns[column];
        let last = column + 1 == self.columns.len();
        let right = if last { self.width - 8 - x - away } else { self.spacing * 2 - away };
        let rooms = [44, face.room(right), face.room(self.spacing - away - 8), 9];
        let side = |sign: i32, anchor, cost| {
            rooms.into_iter().map(move |room| Spot {
                at: (x + sign * away, y + 4),
                along: (1000, 0),
                anchor,
                room: room.min(44),
                cost,
            })
        };
        side(1, Anchor::Start, 0).chain(side(-1, Anchor::End, 4)).collect()
    }
}

/// How a label is written.
#[derive(Clone, Copy)]
struct Style {
    face: Face,
    colour: &'static str,
    /// Further attributes.
    more: &'static str,
    /// What it is about, for scripts.
    about: (&'static str, usize),
}

/// The place a part of the way from one place to another, in hundredths.
fn between((x0, y0): Point, (x1, y1): Point, hundredths: i32) -> Point {
    (x0 + (x1 - x0) * hundredths / 100, y0 + (y1 - y0) * hundredths / 100)
}
