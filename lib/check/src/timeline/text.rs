//! A timeline as text: `ann  |--1: put x = 1--|`, in blocks of at most 110 columns.

use netsplit_figure::markup::visible;
use netsplit_figure::measure::{cells, cut_with};

use super::Ending;
use super::lanes::rows;
use super::scene::{Bar, Role, Scene};
use super::words::{self, Mark};

const WIDTH: usize = 110;
/// Cells of a name.
const NAME: usize = 14;
/// Cells of a column.
const NARROWEST: usize = 5;
const WIDEST: usize = 18;
/// Rows of faults in one block; more are counted.
const FAULT_ROWS: usize = 4;

/// Something on a line of a block: from a cell to another one, both included, and what stands there.
struct Piece {
    from: usize,
    to: usize,
    label: String,
    style: Style,
}

/// How the line of a piece looks: its first letter, the ones between, and the last.
struct Style {
    first: char,
    line: char,
    last: char,
}

/// The picture in letters.
pub(super) fn draw(scene: &Scene<'_>) -> String {
    let mut lines: Vec<String> = Vec::new();
    if !scene.title.is_empty() {
        lines.push(cut_with(&visible(scene.title), WIDTH, ".."));
    }
    let faults = if scene.faults.is_empty() { 0 } else { "faults".len() };
    let names = scene.lanes.iter().map(|name| cells(&visible(name)).min(NAME)).max().unwrap_or(0);
    let margin = names.max(faults) + 2;
    let column = column_width(scene, margin);
    let in_block = ((WIDTH - margin - 1) / column).max(1);
    for first in (0..scene.columns.len()).step_by(in_block) {
        if first > 0 {
            lines.push(String::new());
        }
        let last = (first + in_block).min(scene.columns.len()) - 1;
        Block { scene, margin, column, first, last }.draw(&mut lines);
    }
    lines.extend(legend(scene));
    lines.extend(scene.notes.iter().map(|note| cut_with(&visible(note), WIDTH, "..")));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Wide enough for most labels, and so that a short history is one block.
fn column_width(scene: &Scene<'_>, margin: usize) -> usize {
    let wanted = scene.bars.iter().map(|bar| {
        let columns = bar.to.map_or(2.0, |to| to - bar.from);
        (((cells(&visible(&bar.shown.words)) + 5) as f64) / columns).ceil() as usize
    });
    let wanted = wanted.max().unwrap_or(NARROWEST).clamp(NARROWEST, WIDEST);
    let all = (WIDTH - margin - 1) / scene.columns.len().max(1);
    wanted.min(all.max(NARROWEST + 1))
}

/// The calls and returns from `first` to `last`.
struct Block<'a> {
    scene: &'a Scene<'a>,
    margin: usize,
    column: usize,
    first: usize,
    last: usize,
}

impl Block<'_> {
    fn draw(&self, lines: &mut Vec<String>) {
        self.draw_faults(lines);
        for (lane, name) in self.scene.lanes.iter().enumerate() {
            let bars = self.scene.bars.iter().filter(|bar| bar.lane == lane);
            let pieces: Vec<Piece> = bars.filter_map(|bar| self.bar(bar)).collect();
            // A lane that goes on where the one above could not is drawn only where something is in it.
            if !name.is_empty() || !pieces.is_empty() {
                lines.push(self.line(&cut_with(&visible(name), NAME, ".."), &pieces));
            }
        }
        lines.push(self.times());
    }

    /// The cell of a place, within the block.
    fn cell(&self, place: f64) -> usize {
        let end = (self.last - self.first + 1) as f64;
        let within = (place - self.first as f64).clamp(0.0, end);
        self.margin + (within * self.column as f64) as usize
    }

    /// A bar as far as it lies in the block; nothing if it does not.
    fn bar(&self, bar: &Bar<'_>) -> Option<Piece> {
        let to = bar.to.unwrap_or(f64::INFINITY);
        let (first, last) = (self.first as f64, self.last as f64);
        if bar.from > last || to < first {
            return None;
        }
        let (line, end) = match (bar.role, &bar.shown.ending) {
            (Role::Accused, _) => ('#', '|'),
            (_, Ending::Ok) => ('-', '|'),
            (_, Ending::Fail(_)) => ('~', 'x'),
            (_, Ending::Unknown) => ('-', '?'),
            (_, Ending::Pending) => ('-', '>'),
        };
        let sign = match bar.role {
            Role::Accused => "X: ".to_owned(),
            Role::Reason => "^".to_owned(),
            Role::Plain => String::new(),
        };
        let number = bar.point.map_or(String::new(), |point| format!("{}: ", point.number));
        let gap = if bar.role == Role::Reason && number.is_empty() { " " } else { "" };
        Some(Piece {
            from: self.cell(bar.from),
            to: if to > last { self.cell(last + 1.0) - 1 } else { self.cell(to) },
            label: format!("{sign}{gap}{number}{}{}", visible(&bar.shown.words), arrivals(bar)),
            style: Style {
                first: if bar.from < first { line } else { '|' },
                line,
                last: if to <= last {
                    end
                } else if bar.to.is_some() {
                    line
                } else {
                    '>'
                },
            },
        })
    }

    fn draw_faults(&self, lines: &mut Vec<String>) {
        let (first, last) = (self.first as f64 - 0.5, self.last as f64 + 0.5);
        let here: Vec<_> = self.scene.faults.iter().filter(|it| it.from <= last && it.to >= first).collect();
        let extent = |from: f64, to: f64| {
            let (from, to) = (self.cell(from), self.cell(to).min(WIDTH - 1));
            (from, to.max(from))
        };
        let pieces = here.iter().map(|fault| {
            let (from, to) = extent(fault.from, fault.to);
            let style = Style { first: '[', line: '=', last: if fault.it.to.is_some() { ']' } else { '>' } };
            Piece { from, to, label: visible(&fault.it.text), style }
        });
        let pieces: Vec<Piece> = pieces.collect();
        let needed = |piece: &Piece| piece.from as i32 + cells(&piece.label).min(24) as i32 + 4;
        let extents: Vec<(i32, i32)> =
            pieces.iter().map(|piece| (piece.from as i32, needed(piece).max(piece.to as i32))).collect();
        let placed = rows(&extents);
        let mut by_row: Vec<Vec<Piece>> = Vec::new();
        let mut hidden = 0;
        for (piece, row) in pieces.into_iter().zip(placed) {
            by_row.resize_with(by_row.len().max(row + 1), Vec::new);
            hidden += usize::from(row >= FAULT_ROWS);
            by_row[row].push(piece);
        }
        for (row, pieces) in by_row.iter().take(FAULT_ROWS).enumerate() {
            lines.push(self.line(if row == 0 { "faults" } else { "" }, pieces));
        }
        if hidden > 0 {
            lines.push(format!("{}and {hidden} more", " ".repeat(self.margin)));
        }
    }

    /// Pieces beside each other, none of which touch.
    fn line(&self, name: &str, pieces: &[Piece]) -> String {
        let mut line = name.to_owned();
        for (index, piece) in pieces.iter().enumerate() {
            let from = piece.from.max(cells(&line));
            let next = pieces.get(index + 1).map_or(WIDTH, |next| next.from.saturating_sub(1));
            // Left of the first piece alone: between two a label would be anybody's.
            let room = if index == 0 { from.saturating_sub(cells(name) + 2) } else { 0 };
            let (before, written) = piece.write(from, next, room);
            line.extend(std::iter::repeat_n(' ', from - cells(&before) - cells(&line)));
            line.push_str(&before);
            line.push_str(&written);
        }
        cut_with(&line, WIDTH, "..")
    }

    fn times(&self) -> String {
        let mut line = String::new();
        let mut said = None;
        for column in self.first..=self.last {
            let (time, at) = (self.scene.columns[column], self.cell(column as f64));
            let text = time.to_string();
            let free = line.is_empty() || cells(&line) < at;
            if said != Some(time) && free && at + text.len() <= WIDTH {
                line.extend(std::iter::repeat_n(' ', at - cells(&line)));
                line.push_str(&text);
                said = Some(time);
            }
        }
        line
    }
}

