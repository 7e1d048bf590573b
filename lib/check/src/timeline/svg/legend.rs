//! What stands below a timeline: times, what the marks mean, and what is not drawn.

use netsplit_figure::Canvas;
use netsplit_figure::markup::visible;
use netsplit_figure::measure::{cells, wrap};
use netsplit_figure::palette::{
    CALL, CALL_GROUND, DOUBT, DOUBT_GROUND, GOOD, GOOD_GROUND, HARM, HARM_GROUND, HARM_TEXT, INK, PANEL,
    QUIET,
};

use super::{LETTER, MARGIN, Picture, draw_arrival, draw_point, pixels};
use crate::timeline::words::{self, Mark};

impl Picture<'_> {
    /// Times below the columns, as many as there is room for.
    pub(super) fn draw_times(&mut self) {
        let (mut free, mut said) = (i32::MIN, None);
        let y = self.y;
        for (time, x) in self.axis.ticks() {
            self.canvas.line((x, y), (x, y + 4), &format!("stroke=\"{QUIET}\""));
            let text = time.to_string();
            let half = pixels(cells(&text)) / 2;
            if said != Some(time) && x - half > free {
                let looks = format!("font-size=\"10\" text-anchor=\"middle\" fill=\"{QUIET}\"");
                self.canvas.text((x, y + 15), &looks, &text);
                (free, said) = (x + half + 4, Some(time));
            }
        }
        self.y += 24;
    }

    pub(super) fn draw_legend(&mut self) {
        let looks = format!("font-size=\"11\" fill=\"{QUIET}\"");
        let mut x = MARGIN;
        for mark in words::legend(self.scene) {
            let needed = 30 + pixels(cells(mark.meaning()));
            if x > MARGIN && x + needed > self.width - MARGIN {
                (x, self.y) = (MARGIN, self.y + 18);
            }
            draw_sample(&mut self.canvas, mark, (x, self.y + 2));
            self.canvas.text((x + 26, self.y + 11), &looks, mark.meaning());
            x += needed + 14;
        }
        self.y += 20;
    }

    pub(super) fn draw_notes(&mut self) {
        let looks = format!("font-size=\"11\" font-style=\"italic\" fill=\"{QUIET}\"");
        let room = ((self.width - 2 * MARGIN) * 100 / LETTER) as usize;
        let notes = self.scene.notes.iter().chain(&self.notes);
        for line in notes.flat_map(|note| wrap(&visible(note), room)) {
            self.canvas.text((MARGIN, self.y + 11), &looks, &line);
            self.y += 16;
        }
    }
}

/// What a mark of the legend looks like, in a box of 22 by 12.
fn draw_sample(canvas: &mut Canvas, mark: Mark, (x, y): (i32, i32)) {
    let bar = |canvas: &mut Canvas, looks: &str| canvas.rect((x, y), (20, 10), 3, looks);
    let words = format!("font-size=\"11\" font-weight=\"600\" fill=\"{INK}\"");
    match mark {
        Mark::Ok => bar(canvas, &format!("fill=\"{GOOD_GROUND}\" stroke=\"{GOOD}\" stroke-width=\"1.5\" ")),
        Mark::Fail => {
            bar(canvas, &format!("fill=\"{HARM_GROUND}\" stroke=\"{HARM}\" stroke-width=\"1.5\" "));
            let looks = format!("stroke=\"{HARM}\" stroke-width=\"2.5\" fill=\"none\"");
            canvas.path(&format!("M{} {} l8 8 m0 -8 l-8 8", x + 13, y + 1), &looks);
        }
        Mark::Unknown | Mark::Pending => {
            let (ground, edge, sign) = match mark {
                Mark::Unknown => (DOUBT_GROUND, DOUBT, "?"),
                _ => (CALL_GROUND, CALL, "›"),
            };
            let looks =
                format!("fill=\"{ground}\" stroke=\"{edge}\" stroke-width=\"1.5\" stroke-dasharray=\"4 3\"");
            bar(canvas, &looks);
            canvas.text((x + 11, y + 9), &words, sign);
        }
        Mark::Moment | Mark::MomentOfPart | Mark::Number => draw_point(canvas, (x + 12, y + 5), 1),
        Mark::Arrival => draw_arrival(canvas, (x + 11, y + 4)),
        Mark::Accused => {
            canvas.text((x + 8, y + 9), &format!("font-weight=\"600\" fill=\"{HARM_TEXT}\""), "✗")
        }
        Mark::Reason => canvas.text((x + 8, y + 9), &words, "▲"),
        Mark::Window => {
            canvas.rect((x, y - 1), (20, 12), 0, &format!("fill=\"{HARM_GROUND}\""));
            canvas.path(
                &format!("M{x} {} v12 m20 0 v-12", y - 1),
                &format!("stroke=\"{HARM}\" stroke-width=\"1.5\" fill=\"none\""),
            );
        }
        Mark::Fault => canvas.rect((x, y), (20, 10), 2, &format!("fill=\"{PANEL}\" stroke=\"{QUIET}\"")),
    }
}
