//! How far a long cell is, shown in the notebook while it takes long and gone afterwards.
//!
//! A notebook has no way to take back one output: only all outputs of a cell at once. So what else the cell has put out is remembered while it is
//! little, and put out again when the line of progress goes. A cell that has put out much shows no progress.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use crate::engine::Audience;
use crate::outputs::{Bundle, Output};

/// So much is put out a second time, at most.
const KEPT_BYTES: usize = 256 << 10;

/// Names of lines of progress are never used again: an earlier cell may still show one.
static LINES: AtomicU64 = AtomicU64::new(0);

/// The line of progress of one cell.
pub struct ProgressLine {
    id: Option<String>,
    /// What else the cell has put out; nothing once it is too much.
    kept: Option<Vec<Output>>,
    bytes: usize,
}

impl Default for ProgressLine {
    fn default() -> Self {
        Self { id: None, kept: Some(Vec::new()), bytes: 0 }
    }
}

impl ProgressLine {
    /// The cell has put something out.
    pub fn passed(&mut self, output: &Output, bytes: usize, to: &mut dyn Audience) {
        match output {
            // It takes the line along.
            Output::Clear { .. } => *self = Self::default(),
            // It has its place in the history of results; a line of progress after it would come too late anyway.
            Output::Result(_) | Output::Page(_) => self.give_up(to),
            Output::Text(..) | Output::Display { .. } => {
                let Some(kept) = &mut self.kept else { return };
                kept.push(output.clone());
                self.bytes += bytes;
                if self.bytes > KEPT_BYTES {
                    self.give_up(to);
                }
            }
        }
    }

    /// Shows this, in the place of what it showed before.
    pub fn show(&mut self, text: String, to: &mut dyn Audience) {
        if self.kept.is_none() {
            return;
        }
        let is_update = self.id.is_some();
        let id = self
            .id
            .get_or_insert_with(|| format!("netsplit-progress-{}", LINES.fetch_add(1, Ordering::Relaxed)));
        let data = Bundle::from_iter([("text/plain".to_string(), json!(text))]);
        to.put(Output::Display { data, id: Some(id.clone()), is_update });
    }

    /// Takes the line away.
    pub fn hide(&mut self, to: &mut dyn Audience) {
        if self.id.take().is_none() {
            return;
        }
        let kept = self.kept.iter().flatten();
        to.put(Output::Clear { wait: kept.clone().next().is_some() });
        kept.for_each(|output| to.put(output.clone()));
    }

    fn give_up(&mut self, to: &mut dyn Audience) {
        self.hide(to);
        self.kept = None;
    }
}
