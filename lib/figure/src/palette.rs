//! The colours of all pictures: after Okabe and Ito ("Color universal design", 2008), whose eight colours are told apart with every
//! kind of colour vision; texts take a darker shade. Colour is never the only sign: arrows differ by their line and head, outcomes
//! by their mark.
//!
//! A picture is drawn in the colours of a light theme. [`DARK`] says what each becomes in a dark one, and [`Canvas`](crate::Canvas)
//! writes both into the picture.

/// What a picture is drawn on.
pub const GROUND: &str = "#ffffff";
/// Texts.
pub const INK: &str = "#1f2328";
/// Texts that stand back.
pub const QUIET: &str = "#59636e";
/// Lines that stand back.
pub const FAINT: &str = "#e3e7eb";
/// The lines of participants.
pub const LIFELINE: &str = "#98a2ad";

/// Messages of a protocol: blue.
pub const MESSAGE: &str = "#0072b2";
/// Texts of messages.
pub const MESSAGE_TEXT: &str = "#00568a";
/// Requests and answers: reddish purple, darkened.
pub const CALL: &str = "#94437f";
/// Texts of requests and answers.
pub const CALL_TEXT: &str = "#7a3568";
/// What does not arrive, does not live, did not happen: vermilion.
pub const HARM: &str = "#d55e00";
/// Texts of the same.
pub const HARM_TEXT: &str = "#b04a00";
/// What happened, what goes on again: bluish green.
pub const GOOD: &str = "#009e73";
/// Texts of the same.
pub const GOOD_TEXT: &str = "#00734f";
/// What nobody knows: orange.
pub const DOUBT: &str = "#e69f00";
/// Texts of the same.
pub const DOUBT_TEXT: &str = "#8a5a00";
/// Remarks: pale yellow.
pub const NOTE: &str = "#fff6cf";
/// The edges of remarks.
pub const NOTE_EDGE: &str = "#d9bf62";
/// The ground of what happened.
pub const GOOD_GROUND: &str = "#c9ebe0";
/// The ground of what did not happen.
pub const HARM_GROUND: &str = "#f9dcc8";
/// The ground of what nobody knows.
pub const DOUBT_GROUND: &str = "#fbeac3";
/// The ground of calls that are under way.
pub const CALL_GROUND: &str = "#f0e3ed";
/// The ground of a box, a little darker than the picture's.
pub const PANEL: &str = "#f6f8fa";
/// Sky blue, for the third series of a chart and the like.
pub const SKY: &str = "#56b4e9";
/// The head of a node.
pub const NODE: &str = "#e8f1f8";
/// The edge of a node's head.
pub const NODE_EDGE: &str = "#8fb4d0";
/// The head of a client.
pub const CLIENT: &str = "#f6ecf3";
/// The edge of a client's head.
pub const CLIENT_EDGE: &str = "#c79bbb";
/// What stands on a coloured mark, in every theme.
pub const ON_MARK: &str = "#1f2329";

/// What each colour is in a dark theme; what is not here stays.
pub const DARK: [(&str, &str); 26] = [
    (GROUND, "#111418"),
    (INK, "#e6edf3"),
    (QUIET, "#9aa4af"),
    (FAINT, "#2b323a"),
    (LIFELINE, "#6b7682"),
    (MESSAGE, "#4aa8e0"),
    (MESSAGE_TEXT, "#8cc8f0"),
    (CALL, "#cc79a7"),
    (CALL_TEXT, "#e3a6c8"),
    (HARM, "#f0762b"),
    (HARM_TEXT, "#ff9a5c"),
    (GOOD, "#1fb58a"),
    (GOOD_TEXT, "#5fdcb6"),
    (DOUBT, "#e8ab1c"),
    (DOUBT_TEXT, "#f5c95c"),
    (NOTE, "#3a3210"),
    (NOTE_EDGE, "#8a7433"),
    (GOOD_GROUND, "#0e3b2f"),
    (HARM_GROUND, "#4a2410"),
    (DOUBT_GROUND, "#423308"),
    (CALL_GROUND, "#3a2234"),
    (PANEL, "#1a1f25"),
    (NODE, "#16283a"),
    (NODE_EDGE, "#3f6d8f"),
    (CLIENT, "#33202d"),
    (CLIENT_EDGE, "#8a5c78"),
];

/// The colour that stands for `light` in a dark theme, if it is another one.
pub fn dark(light: &str) -> Option<&'static str> {
    DARK.iter().find(|(known, _)| *known == light).map(|(_, dark)| *dark)
}

/// Letters of words.
pub const SANS: &str = "system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif";
/// Letters of code.
pub const MONO: &str = "ui-monospace,Menlo,Consolas,monospace";

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of a colour (WCAG 2.2, "relative luminance").
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("hexadecimal")) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn texts_are_readable_in_both_themes() {
        // WCAG 2.2 asks for a contrast of 4.5 to 1 of texts, and of 3 to 1 of what must be seen.
        let both = |colour: &'static str| {
            [(colour, GROUND), (dark(colour).unwrap_or(colour), dark(GROUND).expect("dark"))]
        };
        for text in [INK, QUIET, MESSAGE_TEXT, CALL_TEXT, HARM_TEXT, GOOD_TEXT, DOUBT_TEXT] {
            for (text, ground) in both(text) {
                assert!(contrast(text, ground) >= 4.5, "{text} on {ground}: {:.2}", contrast(text, ground));
            }
        }
        for mark in [MESSAGE, CALL, HARM, GOOD] {
            for (mark, ground) in both(mark) {
                assert!(contrast(mark, ground) >= 3.0, "{mark} on {ground}: {:.2}", contrast(mark, ground));
            }
        }
    }
}
