//! Spans of a chart: shaded through the plot, named in lanes above it, where no name covers a value or another name.

use std::cell::RefCell;

use netsplit_figure::{Canvas, palette};
use plotters::element::{PathElement, Rectangle};
use plotters::style::Color;

use super::content::Content;
use super::looks::rgb;
use super::pen::{Finish, Stroke, put_down};
use super::plot::{Drawn, Plot};
use netsplit_figure::measure::{cells, cut};

const LANE: i32 = 17;
/// So many names stand above each other.
const MOST_LANES: usize = 5;
/// So many spans are shaded.
pub(crate) const MOST_SPANS: usize = 60;
/// The pixels of a letter of a name.
const LETTER: i32 = 6;

/// The lane of each span that is drawn; none for a name without room, which the pointer still finds.
pub(crate) struct Lanes {
    lanes: Vec<Option<usize>>,
}

impl Lanes {
    pub fn of(content: &Content) -> Lanes {
        // Pixels are not known yet, but their proportions are.
        let width = f64::from(content.width) - 110.0;
        let across = |value: f64| {
            let part = content.x.part(value);
            (part * width) as i32
        };
        let mut ends = [i32::MIN; MOST_LANES];
        let lanes = content.spans.iter().take(MOST_SPANS).map(|span| {
            let (from, to) = (across(span.from), across(span.to));
            let wide = cells(&label(&span.label)) as i32 * LETTER + 10;
            // A name that would leave the picture on the right stands to the left of its span's end.
            let (left, right) = if from + wide > width as i32 {
                (from.min(width as i32 - wide), width as i32)
            } else {
                (from, to.max(from + wide))
            };
            let lane = ends.iter().position(|end| *end <= left)?;
            ends[lane] = right + 6;
            Some(lane)
        });
        Lanes { lanes: lanes.collect() }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lanes.iter().flatten().max().map_or(0, |last| last + 1)
    }

    /// How many spans have no name in the picture.
    pub fn nameless(&self, content: &Content) -> usize {
        content.spans.len() - self.lanes.iter().flatten().count()
    }

    pub fn height(lanes: usize) -> i32 {
        if lanes == 0 { 0 } else { lanes as i32 * LANE + 4 }
    }

    /// Shades the spans, below everything else.
    pub fn shade(
        &self,
        content: &Content,
        plot: &Plot<'_>,
        strokes: &RefCell<Vec<Stroke>>,
        canvas: &mut Canvas,
    ) -> Drawn {
        let area = plot.plotting_area();
        let (low, high) = (content.y.low, content.y.high);
        for span in content.spans.iter().take(self.lanes.len()) {
            let drawn = if span.from == span.to {
                area.draw(&PathElement::new([(span.from, low), (span.from, high)], rgb(palette::DOUBT)))
            } else {
                area.draw(&Rectangle::new(
                    [(span.from, high), (span.to, low)],
                    rgb(palette::DOUBT_GROUND).filled(),
                ))
            };
            drawn?;
            let finish = if span.from == span.to {
                Finish { dash: "3 3", cover: 0 }
            } else {
                Finish { dash: "", cover: 55 }
            };
            canvas.group(&span.label, |canvas| put_down(strokes.take(), &finish, canvas));
        }
        Ok(())
    }
}

/// Draws the names, and a bar as long as the span under each.
pub(crate) fn draw_labels(
    content: &Content,
    lanes: &Lanes,
    plot: &Plot<'_>,
    plot_top: i32,
    canvas: &mut Canvas,
) {
    let (across, _) = plot.plotting_area().get_pixel_range();
    for (span, lane) in content.spans.iter().zip(&lanes.lanes) {
        let Some(lane) = lane else { continue };
        let pixel = |value: f64| plot.backend_coord(&(value, content.y.high)).0;
        let (from, to) = (pixel(span.from), pixel(span.to));
        let y = plot_top - 6 - *lane as i32 * LANE;
        let words = label(&span.label);
        let wide = cells(&words) as i32 * LETTER + 10;
        let (at, anchor) = if from + wide > across.end { (across.end, "end") } else { (from, "start") };
        let looks = format!("fill=\"{}\" font-size=\"11\" text-anchor=\"{anchor}\"", palette::DOUBT_TEXT);
        let bar = format!("fill=\"none\" stroke=\"{}\" stroke-width=\"2\"", palette::DOUBT);
        canvas.group(&span.label, |canvas| {
            canvas.line((from, y + 3), (to.max(from + 2), y + 3), &bar);
            canvas.text((at, y - 1), &looks, &words);
        });
    }
}

fn label(words: &str) -> String {
    cut(words, 44)
}