impl Piece {
    /// What stands before the piece, and the piece with what stands after it: the label is within where it fits, else after it, else
    /// before it, else cut.
    fn write(&self, from: usize, next: usize, room_before: usize) -> (String, String) {
        let Style { first, line, last } = self.style;
        let strokes = |count: usize| line.to_string().repeat(count);
        let span = (self.to + 1).saturating_sub(from);
        let bare = match span {
            0 | 1 => format!("{first}{}", if last == ']' { "]" } else { "" }),
            _ => format!("{first}{}{last}", strokes(span - 2)),
        };
        let (within, after) = (span.saturating_sub(2), next.saturating_sub(from + cells(&bare) + 1));
        let wanted = cells(&self.label);
        let fits_after = wanted <= after;
        if wanted > within && !fits_after && wanted < room_before {
            return (format!("{} ", self.label), bare);
        }
        if wanted > within && (fits_after || after > within) {
            return (String::new(), format!("{bare} {}", cut_with(&self.label, after, "..")));
        }
        if within < 3 {
            return (String::new(), bare);
        }
        let label = cut_with(&self.label, within, "..");
        let free = within.saturating_sub(cells(&label));
        let before = free.min(2).min(free / 2);
        (String::new(), format!("{first}{}{label}{}{last}", strokes(before), strokes(free - before)))
    }
}

/// How often it reached the service, where that is not what the caller was told.
fn arrivals(bar: &Bar<'_>) -> String {
    match (&bar.shown.ending, bar.served.len()) {
        (_, 0) | (Ending::Ok, 1) => String::new(),
        (_, count) => format!(" @{count}"),
    }
}

/// What the letters mean, in as few lines as it needs.
fn legend(scene: &Scene<'_>) -> Vec<String> {
    let mut lines = vec![String::new()];
    for mark in words::legend(scene) {
        let sign = match mark {
            Mark::Ok => "|--|",
            Mark::Fail => "|~~x",
            Mark::Unknown => "|--?",
            Mark::Pending => "|-->",
            Mark::Moment | Mark::MomentOfPart | Mark::Number => "1:",
            Mark::Accused => "|##| X:",
            Mark::Reason => "^",
            Mark::Arrival if scene.bars.iter().all(|bar| arrivals(bar).is_empty()) => continue,
            Mark::Arrival => "@1",
            Mark::Window => continue,
            Mark::Fault => "[==]",
        };
        let meaning = match mark {
            Mark::Arrival => "reached the service so often",
            Mark::Moment | Mark::Number => "its number in an order that works",
            Mark::MomentOfPart => "its number in an order of its part that works",
            _ => mark.meaning(),
        };
        let entry = format!("{sign} {meaning}");
        let line = lines.last_mut().filter(|line| cells(line) + 3 + cells(&entry) <= WIDTH);
        match line {
            Some(line) if line.is_empty() => *line = entry,
            Some(line) => *line += &format!("   {entry}"),
            None => lines.push(entry),
        }
    }
    lines
}
