//! What stands around the lifelines: the title, what is not drawn, names at the head, states at the foot, the legend.

use std::collections::BTreeSet;

use netsplit_node::Trace;
use netsplit_node::trace::{Cargo, OutcomeKind, Participant};

use crate::options::Options;
use crate::scene::{ItemKind, Mark, Scene};
use netsplit_figure::measure::{cut, wrap};

use super::arrows::cross;
use super::labels::Face;
use super::marks::draw_mark;
use super::{AXIS, MARGIN, Picture};
use netsplit_figure::palette::{
    CALL, CALL_GROUND, CLIENT, CLIENT_EDGE, DOUBT, DOUBT_GROUND, DOUBT_TEXT, FAINT, GOOD, GOOD_GROUND,
    GROUND, HARM, HARM_GROUND, INK, LIFELINE, MESSAGE, MONO, NODE, NODE_EDGE, PANEL, QUIET,
};
use netsplit_figure::{Canvas, Point};

const TITLE: i32 = 28;
const NOTICE: i32 = 16;
const HEAD: i32 = 30;
/// The lines of a node's state that are shown.
const STATE_LINES: usize = 4;

/// Where the lifelines begin: below the title, the notices and the heads.
pub(super) fn top(scene: &Scene, options: &Options) -> i32 {
    12 + if options.title.is_some() { TITLE } else { 0 } + scene.notice().map_or(0, |_| NOTICE) + HEAD
}

/// The picture in one sentence, for those who do not see it.
pub(super) fn about(scene: &Scene, trace: &Trace, options: &Options) -> String {
    let title = options.title.as_ref().map_or(String::new(), |title| format!("{title}. "));
    let names: Vec<&str> = scene.columns.iter().map(|column| column.name.as_str()).collect();
    format!(
        "{title}Space-time diagram of {}: {} events from {} to {}, {}",
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") },
        scene.items.len(),
        scene.start,
        scene.end,
        options.source(trace)
    )
}

