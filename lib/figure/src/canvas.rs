//! The strokes of a picture, written as SVG.
//!
//! Coordinates are whole pixels, so equal pictures are equal bytes. There are no scripts, references or ids. What many strokes look
//! like stands once, in a style sheet, for a light theme and for a dark one; a class is named after what it says, so that the sheets of
//! several pictures in one page never contradict each other.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::markup::escape;
use crate::palette::{GROUND, SANS, dark};

/// A place on the picture, in pixels from its upper left corner.
pub type Point = (i32, i32);

/// A picture in the making. `looks` are SVG's presentation attributes: `stroke="#0072b2" stroke-width="2"`.
#[derive(Default)]
pub struct Canvas {
    body: String,
    /// The class of each kind of looks.
    classes: BTreeMap<String, String>,
    /// What the next stroke is about.
    about: Option<(&'static str, usize)>,
}

impl Canvas {
    /// A straight line.
    pub fn line(&mut self, (x1, y1): Point, (x2, y2): Point, looks: &str) {
        let class = self.class(looks);
        let end = match (x1 == x2, y1 == y2) {
            (_, true) => format!("H{x2}"),
            (true, _) => format!("V{y2}"),
            _ => format!("L{x2} {y2}"),
        };
        self.put(format_args!("<path{class} d=\"M{x1} {y1}{end}\"/>"));
    }

    /// A path through commands of SVG's path language.
    pub fn path(&mut self, commands: &str, looks: &str) {
        let class = self.class(looks);
        self.put(format_args!("<path{class} d=\"{commands}\"/>"));
    }

    /// A circle.
    pub fn circle(&mut self, (x, y): Point, radius: i32, looks: &str) {
        let class = self.class(looks);
        self.put(format_args!("<circle{class} cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"));
    }

    /// A rectangle with rounded corners.
    pub fn rect(&mut self, (x, y): Point, (width, height): (i32, i32), round: i32, looks: &str) {
        let class = self.class(looks);
        if round == 0 {
            return self.put(format_args!("<path{class} d=\"M{x} {y}h{width}v{height}h-{width}z\"/>"));
        }
        self.put(format_args!(
            "<rect{class} x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"/>"
        ));
    }

    /// A text whose baseline begins, is centred or ends at a place, as its looks say.
    pub fn text(&mut self, (x, y): Point, looks: &str, text: &str) {
        let class = self.class(looks);
        self.put(format_args!("<text{class} x=\"{x}\" y=\"{y}\">{}</text>", escape(text)));
    }

    /// A text along a direction, given in thousandths: (1000, 0) is level.
    pub fn text_along(&mut self, at: Point, (a, b): Point, looks: &str, text: &str) {
        if b == 0 {
            return self.text(at, looks, text);
        }
        let (class, (x, y)) = (self.class(looks), at);
        self.put(format_args!(
            "<text{class} transform=\"matrix({} {} {} {} {x} {y})\">{}</text>",
            thousandths(a),
            thousandths(b),
            thousandths(-b),
            thousandths(a),
            escape(text)
        ));
    }

    /// The next stroke is tagged, so that scripts find it: `("m", 3)` becomes `data-m="3"`.
    pub fn about(&mut self, tag: (&'static str, usize)) {
        self.about = Some(tag);
    }

    /// Strokes that belong together, with the words that a pointer held over them shows; nothing shows without words.
    pub fn group(&mut self, words: &str, draw: impl FnOnce(&mut Canvas)) {
        self.tagged(&[], words, draw);
    }

    /// A group that scripts find again by its tags: `("m", 3)` becomes `data-m="3"`.
    pub fn tagged(&mut self, tags: &[(&str, usize)], words: &str, draw: impl FnOnce(&mut Canvas)) {
        self.body.push_str("<g");
        for (name, value) in tags {
            let _ = write!(self.body, " data-{name}=\"{value}\"");
        }
        self.body.push('>');
        if !words.is_empty() {
            let _ = write!(self.body, "<title>{}</title>", escape(words));
        }
        self.body.push('\n');
        draw(self);
        self.put(format_args!("</g>"));
    }

    /// The whole picture, `label` being what it shows in one sentence.
    pub fn finish(mut self, (width, height): (i32, i32), label: &str) -> String {
        let label = escape(label);
        let ground = self.class(&format!("fill=\"{GROUND}\""));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{label}\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{SANS}\" font-size=\"12\">\n\
             <title>{label}</title>\n<style>{}</style>\n\
             <rect{ground} x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\n{}</svg>\n",
            self.style_sheet(),
            self.body
        )
    }

