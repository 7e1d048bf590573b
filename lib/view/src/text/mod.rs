//! The diagram as text: for terminals, logs, and front ends that show no pictures.
//!
//! One row is one event, the earliest at the top. A message has a number: its sender's row says "sends 3", and the arrow stands
//! in the row of its arrival, so that what overtakes what can be read from top to bottom. Lines are ASCII; texts are what they are.

mod row;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use netsplit_figure::markup::visible;
use netsplit_node::trace::{Cargo, OutcomeKind, Participant};
use netsplit_node::{Time, Trace};

use crate::layout::{Break, lay_out};
use crate::options::Options;
use crate::scene::{ItemKind, Mark, Scene};
use netsplit_figure::measure::{cells, cut_with};

use row::{Line, Row, WIDTH};

/// The width of the times at the left.
const AXIS: usize = 11;
/// Texts that were cut short in the picture are given below it, so many at most.
const FOOTNOTES: usize = 20;

/// Draws `scene`.
pub(crate) fn draw(scene: &Scene, trace: &Trace, options: &Options) -> String {
    let mut page = Page::new(scene);
    page.heads(options);
    for index in 0..scene.items.len() {
        page.item(index);
    }
    page.flush();
    page.until(scene.end);
    page.feet(trace, options);
    page.lines.join("\n")
}

/// A page in the making.
struct Page<'a> {
    scene: &'a Scene,
    breaks: Vec<Break>,
    /// The place of each lifeline.
    columns: Vec<usize>,
    spacing: usize,
    lines: Vec<String>,
    /// The row that is not finished: the next event may still add to it.
    row: Option<Pending>,
    /// The letter of each lifeline: how its owner is.
    letters: Vec<char>,
    /// How many calls each column waits for.
    waiting: Vec<usize>,
    /// The numbers of messages, in the order of their rows.
    numbers: BTreeMap<usize, usize>,
    footnotes: BTreeMap<usize, String>,
    /// The moment of the last row.
    said: Option<Time>,
}

/// A row to which words may still be added.
struct Pending {
    time: Time,
    column: usize,
    row: Row,
    sides: Sides,
    words: Vec<String>,
    /// Whether a mark has taken the row.
    marked: bool,
}

/// Where words may stand in a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sides {
    Both,
    /// An arrow comes from the left.
    Right,
    /// An arrow comes from the right, and words left of it would be read before it.
    Neither,
}