impl Picture<'_> {
    /// Draws the frame; returns the height of the whole picture.
    pub(super) fn draw_frame(&mut self, trace: &Trace, options: &Options) -> i32 {
        let mut y = 12;
        if let Some(title) = &options.title {
            let room = Face::Words.room(self.width - 32);
            let looks = format!("font-size=\"16\" font-weight=\"700\" fill=\"{INK}\"");
            self.canvas.text((16, y + 16), &looks, &cut(title, room * 11 / 16));
            y += TITLE;
        }
        if let Some(notice) = self.scene.notice() {
            self.notice(&notice, y + 11);
            y += NOTICE;
        }
        self.draw_heads(y);
        let mut y = self.draw_feet(trace, self.bottom());
        if let Some(later) = &self.scene.later {
            self.notice(later, y + 14);
            y += NOTICE + 4;
        }
        y = self.draw_legend(y + 12);
        let looks = format!("font-size=\"10\" fill=\"{QUIET}\"");
        let text = format!(
            "{} · {} · time runs downwards, not to scale",
            options.source(trace),
            match self.scene.items.len() {
                1 => "1 event".to_owned(),
                count => format!("{count} events"),
            },
        );
        self.canvas.text((16, y + 12), &looks, &text);
        y + 24
    }

    fn notice(&mut self, text: &str, y: i32) {
        let looks = format!("font-size=\"11\" font-style=\"italic\" fill=\"{QUIET}\"");
        let room = Face::Words.room(self.width - 32);
        self.canvas.text((16, y), &looks, &cut(&format!("… {text}"), room));
    }

    fn draw_heads(&mut self, y: i32) {
        let looks = format!("font-size=\"10\" font-style=\"italic\" text-anchor=\"end\" fill=\"{QUIET}\"");
        self.canvas.text((AXIS - 22, y + 17), &looks, "time");
        let looks = format!("stroke=\"{QUIET}\" fill=\"none\"");
        self.canvas.path(&format!("M{} {} v13 m-3 -4 l3 4 l3 -4", AXIS - 15, y + 7), &looks);
        for (index, column) in self.scene.columns.iter().enumerate() {
            let x = self.columns[index];
            let room = self.spacing - 6;
            let lines = name_lines(&column.name, Face::Words.room(room - 8));
            let widest = lines.iter().map(|line| Face::Words.width(line) * 12 / 11).max().unwrap_or(0);
            let width = (widest + 26).clamp(44, room.max(44));
            let (round, fill, edge) = match column.kind {
                Participant::Node => (5, NODE, NODE_EDGE),
                Participant::Client => (13, CLIENT, CLIENT_EDGE),
            };
            let what = match column.kind {
                Participant::Node => "node",
                Participant::Client => "client",
            };
            let words = format!("{}, {what} {}", column.name, column.id);
            self.canvas.tagged(&[("c", index)], &words, |canvas| {
                let looks = format!("fill=\"{fill}\" stroke=\"{edge}\" stroke-width=\"1.5\"");
                canvas.rect((x - width / 2, y), (width, 26), round, &looks);
                let size = if lines.len() > 1 { 10 } else { 12 };
                for (number, line) in lines.iter().enumerate() {
                    let base = if lines.len() > 1 { y + 11 + 11 * number as i32 } else { y + 17 };
                    let looks = format!(
                        "font-size=\"{size}\" font-weight=\"600\" text-anchor=\"middle\" fill=\"{INK}\""
                    );
                    canvas.text((x, base), &looks, line);
                }
            });
        }
    }

    /// The ends of the lifelines: the arrow of time, and below it what the node was at that moment.
    fn draw_feet(&mut self, trace: &Trace, y: i32) -> i32 {
        let whole = self.scene.end == trace.until;
        let room = Face::Code.room(self.spacing - 14).min(40);
        let mut lowest = y + 8;
        for (index, column) in self.scene.columns.iter().enumerate() {
            let x = self.columns[index];
            self.canvas.path(&format!("M{} {} l10 0 l-5 8 Z", x - 5, y - 2), &format!("fill=\"{LIFELINE}\""));
            let Some(state) = column.state.as_ref().filter(|_| whole && room >= 8) else { continue };
            let mut lines = wrap(state, room);
            if lines.len() > STATE_LINES {
                lines.truncate(STATE_LINES);
                let last = lines.pop().unwrap_or_default();
                lines.push(cut(&format!("{last} …"), room));
            }
            let widest = lines.iter().map(|line| Face::Code.width(line) * 10 / 11).max().unwrap_or(0);
            let (width, height) = (widest + 12, 8 + 13 * lines.len() as i32);
            let words = format!("{} at {}: {state}", column.name, trace.until);
            self.canvas.group(&words, |canvas| {
                let looks = format!("fill=\"{PANEL}\" stroke=\"{FAINT}\"");
                canvas.rect((x - width / 2, y + 12), (width, height), 4, &looks);
                for (number, line) in lines.iter().enumerate() {
                    let looks = format!("font-size=\"10\" font-family=\"{MONO}\" fill=\"{INK}\"");
                    canvas.text((x - width / 2 + 6, y + 25 + 13 * number as i32), &looks, line);
                }
            });
            lowest = lowest.max(y + 14 + height);
        }
        if lowest > y + 8 {
            let looks =
                format!("font-size=\"10\" font-style=\"italic\" text-anchor=\"end\" fill=\"{QUIET}\"");
            self.canvas.text((AXIS - 10, y + 25), &looks, "at the end");
        }
        lowest
    }

    /// The signs that this picture uses, each with its meaning. Returns where it ends.
    fn draw_legend(&mut self, y: i32) -> i32 {
        let signs = signs(self.scene);
        if signs.is_empty() {
            return y;
        }
        self.canvas.line((16, y), (self.width - MARGIN, y), &format!("stroke=\"{FAINT}\""));
        let (mut x, mut row) = (16, y + 16);
        for sign in signs {
            let text = sign.meaning();
            let width = 36 + Face::Words.width(text) + 14;
            if x + width > self.width - MARGIN && x > 16 {
                (x, row) = (16, row + 19);
            }
            sign.draw(&mut self.canvas, (x, row));
            self.canvas.text((x + 32, row + 4), &format!("font-size=\"11\" fill=\"{QUIET}\""), text);
            x += width;
        }
        row + 14
    }
}

/// A name in one line if it fits, else in two, broken before its number.
fn name_lines(name: &str, room: usize) -> Vec<String> {
    match name.rsplit_once(' ') {
        Some((first, number)) if netsplit_figure::measure::cells(name) > room => {
            vec![cut(first, room), cut(number, room)]
        }
        _ => vec![cut(name, room)],
    }
}

/// What a legend explains, in the order of the legend.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Message,
    Request,
    Answer,
    Lost,
    Doubled,
    Ok,
    Fail,
    Unknown,
    Pending,
    /// Where a message leaves or arrives.
    Dot,
    Mark(Mark),
    Cut,
}

/// The signs that a scene uses.
fn signs(scene: &Scene) -> BTreeSet<Sign> {
    let mut signs = BTreeSet::new();
    for message in &scene.messages {
        if message.lost.is_some() {
            signs.insert(Sign::Lost);
        }
        if message.doubled {
            signs.insert(Sign::Doubled);
        }
        if !message.received.is_empty() || message.lost.is_none() {
            signs.insert(match message.cargo {
                Cargo::Message => Sign::Message,
                Cargo::Request => Sign::Request,
                Cargo::Response => Sign::Answer,
            });
        }
    }
    if !scene.messages.is_empty() {
        signs.insert(Sign::Dot);
    }
    for operation in &scene.operations {
        signs.insert(match operation.returned.as_ref().map(|(_, outcome, _)| outcome) {
            Some(OutcomeKind::Ok) => Sign::Ok,
            Some(OutcomeKind::Fail) => Sign::Fail,
            Some(OutcomeKind::Unknown) => Sign::Unknown,
            None => Sign::Pending,
        });
    }
    for item in &scene.items {
        if let ItemKind::Mark { mark, .. } = item.kind
            && mark != Mark::Note
        {
            signs.insert(Sign::Mark(mark));
        }
    }
    if !scene.walls.is_empty() {
        signs.insert(Sign::Cut);
    }
    signs
}

