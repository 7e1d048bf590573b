//! The colours of cards: those of the page's own theme where it has one that we know (JupyterLab's variables), else a light ground with
//! dark letters, so that a card can be read on every page.

use netsplit_figure::palette::{FAINT, GROUND, INK, QUIET};

/// Letters.
pub(crate) fn ink() -> String {
    format!("var(--jp-ui-font-color1,{INK})")
}

/// Letters that stand back.
pub(crate) fn quiet() -> String {
    format!("var(--jp-ui-font-color2,{QUIET})")
}

/// What a card is written on.
pub(crate) fn ground() -> String {
    format!("var(--jp-layout-color1,{GROUND})")
}

/// Lines between rows, and edges that say nothing.
pub(crate) fn line() -> String {
    format!("var(--jp-border-color2,{FAINT})")
}
