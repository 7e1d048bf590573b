//! The strokes of a picture, written as SVG.
//!
//! Coordinates are whole pixels, so equal pictures are equal bytes. There are no scripts, styles, references or ids: several
//! pictures can stand in one page without touching each other.

use std::fmt::Write;

use netsplit_check::markup::escape;

use super::palette::{GROUND, SANS};

/// A place on the picture.
pub(super) type Point = (i32, i32);

/// A picture in the making.
#[derive(Default)]
pub(super) struct Canvas {
    body: String,
}

impl Canvas {
    pub fn line(&mut self, (x1, y1): Point, (x2, y2): Point, looks: &str) {
        self.put(format_args!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" {looks}/>"));
    }

    /// A path through commands of SVG's path language.
    pub fn path(&mut self, commands: &str, looks: &str) {
        self.put(format_args!("<path d=\"{commands}\" {looks}/>"));
    }

    pub fn circle(&mut self, (x, y): Point, radius: i32, looks: &str) {
        self.put(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {looks}/>"));
    }

    /// A rectangle with rounded corners.
    pub fn rect(&mut self, (x, y): Point, (width, height): (i32, i32), round: i32, looks: &str) {
        self.put(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\" {looks}/>"
        ));
    }

    /// A text whose baseline begins, is centred or ends at a place, as its looks say.
    pub fn text(&mut self, (x, y): Point, looks: &str, text: &str) {
        self.put(format_args!("<text x=\"{x}\" y=\"{y}\" {looks}>{}</text>", escape(text)));
    }

    /// A text along a direction, given in thousandths: (1000, 0) is level.
    pub fn text_along(&mut self, at: Point, (a, b): Point, looks: &str, text: &str) {
        if b == 0 {
            return self.text(at, looks, text);
        }
        let (x, y) = at;
        self.put(format_args!(
            "<text transform=\"matrix({} {} {} {} {x} {y})\" {looks}>{}</text>",
            thousandths(a),
            thousandths(b),
            thousandths(-b),
            thousandths(a),
            escape(text)
        ));
    }

    /// Strokes that belong together, with the words that a pointer held over them shows.
    pub fn group(&mut self, words: &str, draw: impl FnOnce(&mut Canvas)) {
        self.put(format_args!("<g><title>{}</title>", escape(words)));
        draw(self);
        self.put(format_args!("</g>"));
    }

    /// The whole picture, `label` being what it shows in one sentence.
    pub fn finish(self, (width, height): (i32, i32), label: &str) -> String {
        let label = escape(label);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{label}\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{SANS}\" font-size=\"12\">\n\
             <title>{label}</title>\n\
             <rect x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{GROUND}\"/>\n{}</svg>\n",
            self.body
        )
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.body, "{element}");
    }
}

/// "0.985" of 985: SVG's numbers without floating point.
fn thousandths(number: i32) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", number.abs() / 1000, number.abs() % 1000)
}
