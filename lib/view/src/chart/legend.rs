//! The legend: above the plot, where it covers nothing.

use netsplit_figure::{Canvas, Point, palette};

use super::Shape;
use super::content::{Content, Shown};
use super::looks::Mark;
use super::pen::{Stroke, put_down};
use super::shapes::MARKED;
use netsplit_figure::measure::cells;

const ROW: i32 = 20;
/// Of the line or mark before a name.
const SAMPLE: i32 = 26;

/// Where each entry stands, from the legend's upper left corner.
pub(crate) struct Legend {
    places: Vec<Point>,
    rows: i32,
}

impl Legend {
    /// A legend of at most this width; one series without a name needs none.
    pub fn of(content: &Content, width: i32) -> Legend {
        let entries: Vec<&Shown> = content.entries().collect();
        if entries.iter().all(|series| series.name.is_empty()) {
            return Legend { places: Vec::new(), rows: 0 };
        }
        let (mut places, mut x, mut row) = (Vec::new(), 0, 0);
        for series in entries {
            let wide = width_of(series);
            if x > 0 && x + wide > width {
                (x, row) = (0, row + 1);
            }
            places.push((x, row * ROW));
            x += wide + 16;
        }
        Legend { places, rows: row + 1 }
    }

    pub fn height(&self) -> i32 {
        self.rows * ROW
    }

    pub fn draw(&self, content: &Content, top: i32, canvas: &mut Canvas) {
        for (series, (x, y)) in content.entries().zip(&self.places) {
            let (left, middle) = (20 + x, top + y + ROW / 2);
            let finish = series.finish();
            canvas.tagged(&[("e", series.entry)], "", |canvas| {
                // What a pointer hits is more than the letters.
                let all = format!("fill=\"{}\"", palette::GROUND);
                canvas.rect((left - 4, middle - 9), (width_of(series) + 8, 18), 4, &all);
                put_down(sample(series, (left, middle)), &finish, canvas);
                let words = format!("fill=\"{}\"", palette::INK);
                canvas.text((left + SAMPLE + 6, middle + 4), &words, &series.name);
            });
        }
    }
}

fn width_of(series: &Shown) -> i32 {
    SAMPLE + 6 + cells(&series.name) as i32 * 7
}

/// The look of a series in small.
fn sample(series: &Shown, (left, middle): Point) -> Vec<Stroke> {
    let colour = series.look.colour.to_owned();
    let line = Stroke::Line {
        through: vec![(left, middle), (left + SAMPLE, middle)],
        colour: colour.clone(),
        width: 2,
    };
    let centre = (left + SAMPLE / 2, middle);
    let mark = match series.look.mark {
        Mark::Disc => Stroke::Disc { at: centre, radius: 3, colour: colour.clone() },
        mark => {
            let outline = mark.outline().iter().map(|(x, y)| (centre.0 + x, centre.1 + y)).collect();
            Stroke::Area { outline, colour: colour.clone() }
        }
    };
    let block = |at: Point, size: Point| Stroke::Rect { at, size, colour: colour.clone() };
    match series.shape {
        Shape::Line if series.points.len() <= MARKED => vec![line, mark],
        Shape::Line | Shape::Steps => vec![line],
        Shape::Points | Shape::Ranges => vec![mark],
        Shape::Band => vec![block((left, middle - 6), (SAMPLE, 12))],
        Shape::Bars if series.look.stripes == 0 => vec![block((left + 4, middle - 6), (18, 12))],
        Shape::Bars => {
            let edge = vec![(4, -6), (22, -6), (22, 6), (4, 6), (4, -6)];
            let through = edge.into_iter().map(|(x, y)| (left + x, middle + y)).collect();
            let stripe = |y: i32| block((left + 4, middle + y), (18, 1));
            let stripes = (-6 + series.look.stripes..6).step_by(series.look.stripes as usize).map(stripe);
            let edge = Stroke::Line { through, colour: colour.clone(), width: 2 };
            std::iter::once(edge).chain(stripes).collect()
        }
    }
}