impl Sign {
    fn meaning(self) -> &'static str {
        match self {
            Sign::Message => "message",
            Sign::Request => "request",
            Sign::Answer => "answer",
            Sign::Lost => "never arrives",
            Sign::Doubled => "doubled by the network",
            Sign::Ok => "call: ok, it happened",
            Sign::Fail => "call: failed, it did not",
            Sign::Unknown => "call: unknown, may have happened",
            Sign::Pending => "call: still waits",
            Sign::Dot => "sends or receives",
            Sign::Mark(Mark::Starts) => "starts",
            Sign::Mark(Mark::Restarts) => "restarts",
            Sign::Mark(Mark::Timer) => "timer",
            Sign::Mark(Mark::Note) => "remark",
            Sign::Mark(Mark::Write) => "writes, not synced yet",
            Sign::Mark(Mark::Sync) => "disk synced",
            Sign::Mark(Mark::Crash) => "crash",
            Sign::Mark(Mark::Fault) => "fault",
            Sign::Mark(Mark::Pause) => "pause",
            Sign::Mark(Mark::Resume) => "goes on",
            Sign::Cut => "cut: nothing gets across",
        }
    }

    /// Draws the sign in the 26 pixels right of `at`.
    fn draw(self, canvas: &mut Canvas, at: Point) {
        let (x, y) = at;
        let arrow = |canvas: &mut Canvas, colour: &str, more: &str| {
            canvas.line((x, y), (x + 20, y), &format!("stroke=\"{colour}\" stroke-width=\"2\"{more}"));
        };
        let full_head = |canvas: &mut Canvas, colour: &str| {
            canvas.path(&format!("M{} {y} l-9 -4 l0 8 Z", x + 26), &format!("fill=\"{colour}\""));
        };
        let bar = |canvas: &mut Canvas, fill: &str, edge: &str, more: &str| {
            let looks = format!("fill=\"{fill}\" stroke=\"{edge}\" stroke-width=\"1.5\"{more}");
            canvas.rect((x + 2, y - 5), (22, 10), 3, &looks);
        };
        match self {
            Sign::Message => {
                arrow(canvas, MESSAGE, "");
                full_head(canvas, MESSAGE);
            }
            Sign::Request => {
                arrow(canvas, CALL, "");
                full_head(canvas, CALL);
            }
            Sign::Answer => {
                arrow(canvas, CALL, " stroke-dasharray=\"6 4\"");
                let looks = format!("stroke=\"{CALL}\" stroke-width=\"2\" fill=\"none\"");
                canvas.path(&format!("M{} {} l8 4 l-8 4", x + 17, y - 4), &looks);
            }
            Sign::Lost => {
                arrow(canvas, HARM, "");
                cross(canvas, (x + 20, y), 4);
            }
            Sign::Doubled => {
                canvas.rect(
                    (x + 3, y - 7),
                    (20, 14),
                    7,
                    &format!("fill=\"{GROUND}\" stroke=\"{DOUBT_TEXT}\""),
                );
                let looks = format!(
                    "font-size=\"10\" font-weight=\"700\" text-anchor=\"middle\" fill=\"{DOUBT_TEXT}\""
                );
                canvas.text((x + 13, y + 4), &looks, "×2");
            }
            Sign::Ok => bar(canvas, GOOD_GROUND, GOOD, ""),
            Sign::Fail => bar(canvas, HARM_GROUND, HARM, ""),
            Sign::Unknown => bar(canvas, DOUBT_GROUND, DOUBT, ""),
            Sign::Pending => bar(canvas, CALL_GROUND, CALL, " stroke-dasharray=\"4 3\""),
            Sign::Dot => canvas.dots(&[(x + 14, y)], 3, INK),
            Sign::Mark(mark) => draw_mark(canvas, mark, (x + 14, y)),
            Sign::Cut => {
                canvas.rect((x + 8, y - 8), (10, 16), 0, &format!("fill=\"{HARM}\" fill-opacity=\"0.16\""));
                let looks = format!("stroke=\"{HARM}\" stroke-width=\"2\" stroke-dasharray=\"3 5\"");
                canvas.line((x + 13, y - 8), (x + 13, y + 8), &looks);
            }
        }
    }
}
