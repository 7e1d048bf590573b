//! The colours of a diagram: after Okabe and Ito, whose eight colours are told apart with every kind of colour vision; texts
//! take a darker shade. Colour is never the only sign: arrows differ by their line and head, outcomes by their mark.

pub(super) const GROUND: &str = "#ffffff";
pub(super) const INK: &str = "#1f2328";
pub(super) const QUIET: &str = "#59636e";
pub(super) const FAINT: &str = "#e3e7eb";
pub(super) const LIFELINE: &str = "#98a2ad";

/// Messages of a protocol: blue.
pub(super) const MESSAGE: &str = "#0072b2";
/// Requests and answers: reddish purple, darkened.
pub(super) const CALL: &str = "#94437f";
/// What does not arrive, does not live, did not happen: vermilion.
pub(super) const HARM: &str = "#d55e00";
pub(super) const HARM_TEXT: &str = "#b04a00";
/// What happened, what goes on again: bluish green.
pub(super) const GOOD: &str = "#009e73";
pub(super) const GOOD_TEXT: &str = "#00734f";
/// What nobody knows: orange.
pub(super) const DOUBT: &str = "#e69f00";
pub(super) const DOUBT_TEXT: &str = "#8a5a00";
/// Remarks: pale yellow.
pub(super) const NOTE: &str = "#fff6cf";
pub(super) const NOTE_EDGE: &str = "#d9bf62";

pub(super) const SANS: &str =
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif";
pub(super) const MONO: &str = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