impl<'a> Page<'a> {
    fn new(scene: &'a Scene) -> Page<'a> {
        let count = scene.columns.len().max(1);
        let spacing = ((WIDTH - AXIS) / count).min(32);
        let columns = (0..count).map(|index| AXIS + spacing * index + spacing / 2).collect();
        let letter = |begins: Option<usize>| {
            begins.filter(|&item| scene.items[item].time > scene.start).map_or('|', |_| ' ')
        };
        let mut letters: Vec<char> = scene.columns.iter().map(|column| letter(column.begins)).collect();
        let mut waiting = vec![0; count];
        for outage in scene.outages.iter().filter(|outage| outage.from.is_none()) {
            letters[outage.column] = if outage.crashed { ' ' } else { '%' };
        }
        for operation in scene.operations.iter().filter(|operation| operation.invoked.is_none()) {
            waiting[operation.column] += 1;
        }
        Page {
            scene,
            breaks: lay_out(scene, 0).breaks,
            columns,
            spacing,
            lines: Vec::new(),
            row: None,
            letters,
            waiting,
            numbers: BTreeMap::new(),
            footnotes: BTreeMap::new(),
            said: None,
        }
    }

    fn heads(&mut self, options: &Options) {
        if let Some(title) = &options.title {
            self.lines.push(cut_with(&visible(title), WIDTH, ".."));
        }
        if let Some(notice) = self.scene.notice() {
            self.lines.push(cut_with(&format!("({notice})"), WIDTH, ".."));
        }
        let room = self.spacing - 1;
        let names: Vec<[String; 2]> =
            self.scene.columns.iter().map(|column| in_two(&column.name, room)).collect();
        for line in 0..2 {
            if names.iter().all(|name| name[line].is_empty()) {
                continue;
            }
            let mut row = Row::new();
            if line == 1 || names.iter().all(|name| name[1].is_empty()) {
                row.write(AXIS - 6, "time");
            }
            for (name, &at) in names.iter().zip(&self.columns) {
                row.write_around(at, &name[line]);
            }
            self.lines.push(row.finish());
        }
    }

    /// A row with the lifelines as they are, begun at a moment; says the time if the moment is new.
    fn lifelines(&mut self, time: Time) -> Row {
        let mut row = Row::new();
        if self.said != Some(time) {
            let text = time.to_string();
            row.write(AXIS.saturating_sub(2 + cells(&text)), &text);
            self.said = Some(time);
        }
        for (index, &at) in self.columns.iter().enumerate().take(self.letters.len()) {
            row.put(at, self.letter(index));
        }
        row
    }

    fn letter(&self, column: usize) -> char {
        if self.waiting[column] > 0 { '#' } else { self.letters[column] }
    }

    /// Goes to a moment, past a break if one lies before it.
    fn go_to(&mut self, time: Time) {
        if self.said == Some(time) {
            return;
        }
        self.flush();
        if let Some(pause) = self.breaks.iter().find(|pause| pause.before == time) {
            let mut row = Row::new();
            let text = format!("+{}", crate::layout::roughly(pause.length));
            row.write(AXIS.saturating_sub(2 + cells(&text)), &text);
            for (index, &at) in self.columns.iter().enumerate().take(self.letters.len()) {
                row.put(at, if self.letter(index) == ' ' { ' ' } else { ':' });
            }
            self.lines.push(row.finish());
        }
    }

    fn flush(&mut self) {
        let Some(mut pending) = self.row.take() else { return };
        let at = self.columns[pending.column];
        let words = pending.words.join("; ");
        if pending.sides == Sides::Right && !Row::fits_right_of(at, &words) {
            self.lines.push(pending.row.finish());
            pending.row = self.lifelines(pending.time);
        }
        if !words.is_empty() {
            pending.row.write_beside(at, &words);
        }
        self.lines.push(pending.row.finish());
    }

    fn item(&mut self, index: usize) {
        let item = &self.scene.items[index];
        self.go_to(item.time);
        match item.kind {
            ItemKind::Sent { message } => self.sent(message, item.time),
            ItemKind::Received { message } => self.received(index, message),
            ItemKind::Lost { message } => self.lost(message, item.time),
            ItemKind::Invoked { operation } => {
                let operation = &self.scene.operations[operation];
                self.waiting[operation.column] += 1;
                self.open_row(item.time, operation.column, None);
                if !self.scene.request_says_it(index, &operation.text) {
                    self.say(format!("calls {}", visible(&operation.text)));
                }
            }
            ItemKind::Returned { operation } => {
                let operation = &self.scene.operations[operation];
                self.waiting[operation.column] = self.waiting[operation.column].saturating_sub(1);
                self.join_row(item.time, operation.column);
                if let Some((_, outcome, text)) = &operation.returned {
                    // The arrow has said it; that the call has ended is seen by its letter.
                    let said = self.scene.answer_says_it(index, text) && *outcome == OutcomeKind::Ok;
                    self.say(if said { "ok".to_owned() } else { visible(text) });
                }
            }
            ItemKind::Mark { column, mark } => self.mark(index, column, mark),
            ItemKind::Cut { wall } => {
                let wall = &self.scene.walls[wall];
                self.across(item.time, &format!("cut {}: {}", wall.cut, visible(&wall.text)));
            }
            ItemKind::Healed { wall } => {
                self.across(item.time, &format!("cut {} is healed", self.scene.walls[wall].cut));
            }
            ItemKind::World => self.across(item.time, &visible(&item.text)),
        }
    }

    /// Begins a row about a column.
    fn open_row(&mut self, time: Time, column: usize, letter: Option<char>) {
        self.flush();
        let mut row = self.lifelines(time);
        if let Some(letter) = letter {
            row.put(self.columns[column], letter);
        }
        self.row = Some(Pending {
            time,
            column,
            row,
            sides: Sides::Both,
            words: Vec::new(),
            marked: letter.is_some(),
        });
    }

    /// Goes on with the last row if it is about this column at this moment, else begins one.
    fn join_row(&mut self, time: Time, column: usize) {
        let goes_on = |row: &Pending| row.time == time && row.column == column && row.sides != Sides::Neither;
        if !self.row.as_ref().is_some_and(goes_on) {
            self.open_row(time, column, None);
        }
    }

    /// Adds words to the row that is open.
    fn say(&mut self, words: String) {
        if let Some(row) = &mut self.row {
            row.words.push(words);
        }
    }

    fn number(&mut self, message: usize) -> usize {
        let next = self.numbers.len() + 1;
        *self.numbers.entry(message).or_insert(next)
    }

    fn sent(&mut self, index: usize, time: Time) {
        let (scene, number) = (self.scene, self.number(index));
        let message = &scene.messages[index];
        let at_once = message.lost.as_ref().is_some_and(|(item, _)| scene.items[*item].time == time);
        if at_once && message.received.is_empty() {
            // The row of its loss says all.
            return;
        }
        self.join_row(time, message.from);
        let verb = match message.cargo {
            Cargo::Message => "sends",
            Cargo::Request => "asks",
            Cargo::Response => "answers",
        };
        let doubled = if message.doubled { " (doubled)" } else { "" };
        let arrives = !message.received.is_empty() || message.lost.is_some();
        let text = if arrives { String::new() } else { format!(" {} (under way)", visible(&message.text)) };
        let Some(row) = &mut self.row else { return };
        match row.words.last_mut().filter(|last| last.starts_with(verb) && text.is_empty()) {
            Some(last) => last.push_str(&format!(", {number}{doubled}")),
            None => self.say(format!("{verb} {number}{doubled}{text}")),
        }
    }

    fn received(&mut self, item: usize, index: usize) {
        let message = &self.scene.messages[index];
        let copy = if message.received.first() == Some(&item) { "" } else { "copy of " };
        let text = format!("{copy}{} {}", self.number(index), visible(&message.text));
        self.arrow_row(self.scene.items[item].time, index, text, None);
    }

    fn lost(&mut self, index: usize, time: Time) {
        let message = &self.scene.messages[index];
        let reason = message.lost.as_ref().map_or("", |(_, reason)| reason);
        let text = format!("{} {}, {}", self.number(index), visible(&message.text), visible(reason));
        self.arrow_row(time, index, text, Some('x'));
    }

    /// A row with a message's arrow, ending at its receiver; `head` if it is not an arrow's.
    fn arrow_row(&mut self, time: Time, index: usize, text: String, head: Option<char>) {
        let message = &self.scene.messages[index];
        self.flush();
        let mut row = self.lifelines(time);
        let (from, to) = (self.columns[message.from], self.columns[message.to]);
        let line = match message.cargo {
            Cargo::Message => Line::Plain,
            Cargo::Request => Line::Double,
            Cargo::Response => Line::Dashed,
        };
        let mut words = Vec::new();
        if from == to {
            row.put(to + 1, head.unwrap_or('<'));
            words.push(format!("{text} (to itself)"));
        } else {
            let head = head.unwrap_or(if to > from { '>' } else { '<' });
            if row.arrow(from, to, line, Some(head), &text) {
                self.footnotes.entry(self.numbers[&index]).or_insert(text);
            }
        }
        let sides = match from.cmp(&to) {
            Ordering::Less => Sides::Right,
            Ordering::Equal => Sides::Both,
            Ordering::Greater => Sides::Neither,
        };
        self.row = Some(Pending { time, column: message.to, row, sides, words, marked: false });
    }

    fn mark(&mut self, index: usize, column: usize, mark: Mark) {
        let item = &self.scene.items[index];
        let client = self.scene.columns[column].kind == Participant::Client;
        let text = visible(&item.text);
        let (letter, words) = match mark {
            Mark::Starts if item.time == self.scene.start => return,
            Mark::Starts => ('o', "starts".to_owned()),
            Mark::Timer if client || item.text == "timer" => ('*', text),
            Mark::Timer => ('*', format!("timer {text}")),
            Mark::Note => ('*', format!("\"{text}\"")),
            Mark::Crash => ('X', text),
            Mark::Write | Mark::Sync | Mark::Restarts | Mark::Pause | Mark::Resume => ('*', text),
            Mark::Fault => ('!', text),
        };
        self.letters[column] = match mark {
            Mark::Crash => ' ',
            Mark::Pause => '%',
            Mark::Starts | Mark::Restarts | Mark::Resume => '|',
            Mark::Timer | Mark::Note | Mark::Write | Mark::Sync | Mark::Fault => self.letters[column],
        };
        let joins = self.row.as_ref().is_some_and(|row| {
            row.time == item.time
                && row.column == column
                && row.sides != Sides::Neither
                && row.words.is_empty()
                && !row.marked
        });
        if !joins {
            self.open_row(item.time, column, Some(letter));
        }
        let at = self.columns[column];
        if let Some(row) = &mut self.row {
            row.row.put(at, letter);
            row.marked = true;
        }
        self.say(words);
    }

    /// A row about the whole world.
    fn across(&mut self, time: Time, text: &str) {
        self.flush();
        let mut row = self.lifelines(time);
        let text = format!("== {text} ");
        row.write(AXIS, &format!("{text}{}", "=".repeat((WIDTH - AXIS).saturating_sub(cells(&text)))));
        self.lines.push(row.finish());
    }

    /// The end of the lifelines.
    fn until(&mut self, end: Time) {
        if self.said != Some(end) {
            self.go_to(end);
            let row = self.lifelines(end);
            self.lines.push(row.finish());
        }
    }

    fn feet(&mut self, trace: &Trace, options: &Options) {
        if let Some(later) = &self.scene.later {
            self.lines.push(format!("({later})"));
        }
        if self.scene.end == trace.until {
            for column in &self.scene.columns {
                let Some(state) = &column.state else { continue };
                let text = format!("at the end, {}: {}", visible(&column.name), visible(state));
                self.lines.push(cut_with(&text, WIDTH, ".."));
            }
        }
        if !self.footnotes.is_empty() {
            self.lines.push("in full:".to_owned());
            let hidden = self.footnotes.len().saturating_sub(FOOTNOTES);
            for text in self.footnotes.values().take(FOOTNOTES) {
                self.lines.push(cut_with(&format!("  {text}"), WIDTH, ".."));
            }
            if hidden > 0 {
                self.lines.push(format!("  and {hidden} more that were cut short"));
            }
        }
        self.lines.push(format!(
            "{}; time runs downwards, not to scale{}",
            options.source(trace),
            self.meanings()
        ));
    }

    /// What the letters mean that this diagram uses.
    fn meanings(&self) -> String {
        let cargo = |cargo| self.scene.messages.iter().any(|message| message.cargo == cargo);
        let used = [
            (cargo(Cargo::Message), "---> message"),
            (cargo(Cargo::Request), "===> request"),
            (cargo(Cargo::Response), "- -> answer"),
            (self.scene.messages.iter().any(|message| message.lost.is_some()), "--x lost"),
            (!self.scene.operations.is_empty(), "# waits for an answer"),
            (self.scene.outages.iter().any(|outage| !outage.crashed), "% paused"),
            (self.scene.outages.iter().any(|outage| outage.crashed), "X crash, no line while down"),
        ];
        let used: Vec<&str> = used.into_iter().filter(|(used, _)| *used).map(|(_, text)| text).collect();
        if used.is_empty() { String::new() } else { format!("\n{}", used.join("   ")) }
    }
}

/// A name on one line or, if it is too long, on two, broken before its number. The first is empty if one is enough.
fn in_two(name: &str, room: usize) -> [String; 2] {
    let name = visible(name);
    match name.rsplit_once(' ') {
        Some((first, number)) if cells(&name) > room => {
            [cut_with(first, room, ".."), cut_with(number, room, "..")]
        }
        _ => [String::new(), cut_with(&name, room, "..")],
    }
}
