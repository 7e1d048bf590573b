//! Messages as arrows from the moment of sending to the moment of arrival: steep if they were slow, crossing if they overtook
//! each other, ending in a cross if they were lost.
//!
//! The line says what travels: a protocol's message is solid with a full head; a request as well, in the colour of calls; an
//! answer is dashed with an open head, as in UML.

use netsplit_node::trace::Cargo;

use crate::scene::{ItemKind, Message};

use super::labels::{Anchor, Face, Spot, direction};
use super::{Picture, Style, between};
use netsplit_figure::palette::{CALL, CALL_TEXT, DOUBT_TEXT, GROUND, HARM, HARM_TEXT, MESSAGE, MESSAGE_TEXT};
use netsplit_figure::{Canvas, Point};

/// One arrow.
pub(super) struct Flight {
    pub message: usize,
    pub from: Point,
    pub to: Point,
    pub end: End,
    /// How far from `to` the arrow's tip stays.
    short: i32,
    /// What happened, for the pointer.
    words: String,
}

/// How an arrow ends.
pub(super) enum End {
    Arrives,
    /// As one more copy of a message that has arrived already.
    ArrivesAgain,
    Lost {
        reason: String,
    },
    /// Neither had happened when the picture ends.
    UnderWay,
}

/// Arrows stop short of the dot on the lifeline, or of the sign of a call's outcome.
const DOT: i32 = 4;
const SIGN: i32 = 10;

/// All arrows of a picture, in the order of their messages.
pub(super) fn flights(picture: &Picture) -> Vec<Flight> {
    let scene = picture.scene;
    let mut flights = Vec::new();
    for (index, message) in scene.messages.iter().enumerate() {
        let told = |item: usize| format!("{} {}", scene.items[item].time, scene.items[item].words);
        let sent = message.sent.map(told);
        let words = |item: usize| sent.iter().cloned().chain([told(item)]).collect::<Vec<_>>().join("; ");
        for (copy, &item) in message.received.iter().enumerate() {
            let to = (picture.columns[message.to], picture.layout.of_item[item]);
            let end = if copy == 0 { End::Arrives } else { End::ArrivesAgain };
            let from = picture.departure(message, to);
            let short = if picture.ends_a_call(item) { SIGN } else { DOT };
            flights.push(Flight { message: index, from, to, end, short, words: words(item) });
        }
        if let Some((item, reason)) = &message.lost {
            let (from, to) = picture.lost_way(message, *item);
            let end = End::Lost { reason: reason.clone() };
            flights.push(Flight { message: index, from, to, end, short: 0, words: words(*item) });
        }
        if let (None, true, Some(item)) = (&message.lost, message.received.is_empty(), message.sent) {
            let from = (picture.columns[message.from], picture.layout.of_item[item]);
            let to = between(from, (picture.columns[message.to], from.1 + 30), 45);
            let end = End::UnderWay;
            flights.push(Flight { message: index, from, to, end, short: 0, words: told(item) });
        }
    }
    flights
}

