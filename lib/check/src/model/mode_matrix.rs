//! A mode matrix: what a service still does on a bad day, decided on a good one.
//!
//! Four modes are enough: all is well; something is missing and what is owed is noted; as little as possible; and the way back, on which
//! what is owed is paid and what happened is compared with what was promised. A service changes its mode on evidence, and there is
//! no way from the floor to the target that leaves out the comparison.

use std::collections::BTreeSet;

/// How well a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Mode {
    /// All is well, and everything is promised.
    Target,
    /// Something is missing: less is promised, and what is owed is noted.
    Degraded,
    /// Only what cannot be given up.
    Floor,
    /// What is owed is paid, and what happened is compared with what was promised.
    Recovery,
}

impl Mode {
    /// All of them.
    pub const ALL: [Mode; 4] = [Mode::Target, Mode::Degraded, Mode::Floor, Mode::Recovery];
}

/// What a service does in one mode: of each operation, by its name, what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ModeRow {
    /// The mode.
    pub mode: Mode,
    /// `(operation, what becomes of it)`.
    pub does: Vec<(String, String)>,
}

/// A way from one mode to another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ModeSwitch {
    /// From where.
    pub from: Mode,
    /// On which evidence.
    pub when: String,
    /// To where.
    pub to: Mode,
}

/// What a service does in each mode, and how it gets from one to another.
///
/// ```
/// use netsplit_check::model::{Mode, ModeMatrix};
/// let matrix = ModeMatrix::new()
///     .row(Mode::Target, [("orders", "accepted")])
///     .row(Mode::Floor, [("orders", "refused")])
///     .row(Mode::Recovery, [("orders", "refused")])
///     .switch(Mode::Target, "disk full", Mode::Floor)
///     .switch(Mode::Floor, "disk works", Mode::Recovery)
///     .switch(Mode::Recovery, "compared", Mode::Target);
/// assert_eq!(matrix.does(Mode::Floor, "orders"), Some("refused"));
/// assert_eq!(matrix.next(Mode::Target, "disk full"), Mode::Floor);
/// assert_eq!(matrix.next(Mode::Target, "compared"), Mode::Target);    // nothing to switch
/// assert!(matrix.dead_ends(Mode::Target).is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ModeMatrix {
    /// The rows, at most one for each mode.
    pub rows: Vec<ModeRow>,
    /// The ways between them.
    pub switches: Vec<ModeSwitch>,
}

impl ModeMatrix {
    /// A matrix without rows.
    pub fn new() -> ModeMatrix {
        ModeMatrix::default()
    }

    /// Says what becomes of each operation in a mode.
    pub fn row<const N: usize>(mut self, mode: Mode, does: [(&str, &str); N]) -> ModeMatrix {
        let does = does.map(|(operation, what)| (operation.to_owned(), what.to_owned())).to_vec();
        self.rows.push(ModeRow { mode, does });
        self
    }

    /// Adds a way from one mode to another.
    pub fn switch(mut self, from: Mode, when: &str, to: Mode) -> ModeMatrix {
        self.switches.push(ModeSwitch { from, when: when.to_owned(), to });
        self
    }

    /// What becomes of an operation in a mode; nothing if the matrix does not say.
    pub fn does(&self, mode: Mode, operation: &str) -> Option<&str> {
        let row = self.rows.iter().find(|row| row.mode == mode)?;
        row.does.iter().find(|(name, _)| name == operation).map(|(_, what)| what.as_str())
    }

    /// The mode that evidence leads to; the same one if it changes nothing. Of several switches the first counts.
    pub fn next(&self, mode: Mode, evidence: &str) -> Mode {
        let switch = self.switches.iter().find(|switch| switch.from == mode && switch.when == evidence);
        switch.map_or(mode, |switch| switch.to)
    }

    /// The modes that can be reached from `start`, with it.
    pub fn reachable(&self, start: Mode) -> BTreeSet<Mode> {
        let mut reached = BTreeSet::from([start]);
        let mut left = vec![start];
        while let Some(mode) = left.pop() {
            for switch in self.switches.iter().filter(|switch| switch.from == mode) {
                if reached.insert(switch.to) {
                    left.push(switch.to);
                }
            }
        }
        reached
    }

    /// The modes that can be reached from the target and from which no way leads back to it: a bad day that never ends.
    pub fn dead_ends(&self, target: Mode) -> Vec<Mode> {
        self.reachable(target).into_iter().filter(|mode| !self.reachable(*mode).contains(&target)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mode::{Degraded, Floor, Recovery, Target};

    #[test]
    fn a_mode_without_a_way_back_is_a_dead_end() {
        // Two modes that lead to each other only are as dead as one that leads nowhere; what cannot be reached is none.
        let matrix = ModeMatrix::new().switch(Target, "a", Degraded).switch(Degraded, "b", Target);
        assert_eq!(matrix.dead_ends(Target), []);
        let matrix =
            matrix.switch(Degraded, "c", Floor).switch(Floor, "d", Recovery).switch(Recovery, "e", Floor);
        assert_eq!(matrix.dead_ends(Target), [Floor, Recovery]);
        let unreachable = ModeMatrix::new().switch(Floor, "d", Recovery);
        assert_eq!(unreachable.dead_ends(Target), []);
    }

    #[test]
    fn the_first_switch_counts() {
        // A matrix that says two things of one moment does one of them, always the same.
        let matrix = ModeMatrix::new().switch(Target, "a", Degraded).switch(Target, "a", Floor);
        assert_eq!(matrix.next(Target, "a"), Degraded);
        assert_eq!(matrix.next(Degraded, "a"), Degraded);
    }

    #[test]
    fn what_is_not_said_is_nothing() {
        // A row that is missing, and an operation that is missing in its row.
        let matrix = ModeMatrix::new().row(Target, [("orders", "accepted")]);
        assert_eq!(matrix.does(Target, "orders"), Some("accepted"));
        assert_eq!((matrix.does(Target, "refunds"), matrix.does(Floor, "orders")), (None, None));
    }
}
