//! What happens on one lifeline alone: starts and crashes, timers, remarks, the disk.

use netsplit_node::trace::Participant;

use crate::scene::{ItemKind, Mark};

use super::arrows::cross;
use super::labels::{Anchor, Face, NOBODY};
use super::{Picture, Style};
use netsplit_figure::palette::{
    DOUBT, DOUBT_TEXT, GOOD, GOOD_TEXT, GROUND, HARM_TEXT, INK, NOTE, NOTE_EDGE, QUIET,
};
use netsplit_figure::{Canvas, Point};

impl Picture<'_> {
    pub(super) fn draw_marks(&mut self) {
        for (index, item) in self.scene.items.iter().enumerate() {
            let y = self.layout.of_item[index];
            let words = format!("{} {}", item.time, item.words);
            if let ItemKind::Mark { column, mark } = item.kind {
                let at = (self.columns[column], y);
                self.canvas.tagged(&[("i", index)], &words, |canvas| draw_mark(canvas, mark, at));
            }
        }
        for (index, message) in self.scene.messages.iter().enumerate() {
            let sent = message.sent.map(|item| (message.from, item));
            let ends = sent.into_iter().chain(message.received.iter().map(|&item| (message.to, item)));
            let dots: Vec<Point> =
                ends.map(|(column, item)| (self.columns[column], self.layout.of_item[item])).collect();
            self.canvas.about(("m", index));
            self.canvas.dots(&dots, 3, INK);
        }
    }

    pub(super) fn label_marks(&mut self) {
        for (index, item) in self.scene.items.iter().enumerate() {
            let ItemKind::Mark { column, mark } = item.kind else { continue };
            if item.text.is_empty() {
                continue;
            }
            let y = self.layout.of_item[index];
            let (face, colour, more) = match mark {
                Mark::Timer if self.scene.columns[column].kind == Participant::Client => {
                    (Face::Words, QUIET, "")
                }
                Mark::Timer => (Face::Code, QUIET, ""),
                Mark::Note => (Face::Words, INK, ""),
                Mark::Crash => (Face::Words, HARM_TEXT, "font-weight=\"600\""),
                Mark::Restarts | Mark::Resume => (Face::Words, GOOD_TEXT, "font-weight=\"600\""),
                Mark::Fault => (Face::Words, DOUBT_TEXT, "font-weight=\"600\""),
                Mark::Pause => (Face::Words, QUIET, "font-weight=\"600\""),
                Mark::Starts | Mark::Write | Mark::Sync => (Face::Words, QUIET, ""),
            };
            let style = Style { face, colour, more, about: ("i", index) };
            let away = if mark == Mark::Note { 16 } else { 12 };
            let spots = self.spots_beside(column, y, face, away);
            if mark == Mark::Note {
                self.note(&item.text, &item.words, (self.columns[column], y), style, &spots);
            } else {
                self.label(&item.text, style, NOBODY, &spots);
            }
        }
    }

    /// A remark on a slip of paper that is pinned to the lifeline.
    fn note(&mut self, text: &str, words: &str, at: Point, style: Style, spots: &[super::labels::Spot]) {
        let Some(placed) = self.obstacles.place(text, style.face, NOBODY, spots) else { return };
        let left = if placed.anchor == Anchor::End { placed.at.0 - placed.width } else { placed.at.0 };
        let near = if placed.anchor == Anchor::End { placed.at.0 + 5 } else { placed.at.0 - 5 };
        self.canvas.tagged(&[style.about], words, |canvas| {
            canvas.line(at, (near, at.1), &format!("stroke=\"{NOTE_EDGE}\" stroke-width=\"1.5\""));
            let looks = format!("fill=\"{NOTE}\" stroke=\"{NOTE_EDGE}\"");
            canvas.rect((left - 5, at.1 - 8), (placed.width + 10, 16), 3, &looks);
            let length = format!("font-size=\"11\" fill=\"{}\"", style.colour);
            canvas.text((left, at.1 + 4), &length, &placed.text);
        });
    }
}

/// The sign of a mark on its lifeline.
pub(super) fn draw_mark(canvas: &mut Canvas, mark: Mark, at: Point) {
    let (x, y) = at;
    match mark {
        Mark::Starts => {
            canvas.circle(at, 4, &format!("fill=\"{GROUND}\" stroke=\"{INK}\" stroke-width=\"2\""))
        }
        Mark::Restarts | Mark::Resume => {
            let looks = format!("fill=\"{GOOD}\" stroke=\"{GROUND}\"");
            canvas.path(&format!("M{} {} l14 0 l-7 11 Z", x - 7, y - 5), &looks);
        }
        Mark::Timer => {
            canvas.circle(at, 6, &format!("fill=\"{GROUND}\" stroke=\"{QUIET}\" stroke-width=\"1.5\""));
            let hands =
                format!("stroke=\"{QUIET}\" stroke-width=\"1.5\" fill=\"none\" stroke-linecap=\"round\"");
            canvas.path(&format!("M{x} {} v4 h3", y - 4), &hands);
        }
        Mark::Note => canvas.circle(at, 3, &format!("fill=\"{NOTE_EDGE}\"")),
        Mark::Write => {
            let looks = format!("fill=\"{GROUND}\" stroke=\"{INK}\" stroke-width=\"1.5\"");
            canvas.rect((x - 4, y - 4), (8, 8), 0, &looks);
        }
        Mark::Sync => {
            canvas.rect((x - 5, y - 5), (10, 10), 0, &format!("fill=\"{INK}\" stroke=\"{GROUND}\""))
        }
        Mark::Crash => cross(canvas, at, 7),
        Mark::Fault => {
            let looks = format!("fill=\"{DOUBT}\" stroke=\"{GROUND}\"");
            canvas.path(&format!("M{x} {} l7 12 h-14 Z", y - 7), &looks);
        }
        Mark::Pause => {
            canvas.circle(at, 8, &format!("fill=\"{GROUND}\" stroke=\"{QUIET}\""));
            canvas.rect((x - 4, y - 4), (3, 8), 0, &format!("fill=\"{QUIET}\""));
            canvas.rect((x + 1, y - 4), (3, 8), 0, &format!("fill=\"{QUIET}\""));
        }
    }
}