impl Picture<'_> {
    /// Whether an arrival is at the place at which a call's outcome is shown.
    fn ends_a_call(&self, arrival: usize) -> bool {
        let after = self.scene.items[arrival + 1..].iter().enumerate().take(4);
        after.into_iter().any(|(distance, item)| {
            let index = arrival + 1 + distance;
            matches!(item.kind, ItemKind::Returned { .. })
                && self.scene.column_of(item.kind) == self.scene.column_of(self.scene.items[arrival].kind)
                && self.layout.of_item[index] == self.layout.of_item[arrival]
        })
    }

    /// Where a message that arrives at `to` comes from; one that was sent before the picture begins comes from close by.
    fn departure(&self, message: &Message, to: Point) -> Point {
        let x = self.columns[message.from];
        match message.sent {
            Some(item) => (x, self.layout.of_item[item]),
            None => between(to, (x, to.1 - 40), 45),
        }
    }

    /// The way of a lost message: up to the cut that stopped it, or a good part of the way.
    fn lost_way(&self, message: &Message, item: usize) -> (Point, Point) {
        let receiver = self.columns[message.to];
        let y = self.layout.of_item[item];
        let from = self.departure(message, (receiver, y));
        if y > from.1 {
            return (from, (receiver - (receiver - from.0).signum() * 14, y));
        }
        let part = if message.from == message.to { 100 } else { 60 };
        let stop = between(from, (receiver, y), part).0;
        (from, (self.wall_between(message, item).unwrap_or(stop), from.1 + 12))
    }

    /// The place of the cut that stands between the two ends of a message at an item, the one nearest to its sender.
    fn wall_between(&self, message: &Message, item: usize) -> Option<i32> {
        let (low, high) = (message.from.min(message.to), message.from.max(message.to));
        let stands = |wall: &&crate::scene::Wall| {
            let (from, to) = (wall.sides[message.from], wall.sides[message.to]);
            from.is_some()
                && to.is_some()
                && from != to
                && (!wall.one_way || from < to)
                && wall.from.is_none_or(|from| from < item)
                && wall.to.is_none_or(|to| to > item)
        };
        let places = self.scene.walls.iter().filter(stands).flat_map(|wall| self.wall_places(wall));
        let inside = places.filter(|&x| self.columns[low] < x && x < self.columns[high]);
        inside.min_by_key(|x| (x - self.columns[message.from]).abs())
    }

    pub(super) fn draw_arrows(&mut self, flights: &[Flight]) {
        for flight in flights {
            let message = &self.scene.messages[flight.message];
            let earlier = message.sent.is_none();
            let doubled = message.doubled && !matches!(flight.end, End::ArrivesAgain);
            let own = message.from == message.to;
            let colour = colour(flight, message.cargo);
            let answer = message.cargo == Cargo::Response;
            let dash = match flight.end {
                _ if answer => " stroke-dasharray=\"6 4\"",
                End::ArrivesAgain => " stroke-dasharray=\"2 3\"",
                _ => "",
            };
            let looks = format!("stroke=\"{colour}\" stroke-width=\"2\" fill=\"none\"{dash}");
            self.canvas.tagged(&[("m", flight.message)], &flight.words, |canvas| {
                if own {
                    return draw_loop(canvas, flight, &looks, colour);
                }
                let (along, length) = direction(flight.from, flight.to);
                let start = if earlier { flight.from } else { step(flight.from, along, DOT) };
                let end = match flight.end {
                    End::Arrives | End::ArrivesAgain => step(flight.to, along, -flight.short - 5),
                    End::Lost { .. } | End::UnderWay => flight.to,
                };
                canvas.line(start, end, &looks);
                if earlier {
                    dots(canvas, start, (-along.0, -along.1), colour);
                }
                match flight.end {
                    End::Arrives | End::ArrivesAgain => {
                        head(canvas, step(flight.to, along, -flight.short), along, answer, colour)
                    }
                    End::Lost { .. } => cross(canvas, flight.to, 5),
                    End::UnderWay => dots(canvas, end, along, colour),
                }
                if doubled && length > 40 {
                    twice(canvas, step(flight.from, along, 17));
                }
            });
        }
    }

    pub(super) fn label_arrows(&mut self, flights: &[Flight]) {
        for flight in flights {
            let message = &self.scene.messages[flight.message];
            let about = ("m", flight.message);
            let style =
                Style { face: Face::Code, colour: colour_of_text(flight, message.cargo), more: "", about };
            let harm = Style { face: Face::Words, colour: HARM_TEXT, more: "font-style=\"italic\"", about };
            let text = match &flight.end {
                End::ArrivesAgain => format!("copy: {}", message.text),
                End::Lost { reason } => {
                    let stub = (flight.to.0 - flight.from.0).abs();
                    if style.face.width(&message.text) + 16 > stub {
                        // No room over what there is of the arrow: all of it goes beside the cross.
                        let text = format!("{reason}: {}", message.text);
                        self.label(&text, harm, flight.message, &spots_around_cross(flight));
                        continue;
                    }
                    self.label(reason, harm, flight.message, &spots_around_cross(flight));
                    message.text.clone()
                }
                End::Arrives | End::UnderWay => message.text.clone(),
            };
            let own = message.from == message.to;
            let spots = if own { self.spots_beside_loop(flight) } else { self.spots_along(flight, message) };
            self.label(&text, style, flight.message, &spots);
        }
    }

    /// Spots along an arrow: above it or below, first in its middle; beside it if it is steep.
    fn spots_along(&self, flight: &Flight, message: &Message) -> Vec<Spot> {
        let (mut from, mut to) = (flight.from, flight.to);
        // The text of an arrow that is cut off may go on where the arrow does not.
        let stub = (to.0 - from.0).abs();
        if Face::Code.width(&message.text) + 16 <= stub {
            // It has room enough on the arrow.
        } else if matches!(flight.end, End::UnderWay) {
            to = extended(from, to, self.columns[message.to]);
        } else if message.sent.is_none() {
            from = extended(to, from, self.columns[message.from]);
        }
        let (left, right) = if from.0 <= to.0 { (from, to) } else { (to, from) };
        if (right.1 - left.1).abs() <= right.0 - left.0 {
            spots_above_and_below(left, right)
        } else {
            spots_beside_steep(from, to)
        }
    }

    fn spots_beside_loop(&self, flight: &Flight) -> Vec<Spot> {
        let (x, y) = between(flight.from, flight.to, 50);
        let spot =
            |room| Spot { at: (x + 34, y + 4), along: (1000, 0), anchor: Anchor::Start, room, cost: 0 };
        [40, 20, 10].map(spot).to_vec()
    }
}

