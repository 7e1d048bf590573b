//! What lasts: lifelines, the times in which a node is down or paused, calls, cuts, and the breaks of the time axis.

use std::collections::BTreeMap;
use std::fmt::Write;

use netsplit_node::Time;
use netsplit_node::trace::OutcomeKind;

use crate::layout::roughly;
use crate::scene::{ItemKind, Wall};

use super::labels::{Anchor, Face, NOBODY, Spot};
use super::{AXIS, MARGIN, Picture, Style};
use netsplit_figure::Canvas;
use netsplit_figure::palette::{
    CALL, CALL_GROUND, DOUBT, DOUBT_GROUND, DOUBT_TEXT, FAINT, GOOD, GOOD_GROUND, GOOD_TEXT, GROUND, HARM,
    HARM_GROUND, HARM_TEXT, INK, LIFELINE, ON_MARK, QUIET,
};

impl Picture<'_> {
    /// The times at the left, each with a faint line across, as many as can be read.
    pub(super) fn draw_axis(&mut self) {
        let mut free = i32::MIN;
        let mut said: Option<String> = None;
        let mut grid = String::new();
        for &(time, y) in &self.layout.moments {
            let text = time.to_string();
            if y < free || said.as_ref() == Some(&text) {
                continue;
            }
            let _ = write!(grid, "M{} {y}H{}", AXIS - 6, self.width - MARGIN);
            let looks = format!("font-size=\"10\" text-anchor=\"end\" fill=\"{QUIET}\"");
            self.canvas.text((AXIS - 10, y + 3), &looks, &text);
            free = y + 13;
            said = Some(text);
        }
        self.canvas.path(&grid, &format!("stroke=\"{FAINT}\""));
    }

    pub(super) fn draw_lifelines(&mut self) {
        let looks = format!("stroke=\"{LIFELINE}\" stroke-width=\"2\"");
        let absent = format!("stroke=\"{LIFELINE}\" stroke-dasharray=\"1 5\"");
        for (index, column) in self.scene.columns.iter().enumerate() {
            let x = self.columns[index];
            let mut from = self.top;
            if let Some(item) = column.begins.filter(|&item| self.scene.items[item].time > self.scene.start) {
                let begin = self.layout.of_item[item];
                self.canvas.line((x, from), (x, begin), &absent);
                from = begin;
            }
            let down: Vec<(i32, i32)> = self
                .scene
                .outages
                .iter()
                .filter(|outage| outage.column == index && outage.crashed)
                .map(|outage| {
                    (self.height_of(outage.from, self.top), self.height_of(outage.to, self.bottom()))
                })
                .collect();
            for (crash, restart) in down {
                self.canvas.line((x, from), (x, crash), &looks);
                self.canvas.line((x, crash), (x, restart), &absent);
                from = restart;
            }
            self.canvas.line((x, from), (x, self.bottom()), &looks);
        }
    }

    /// A node that is down has a tinted band, a paused one a hatched band.
    pub(super) fn draw_outages(&mut self) {
        for (index, outage) in self.scene.outages.iter().enumerate() {
            let x = self.columns[outage.column];
            let from = self.height_of(outage.from, self.top);
            let to = self.height_of(outage.to, self.bottom());
            let name = &self.scene.columns[outage.column].name;
            let words = if outage.crashed { format!("{name} is down") } else { format!("{name} is paused") };
            self.canvas.tagged(&[("x", index)], &words, |canvas| {
                let colour = if outage.crashed { HARM } else { LIFELINE };
                let looks = format!("fill=\"{colour}\" fill-opacity=\"0.14\"");
                canvas.rect((x - 12, from), (24, to - from), 4, &looks);
                if !outage.crashed {
                    let hatch = (from + 8..to).step_by(8).map(|y| format!("M{} {y} l20 -6", x - 10));
                    let looks = format!("stroke=\"{LIFELINE}\" fill=\"none\"");
                    canvas.path(&hatch.collect::<Vec<_>>().join(" "), &looks);
                }
            });
        }
    }

    /// A break: a torn strip in the ground's colour, with the time that it stands for.
    pub(super) fn draw_breaks(&mut self) {
        for pause in &self.layout.breaks {
            let middle = (pause.from + pause.to) / 2;
            let (left, right) = (AXIS - 6, self.width - MARGIN);
            let words = format!("{} in which nothing is recorded; not to scale", pause.length);
            self.canvas.group(&words, |canvas| {
                let waves = (right - left) / 32;
                let wave = |y: i32| format!("M{left} {y}q16-12 32 0{}", "t32 0".repeat(waves as usize - 1));
                let span = waves * 32;
                canvas.rect((left, middle - 4), (span, 8), 0, &format!("fill=\"{GROUND}\""));
                let looks = format!("stroke=\"{LIFELINE}\" stroke-opacity=\"0.6\" fill=\"none\"");
                canvas.path(&wave(middle - 4), &looks);
                canvas.path(&wave(middle + 4), &looks);
                let looks =
                    format!("font-size=\"10\" font-style=\"italic\" text-anchor=\"end\" fill=\"{QUIET}\"");
                canvas.text((AXIS - 10, middle + 3), &looks, &format!("+{}", roughly(pause.length)));
            });
        }
    }

    /// Calls of clients as bars on their lifelines, coloured by their outcome.
    pub(super) fn draw_calls(&mut self) {
        for (index, operation) in self.scene.operations.iter().enumerate() {
            let x = self.columns[operation.column] + 6 * self.lane(index);
            let from = self.height_of(operation.invoked, self.top);
            let ended = operation.returned.as_ref();
            let to = self.height_of(ended.map(|(item, ..)| *item), self.bottom());
            let (edge, fill) = match ended.map(|(_, outcome, _)| *outcome) {
                Some(OutcomeKind::Ok) => (GOOD, GOOD_GROUND),
                Some(OutcomeKind::Fail) => (HARM, HARM_GROUND),
                Some(OutcomeKind::Unknown) => (DOUBT, DOUBT_GROUND),
                None => (CALL, CALL_GROUND),
            };
            let dash = if ended.is_none() { " stroke-dasharray=\"4 3\"" } else { "" };
            let said = ended.map_or("still waits", |(_, _, text)| text.as_str());
            let times = self.span_of(operation.invoked, ended.map(|(item, ..)| *item));
            self.canvas.tagged(&[("o", index)], &format!("{}: {said}{times}", operation.text), |canvas| {
                let looks = format!("fill=\"{fill}\" stroke=\"{edge}\" stroke-width=\"1.5\"{dash}");
                canvas.rect((x - 5, from), (10, (to - from).max(6)), 3, &looks);
            });
        }
    }

    /// Calls of one client that overlap stand beside each other.
    fn lane(&self, index: usize) -> i32 {
        let operation = &self.scene.operations[index];
        let begin = operation.invoked.unwrap_or(0);
        let open = |other: &&crate::scene::Operation| {
            other.column == operation.column && other.returned.as_ref().is_none_or(|(item, ..)| *item > begin)
        };
        self.scene.operations[..index].iter().filter(open).count().min(4) as i32
    }

    fn span_of(&self, from: Option<usize>, to: Option<usize>) -> String {
        let time = |item: usize| -> Time { self.scene.items[item].time };
        match (from.map(time), to.map(time)) {
            (Some(from), Some(to)) => format!(" ({from} to {to}, {})", to - from),
            (Some(from), None) => format!(" (since {from})"),
            _ => String::new(),
        }
    }

    pub(super) fn label_calls(&mut self) {
        for index in 0..self.scene.operations.len() {
            let operation = &self.scene.operations[index];
            let column = operation.column;
            let away = 11 + 6 * self.lane(index);
            if let Some(item) = operation.invoked
                && !self.scene.request_says_it(item, &operation.text)
            {
                let style = Style { face: Face::Code, colour: INK, more: "", about: ("o", index) };
                let spots = self.spots_beside(column, self.layout.of_item[item], style.face, away);
                self.label(&operation.text, style, NOBODY, &spots);
            }
            let Some((item, outcome, text)) = &operation.returned else { continue };
            let (x, y) = (self.columns[column] + 6 * self.lane(index), self.layout.of_item[*item]);
            let (colour, ink) = match outcome {
                OutcomeKind::Ok => (GOOD, GOOD_TEXT),
                OutcomeKind::Fail => (HARM, HARM_TEXT),
                OutcomeKind::Unknown => (DOUBT, DOUBT_TEXT),
            };
            self.canvas.tagged(&[("o", index)], self.scene.items[*item].words.as_str(), |canvas| {
                canvas.circle(
                    (x, y),
                    8,
                    &format!("fill=\"{colour}\" stroke=\"{GROUND}\" stroke-width=\"1.5\""),
                );
                let looks =
                    format!("stroke=\"{GROUND}\" stroke-width=\"2\" stroke-linecap=\"round\" fill=\"none\"");
                match outcome {
                    OutcomeKind::Ok => canvas.path(&format!("M{} {y} l3 3 l5 -6", x - 4), &looks),
                    OutcomeKind::Fail => {
                        canvas.path(&format!("M{} {} l6 6 m0 -6 l-6 6", x - 3, y - 3), &looks)
                    }
                    OutcomeKind::Unknown => {
                        let looks = format!(
                            "font-size=\"12\" font-weight=\"700\" text-anchor=\"middle\" fill=\"{ON_MARK}\""
                        );
                        canvas.text((x, y + 4), &looks, "?");
                    }
                }
            });
            if self.scene.answer_says_it(*item, text) {
                continue;
            }
            let style =
                Style { face: Face::Code, colour: ink, more: "font-weight=\"600\"", about: ("o", index) };
            let spots = self.spots_beside(column, y, style.face, away + 3);
            self.label(text, style, NOBODY, &spots);
        }
    }

    /// The places at which a cut stands between two lifelines; none if its groups are so mixed that walls would say too much:
    /// all but one must stand side by side, the one may lie around the others.
    pub(super) fn wall_places(&self, wall: &Wall) -> Vec<i32> {
        let grouped = wall.sides.iter().enumerate();
        let members: Vec<(usize, usize)> =
            grouped.filter_map(|(column, side)| Some((column, (*side)?))).collect();
        let mut runs: BTreeMap<usize, usize> = BTreeMap::new();
        for run in members.chunk_by(|(_, one), (_, next)| one == next) {
            *runs.entry(run[0].1).or_default() += 1;
        }
        if runs.values().filter(|&&count| count > 1).count() > 1 {
            return Vec::new();
        }
        let borders = members.windows(2).filter(|pair| pair[0].1 != pair[1].1);
        borders.map(|pair| (self.columns[pair[1].0 - 1] + self.columns[pair[1].0]) / 2).collect()
    }

    /// Cuts as walls between the lifelines that do not reach each other, from the cut to its healing.
    pub(super) fn draw_walls(&mut self) {
        for (index, wall) in self.scene.walls.iter().enumerate() {
            let from = self.height_of(wall.from, self.top);
            let to = self.height_of(wall.to, self.bottom());
            let words = format!("cut {}: {}", wall.cut, wall.text);
            let places: Vec<(i32, bool)> =
                self.wall_places(wall).into_iter().map(|x| (x, self.stops_rightwards(wall, x))).collect();
            let (left, right) = (AXIS - 6, self.width - MARGIN);
            self.canvas.tagged(&[("w", index)], &words, |canvas| {
                let tint = format!("fill=\"{HARM}\" fill-opacity=\"0.045\"");
                canvas.rect((left, from), (right - left, to - from), 0, &tint);
                for &(x, rightwards) in &places {
                    canvas.rect(
                        (x - 5, from),
                        (10, to - from),
                        0,
                        &format!("fill=\"{HARM}\" fill-opacity=\"0.16\""),
                    );
                    let looks = format!("stroke=\"{HARM}\" stroke-width=\"2\" stroke-dasharray=\"3 5\"");
                    canvas.line((x, from), (x, to), &looks);
                    if wall.one_way {
                        draw_direction(canvas, (x, from, to), rightwards);
                    }
                }
                let edge =
                    |colour| format!("stroke=\"{colour}\" stroke-width=\"1.5\" stroke-dasharray=\"8 4\"");
                if wall.from.is_some() {
                    canvas.line((left, from), (right, from), &edge(HARM));
                }
                if wall.to.is_some() {
                    canvas.line((left, to), (right, to), &edge(GOOD));
                }
            });
        }
    }

    /// Whether a one-way wall at `x` stops what comes from its left.
    fn stops_rightwards(&self, wall: &Wall, x: i32) -> bool {
        let left_of = self.columns.iter().rposition(|&column| column < x);
        left_of.is_some_and(|column| wall.sides[..=column].iter().rev().flatten().next() == Some(&0))
    }

    /// What was cut and when it was healed, on the lines that begin and end it.
    pub(super) fn label_walls(&mut self) {
        for wall in &self.scene.walls {
            let healed = format!("cut {} is healed", wall.cut);
            let cut = format!("cut {}: {}", wall.cut, wall.text);
            for (item, text, colour) in [(wall.from, cut, HARM_TEXT), (wall.to, healed, GOOD_TEXT)] {
                let Some(item) = item else { continue };
                self.plate(&text, colour, self.layout.of_item[item]);
            }
        }
    }

    /// What changes about the whole world, as a thin line across.
    pub(super) fn draw_changes(&mut self) {
        for (y, words) in self.changes() {
            self.canvas.group(&words, |canvas| {
                let looks = format!("stroke=\"{QUIET}\" stroke-dasharray=\"2 4\"");
                canvas.line((AXIS - 6, y), (self.width - MARGIN, y), &looks);
            });
        }
    }

    pub(super) fn label_changes(&mut self) {
        for (y, words) in self.changes() {
            self.plate(&words, QUIET, y);
        }
    }

    /// Where something about the whole world changes, and what.
    fn changes(&self) -> Vec<(i32, String)> {
        let items = self.scene.items.iter().zip(&self.layout.of_item);
        let changes = items.filter(|(item, _)| item.kind == ItemKind::World);
        changes.map(|(item, &y)| (y, item.text.clone())).collect()
    }

    /// A text on a plate of its own, at the right or the left end of a line across the picture.
    fn plate(&mut self, text: &str, colour: &'static str, y: i32) {
        let right = self.width - MARGIN - 10;
        let spot = |at, anchor, cost| {
            [84, 40, 24].map(|room| Spot { at: (at, y + 4), along: (1000, 0), anchor, room, cost })
        };
        let spots = [spot(right, Anchor::End, 0), spot(AXIS + 8, Anchor::Start, 2)].concat();
        let Some(placed) = self.obstacles.place(text, Face::Words, NOBODY, &spots) else { return };
        let width = placed.width * 108 / 100 + 12;
        let left = if placed.anchor == Anchor::End { right - width + 6 } else { placed.at.0 - 6 };
        let looks = format!("fill=\"{GROUND}\" stroke=\"{colour}\"");
        self.canvas.rect((left, y - 9), (width, 18), 9, &looks);
        let looks = format!("font-size=\"11\" font-weight=\"600\" text-anchor=\"middle\" fill=\"{colour}\"");
        self.canvas.text((left + width / 2, y + 4), &looks, &placed.text);
    }
}

/// Signs along a wall that stops one direction only: an arrowhead that runs against a bar.
fn draw_direction(canvas: &mut Canvas, (x, from, to): (i32, i32, i32), rightwards: bool) {
    let way = if rightwards { 1 } else { -1 };
    for y in (from + 12..to - 4).step_by(36) {
        canvas.path(
            &format!("M{} {} l{} 5 l{} 5 Z", x - 9 * way, y - 5, 8 * way, -8 * way),
            &format!("fill=\"{HARM}\""),
        );
        let bar = format!("stroke=\"{HARM}\" stroke-width=\"2.5\"");
        canvas.line((x + 2 * way, y - 6), (x + 2 * way, y + 6), &bar);
    }
}