    /// The class attribute for some looks, and the tag, each with a blank before it.
    fn class(&mut self, looks: &str) -> String {
        let tag =
            self.about.take().map_or(String::new(), |(name, value)| format!(" data-{name}=\"{value}\""));
        if looks.is_empty() {
            return tag;
        }
        if !self.classes.contains_key(looks) {
            self.classes.insert(looks.to_owned(), name_of(looks));
        }
        format!("{tag} class=\"{}\"", self.classes[looks])
    }

    /// All looks as rules of CSS, those of a dark theme last.
    fn style_sheet(&self) -> String {
        let (mut sheet, mut in_the_dark) = (String::new(), String::new());
        for (looks, class) in &self.classes {
            let _ = write!(sheet, ".{class}{{{}}}", declarations(looks).join(";"));
            let darker: Vec<String> = declarations(looks)
                .iter()
                .filter_map(|it| it.split_once(':'))
                .filter_map(|(name, value)| Some(format!("{name}:{}", dark(value)?)))
                .collect();
            if !darker.is_empty() {
                let _ = write!(in_the_dark, ".{class}{{{}}}", darker.join(";"));
            }
        }
        format!("{sheet}@media(prefers-color-scheme:dark){{{in_the_dark}}}")
    }

    /// Dots of this radius, as one stroke.
    pub fn dots(&mut self, places: &[Point], radius: i32, colour: &str) {
        let looks = format!("stroke=\"{colour}\" stroke-width=\"{}\" stroke-linecap=\"round\"", 2 * radius);
        let places: String = places.iter().map(|(x, y)| format!("M{x} {y}h0")).collect();
        self.path(&places, &looks);
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.body, "{element}");
    }
}

/// Presentation attributes as declarations of CSS, where sizes of letters have a unit.
fn declarations(looks: &str) -> Vec<String> {
    let attributes = looks.split("\" ").map(|attribute| attribute.trim().trim_end_matches('"'));
    attributes
        .filter_map(|attribute| attribute.split_once("=\""))
        .map(|(name, value)| match name {
            "font-size" => format!("font-size:{value}px"),
            _ => format!("{name}:{value}"),
        })
        .collect()
}

/// A short name that depends on nothing but the looks (FNV-1a, in base 36).
fn name_of(looks: &str) -> String {
    const BASIS: u32 = 0x811C_9DC5;
    const PRIME: u32 = 0x0100_0193;
    let hash = looks.bytes().fold(BASIS, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME));
    let mut name = String::from("n");
    let mut rest = hash;
    for _ in 0..4 {
        name.push(char::from_digit(rest % 36, 36).unwrap_or('0'));
        rest /= 36;
    }
    name
}

/// ".985" of 985: SVG's numbers without floating point.
fn thousandths(number: i32) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:03}", number.abs() / 1000, number.abs() % 1000);
    let short = text.trim_end_matches('0').trim_end_matches('.');
    short.replacen("0.", ".", usize::from(number.abs() < 1000 && number != 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::INK;

    #[test]
    fn equal_looks_are_said_once_for_each_theme() {
        // A hundred arrows of one colour have one rule, and one more for the dark.
        let mut canvas = Canvas::default();
        let looks = format!("stroke=\"{INK}\" stroke-width=\"2\"");
        (0..100).for_each(|y| canvas.line((0, y), (9, y), &looks));
        let svg = canvas.finish((10, 100), "lines");
        assert_eq!(svg.matches("stroke-width:2").count(), 1);
        assert_eq!(svg.matches("stroke:#e6edf3").count(), 1);
        assert!(svg.find("stroke:#e6edf3") > svg.find("@media(prefers-color-scheme:dark)"));
    }

    #[test]
    fn looks_become_declarations() {
        // Values with blanks and quotes stay whole; a size of letters gets its unit, without which CSS ignores it.
        let looks = "font-size=\"11\"  stroke-dasharray=\"4 3\" font-family=\"a, 'b c'\"";
        assert_eq!(declarations(looks), ["font-size:11px", "stroke-dasharray:4 3", "font-family:a, 'b c'"]);
    }
}