fn colour(flight: &Flight, cargo: Cargo) -> &'static str {
    match (&flight.end, cargo) {
        (End::Lost { .. }, _) => HARM,
        (_, Cargo::Message) => MESSAGE,
        (_, Cargo::Request | Cargo::Response) => CALL,
    }
}

fn colour_of_text(flight: &Flight, cargo: Cargo) -> &'static str {
    match (&flight.end, cargo) {
        (End::Lost { .. }, _) => HARM_TEXT,
        (_, Cargo::Message) => MESSAGE_TEXT,
        (_, Cargo::Request | Cargo::Response) => CALL_TEXT,
    }
}

/// Spots along a line that is level enough for it.
fn spots_above_and_below(left: Point, right: Point) -> Vec<Spot> {
    let (along, length) = direction(left, right);
    let whole = Face::Code.room(length - 26);
    let mut spots = Vec::new();
    for (cost, part) in [(0, 50), (1, 40), (1, 60), (3, 30), (3, 70), (5, 22), (5, 78)] {
        let at = between(left, right, part);
        let above = (at.0 + along.1 * 5 / 1000, at.1 - along.0 * 5 / 1000);
        let below = (at.0 - along.1 * 13 / 1000, at.1 + along.0 * 13 / 1000);
        let fits = Face::Code.room(part.min(100 - part) * 2 * length / 100 - 12);
        for (room, over) in [(whole, 0), (fits, 0), (whole * 3 / 2, 30)] {
            let spot = |at, cost| Spot { at, along, anchor: Anchor::Middle, room: room.max(5), cost };
            spots.extend([spot(above, cost + over), spot(below, cost + over + 3)]);
        }
    }
    spots
}

/// Spots beside a line that is too steep to read along.
fn spots_beside_steep(from: Point, to: Point) -> Vec<Spot> {
    let mut spots = Vec::new();
    for (cost, part) in [(0, 50), (1, 35), (1, 65), (3, 20), (3, 80)] {
        let (x, y) = between(from, to, part);
        for room in [30, 18, 10] {
            let spot = |x, anchor| Spot { at: (x, y + 4), along: (1000, 0), anchor, room, cost };
            spots.extend([spot(x + 8, Anchor::Start), spot(x - 8, Anchor::End)]);
        }
    }
    spots
}

