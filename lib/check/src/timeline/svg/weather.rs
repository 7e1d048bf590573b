//! What lies behind the lanes of a timeline: what was wrong with the world, and the window in which no order works.

use netsplit_figure::markup::visible;
use netsplit_figure::measure::{cells, cut};
use netsplit_figure::palette::{HARM, HARM_GROUND, HARM_TEXT, INK, LIFELINE, PANEL, QUIET};

use super::{FAULT, LETTER, MARGIN, Picture, pixels};
use crate::timeline::lanes::rows;
use crate::timeline::scene::Fault;
use crate::timeline::words;

/// Rows of faults; more are counted.
const FAULT_ROWS: usize = 5;
/// Cells of what is said of a fault; the pointer finds the rest.
const FAULT_WORDS: usize = 48;

/// A fault with its place.
pub(super) struct Placed {
    fault: usize,
    pub(super) row: usize,
    from: i32,
    to: i32,
    words: String,
    /// Where the words begin.
    words_at: i32,
}

impl Picture<'_> {
    /// The faults that have room.
    pub(super) fn place_faults(&mut self) -> Vec<Placed> {
        let all = self.scene.faults.iter().enumerate();
        let mut placed: Vec<(Placed, (i32, i32))> =
            all.map(|(number, fault)| self.place_fault(number, fault)).collect();
        let extents: Vec<(i32, i32)> = placed.iter().map(|(_, extent)| *extent).collect();
        for ((fault, _), row) in placed.iter_mut().zip(rows(&extents)) {
            fault.row = row;
        }
        let count = placed.len();
        placed.retain(|(fault, _)| fault.row < FAULT_ROWS);
        match count - placed.len() {
            0 => {}
            1 => self.notes.push("not drawn: 1 more fault".to_owned()),
            more => self.notes.push(format!("not drawn: {more} more faults")),
        }
        placed.into_iter().map(|(fault, _)| fault).collect()
    }

    /// The words stand in the fault's box if they fit, else right of it, else left of it, else they are cut. Also from where to where
    /// all of that reaches.
    fn place_fault(&self, number: usize, fault: &Fault<'_>) -> (Placed, (i32, i32)) {
        let from = self.axis.at_moment(fault.it.from, fault.from);
        let to = fault.it.to.map_or(self.axis.right(), |to| self.axis.at_moment(to, fault.to)).max(from + 3);
        let words = cut(&visible(&fault.it.text), FAULT_WORDS);
        let needed = pixels(cells(&words)) + 8;
        let (words_at, extent) = if needed <= to - from {
            (from + 5, (from, to))
        } else if to + needed <= self.width - MARGIN {
            (to + 5, (from, to + needed))
        } else if from - needed >= self.axis.left {
            (from - needed + 3, (from - needed, to))
        } else {
            (from + 5, (from, to))
        };
        let words = match words_at == from + 5 {
            true => cut(&words, ((to - from - 8) * 100 / LETTER).max(1) as usize),
            false => words,
        };
        (Placed { fault: number, row: 0, from, to, words, words_at }, extent)
    }

    pub(super) fn draw_faults(&mut self, faults: &[Placed], top: i32, bottom: i32) {
        if !faults.is_empty() {
            self.draw_name((MARGIN, top + 14), "faults", QUIET);
        }
        let edge = format!("stroke=\"{LIFELINE}\" stroke-dasharray=\"2 3\"");
        let band = format!("fill=\"{LIFELINE}\" fill-opacity=\"0.10\"");
        for &Placed { fault, row, from, to, ref words, words_at } in faults {
            let it = self.scene.faults[fault].it;
            let y = top + FAULT * row as i32;
            let until = it.to.map_or("on".to_owned(), |to| format!("to {to}"));
            let in_full = words::cut(&format!("{}, from {} {until}", it.text, it.from));
            self.canvas.tagged(&[("f", fault)], &in_full, |canvas| {
                canvas.rect((from, y + 16), (to - from, bottom - y - 16), 0, &band);
                canvas.line((from, y + 16), (from, bottom), &edge);
                canvas.line((to, y + 16), (to, bottom), &edge);
                let looks = format!("fill=\"{PANEL}\" stroke=\"{QUIET}\"");
                canvas.rect((from, y), (to - from, 16), 2, &looks);
                canvas.text((words_at, y + 12), &format!("font-size=\"11\" fill=\"{INK}\""), words);
            });
        }
    }

    /// The time in which the accused operation would have to have taken effect.
    pub(super) fn draw_window(&mut self, lanes: i32, bottom: i32) {
        let accused = self.scene.accused.filter(|_| self.scene.has_window);
        let Some(accused) = accused.map(|bar| &self.scene.bars[bar]) else { return };
        let (from, to) = self.extent(accused);
        let words = format!("no moment in here works for {}", words::cut(&accused.shown.whose_and_when()));
        let edge = format!("stroke=\"{HARM}\" stroke-width=\"1.5\"");
        let text = "no order works here";
        let half = cells(text) as i32 * 7 / 2;
        let x = ((from + to) / 2).min(self.width - MARGIN - half).max(MARGIN + half);
        self.canvas.group(&words, |canvas| {
            canvas.rect((from, lanes), (to - from, bottom - lanes), 0, &format!("fill=\"{HARM_GROUND}\""));
            canvas.line((from, lanes), (from, bottom), &edge);
            canvas.line((to, lanes), (to, bottom), &edge);
            let looks =
                format!("font-size=\"11\" font-weight=\"600\" text-anchor=\"middle\" fill=\"{HARM_TEXT}\"");
            canvas.text((x, lanes - 5), &looks, text);
        });
    }
}
