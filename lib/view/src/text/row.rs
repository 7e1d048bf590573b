//! One row of a text diagram: cells that are written over each other, from the lifelines up to the words.

use netsplit_figure::measure::{cells, cut_with};

/// The width of a text diagram.
pub(super) const WIDTH: usize = 110;

/// A row of cells.
pub(super) struct Row {
    cells: [Cell; WIDTH],
}

/// A letter with what joins it; what follows a wide letter has none.
#[derive(Clone)]
struct Cell {
    letter: Option<char>,
    joined: String,
}

impl Cell {
    const fn of(letter: Option<char>) -> Cell {
        Cell { letter, joined: String::new() }
    }
}

impl Row {
    /// An empty row.
    pub fn new() -> Row {
        Row { cells: [const { Cell::of(Some(' ')) }; WIDTH] }
    }

    /// Writes one letter.
    pub fn put(&mut self, at: usize, letter: char) {
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = Cell::of(Some(letter));
        }
    }

    /// Writes `text` from a place on, as much of it as fits before the end of the row.
    pub fn write(&mut self, at: usize, text: &str) {
        let text = cut_with(text, WIDTH.saturating_sub(at), "..");
        let mut next = at;
        for letter in text.chars() {
            let wide = cells(letter.encode_utf8(&mut [0; 4]));
            if wide == 0 {
                if let Some(cell) = next.checked_sub(1).and_then(|before| self.cells.get_mut(before)) {
                    cell.joined.push(letter);
                }
                continue;
            }
            for (offset, cell) in self.cells.iter_mut().skip(next).take(wide).enumerate() {
                *cell = Cell::of((offset == 0).then_some(letter));
            }
            next += wide;
        }
    }

    /// Writes `text` so that its middle is at a place.
    pub fn write_around(&mut self, middle: usize, text: &str) {
        let from =
            (middle + 1).saturating_sub(cells(text).div_ceil(2)).min(WIDTH.saturating_sub(cells(text)));
        self.write(from, text);
    }

    /// Whether a text fits between a lifeline and the end of the row.
    pub fn fits_right_of(lifeline: usize, text: &str) -> bool {
        lifeline + 2 + cells(text) <= WIDTH
    }

    /// Writes `text` beside a lifeline: right of it where there is room, else on the side that has more.
    pub fn write_beside(&mut self, lifeline: usize, text: &str) {
        let (right, left) = (WIDTH.saturating_sub(lifeline + 2), lifeline.saturating_sub(super::AXIS + 1));
        if Row::fits_right_of(lifeline, text) || right >= left {
            return self.write(lifeline + 2, text);
        }
        let text = cut_with(text, left, "..");
        self.write(lifeline - 1 - cells(&text), &text);
    }

    /// A line from one lifeline to another, with a text in its middle. Returns whether the text had to be cut.
    pub fn arrow(&mut self, from: usize, to: usize, line: Line, head: Option<char>, text: &str) -> bool {
        let (left, right) = (from.min(to) + 1, from.max(to));
        for at in left..right {
            let distance = if to > from { at - left } else { right - 1 - at };
            self.put(at, line.letter(distance));
        }
        if let Some(head) = head {
            self.put(if to > from { right - 1 } else { left }, head);
        }
        // One stroke of the line stays before the text, and the head with a stroke after it.
        let room = (right - left).saturating_sub(5);
        let number = text.split(' ').next().unwrap_or_default();
        let text =
            if room < 8 && cells(text) > room { number.to_owned() } else { cut_with(text, room, "..") };
        if cells(&text) > room {
            return true;
        }
        let start = left + 1 + usize::from(to < from) + (room - cells(&text)) / 2;
        self.write(start, &format!(" {text} "));
        text == number || text.ends_with("..")
    }

    /// The row without the blanks at its end.
    pub fn finish(&self) -> String {
        let mut line = String::with_capacity(WIDTH);
        for cell in &self.cells {
            line.extend(cell.letter);
            line.push_str(&cell.joined);
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// The kinds of lines.
#[derive(Clone, Copy)]
pub(super) enum Line {
    /// A message.
    Plain,
    /// A request.
    Double,
    /// An answer.
    Dashed,
}

impl Line {
    fn letter(self, distance: usize) -> char {
        match self {
            Line::Plain => '-',
            Line::Double => '=',
            Line::Dashed if distance.is_multiple_of(2) => '-',
            Line::Dashed => ' ',
        }
    }
}