fn spots_around_cross(flight: &Flight) -> Vec<Spot> {
    let ((x, y), right) = (flight.to, flight.to.0 >= flight.from.0);
    let beside = |room, cost| {
        let (x, anchor) = if right { (x + 12, Anchor::Start) } else { (x - 12, Anchor::End) };
        Spot { at: (x, y + 4), along: (1000, 0), anchor, room, cost }
    };
    let under = |room, cost| Spot { at: (x, y + 17), along: (1000, 0), anchor: Anchor::Middle, room, cost };
    vec![
        beside(48, 0),
        under(48, 8),
        beside(36, 1),
        beside(24, 2),
        under(24, 9),
        beside(14, 3),
        under(14, 10),
    ]
}

/// The end of a line that goes on from `to` in its direction as far as the column at `x`.
fn extended(from: Point, to: Point, x: i32) -> Point {
    let reach = to.0 - from.0;
    if reach == 0 {
        return to;
    }
    (x, from.1 + (to.1 - from.1) * (x - from.0) / reach)
}

/// The place `pixels` from `at` along a direction.
fn step((x, y): Point, (a, b): Point, pixels: i32) -> Point {
    (x + a * pixels / 1000, y + b * pixels / 1000)
}

/// An arrow's head with its tip at `tip`: full, or open for an answer.
fn head(canvas: &mut Canvas, tip: Point, (a, b): Point, open: bool, colour: &str) {
    let back = step(tip, (a, b), -11);
    let (left, right) = (step(back, (-b, a), 5), step(back, (b, -a), 5));
    let ((tx, ty), (lx, ly), (rx, ry)) = (tip, left, right);
    if open {
        let looks = format!("stroke=\"{colour}\" stroke-width=\"2\" fill=\"none\" stroke-linejoin=\"round\"");
        let (sx, sy) = step(tip, (a, b), -8);
        canvas.line((sx, sy), tip, &looks);
        canvas.path(&format!("M{lx} {ly} L{tx} {ty} L{rx} {ry}"), &looks);
    } else {
        canvas.path(&format!("M{tx} {ty}L{lx} {ly} {rx} {ry}z"), &format!("fill=\"{colour}\""));
    }
}

/// A cross on a light ground: something ended here.
pub(super) fn cross(canvas: &mut Canvas, (x, y): Point, arm: i32) {
    let (l, r, u, d) = (x - arm, x + arm, y - arm, y + arm);
    let commands = format!("M{l} {u} L{r} {d} M{r} {u} L{l} {d}");
    canvas.path(
        &commands,
        &format!("stroke=\"{GROUND}\" stroke-width=\"6\" stroke-linecap=\"round\" fill=\"none\""),
    );
    canvas.path(
        &commands,
        &format!("stroke=\"{HARM}\" stroke-width=\"3\" stroke-linecap=\"round\" fill=\"none\""),
    );
}

/// Three dots that go on where an arrow is cut off by the picture.
fn dots(canvas: &mut Canvas, at: Point, along: Point, colour: &str) {
    for distance in [4, 9, 14] {
        canvas.circle(step(at, along, distance), 1, &format!("fill=\"{colour}\""));
    }
}

/// The sign that the network made a second copy.
fn twice(canvas: &mut Canvas, at: Point) {
    canvas.rect((at.0 - 10, at.1 - 7), (20, 14), 7, &format!("fill=\"{GROUND}\" stroke=\"{DOUBT_TEXT}\""));
    let looks = format!("font-size=\"10\" font-weight=\"700\" text-anchor=\"middle\" fill=\"{DOUBT_TEXT}\"");
    canvas.text((at.0, at.1 + 4), &looks, "×2");
}

/// A message to oneself: a loop to the right.
fn draw_loop(canvas: &mut Canvas, flight: &Flight, looks: &str, colour: &str) {
    let ((x, y0), (_, y1)) = (flight.from, flight.to);
    let (out, down) = (x + 30, y1.max(y0 + 12));
    canvas.path(&format!("M{} {y0} C{out} {y0} {out} {down} {} {down}", x + DOT, x + 10), looks);
    match flight.end {
        End::Lost { .. } => cross(canvas, (x + 12, down), 5),
        End::UnderWay => dots(canvas, (x + 12, down), (-1000, 0), colour),
        End::Arrives | End::ArrivesAgain => head(canvas, (x + DOT, down), (-1000, 0), false, colour),
    }
}
