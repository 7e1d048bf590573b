//! Commands that others give meaning to: an engine knows their names, and passes on what stands behind them.

use std::rc::Rc;

use crate::engine::Audience;
use crate::failure::Failure;
use crate::library::Library;
use crate::programs::Programs;
use crate::session_folders::SessionFolders;

/// Gives meaning to some commands.
pub trait Extension {
    /// How each is used, and what it does, as `:help` shows it.
    fn commands(&self) -> &'static [(&'static str, &'static str)];

    /// Obeys the command of this name; `rest` is what stands behind it in its line.
    ///
    /// # Errors
    /// Whatever the cell is to fail with.
    fn run(
        &mut self,
        name: &str,
        rest: &str,
        session: Session<'_>,
        audience: &mut dyn Audience,
    ) -> Result<(), Failure>;
}

/// What an extension may see and use of a notebook's session.
pub struct Session<'a> {
    /// What cells are compiled against.
    pub library: &'a Library,
    /// Its folders, and what its processes may reach.
    pub folders: &'a SessionFolders,
    /// All cells that were run, each with its newest text, in the order in which they were run first.
    pub cells: &'a [Told],
    /// Runs programs on behalf of the cell.
    pub programs: Programs<'a>,
}

/// The newest text of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What the front end calls it.
    pub id: Rc<str>,
    /// Its number in the session.
    pub number: u32,
    /// The text, commands included.
    pub code: String,
}

/// A cell is run: it takes the place of what it was before.
pub(crate) fn tell(cells: &mut Vec<Told>, told: Told) {
    match cells.iter_mut().find(|it| it.id == told.id) {
        Some(before) => *before = told,
        None => cells.push(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cell that runs again has its new text and its old place.
    #[test]
    fn cells_keep_their_places() {
        let mut cells = Vec::new();
        for (id, number, code) in [("a", 1, "x"), ("b", 2, "y"), ("a", 3, "z")] {
            tell(&mut cells, Told { id: id.into(), number, code: code.to_string() });
        }
        let told: Vec<_> = cells.iter().map(|it| (&*it.id, it.number, it.code.as_str())).collect();
        assert_eq!(told, [("a", 3, "z"), ("b", 2, "y")]);
    }
}
