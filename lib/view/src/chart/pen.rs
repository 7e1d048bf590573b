//! The pen that plotters draws with: it notes strokes, which then go onto the same canvas as those of all other pictures.
//!
//! So a chart has the colours of both themes, escaped texts and groups that a script finds, as every picture has, and SVG of one making.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Write;

use netsplit_figure::{Canvas, Point};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontTransform,
};

use netsplit_figure::measure;

/// One thing that was drawn, in pixels of the picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stroke {
    /// A line through places.
    Line { through: Vec<Point>, colour: String, width: u32 },
    /// A filled outline.
    Area { outline: Vec<Point>, colour: String },
    /// A rectangle without an edge.
    Rect { at: Point, size: (i32, i32), colour: String },
    /// A disc.
    Disc { at: Point, radius: u32, colour: String },
    /// A text, whose looks say where its anchor is.
    Text { at: Point, turned: bool, looks: String, text: String },
}

/// Notes what plotters draws.
pub(crate) struct Pen<'a> {
    pub strokes: &'a RefCell<Vec<Stroke>>,
    pub size: (u32, u32),
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl Pen<'_> {
    fn put(&self, colour: BackendColor, stroke: impl FnOnce(String) -> Stroke) -> Drawn {
        if colour.alpha > 0.0 {
            let (red, green, blue) = colour.rgb;
            self.strokes.borrow_mut().push(stroke(format!("#{red:02x}{green:02x}{blue:02x}")));
        }
        Ok(())
    }
}

impl DrawingBackend for Pen<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, at: Point, colour: BackendColor) -> Drawn {
        self.put(colour, |colour| Stroke::Rect { at, size: (1, 1), colour })
    }

    fn draw_line<S: BackendStyle>(&mut self, from: Point, to: Point, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = Point>>(&mut self, path: I, style: &S) -> Drawn {
        let (through, width) = (path.into_iter().collect(), style.stroke_width());
        self.put(style.color(), |colour| Stroke::Line { through, colour, width })
    }

    fn draw_rect<S: BackendStyle>(&mut self, at: Point, to: Point, style: &S, fill: bool) -> Drawn {
        if !fill {
            let corners = [at, (to.0, at.1), to, (at.0, to.1), at];
            return self.draw_path(corners, style);
        }
        let size = (to.0 - at.0, to.1 - at.1);
        self.put(style.color(), |colour| Stroke::Rect { at, size, colour })
    }

    fn draw_circle<S: BackendStyle>(&mut self, at: Point, radius: u32, style: &S, _fill: bool) -> Drawn {
        self.put(style.color(), |colour| Stroke::Disc { at, radius, colour })
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = Point>>(
        &mut self,
        outline: I,
        style: &S,
    ) -> Drawn {
        let outline = outline.into_iter().collect();
        self.put(style.color(), |colour| Stroke::Area { outline, colour })
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): Point) -> Drawn {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // From the place that is meant to the line that letters stand on.
        let size = style.size().round();
        let down = match style.anchor().v_pos {
            VPos::Top => size * 0.8,
            VPos::Center => size * 0.35,
            VPos::Bottom => -size * 0.2,
        };
        let (turned, down) = (matches!(style.transform(), FontTransform::Rotate270), down.round() as i32);
        let at = if turned { (x + down, y) } else { (x, y + down) };
        self.put(style.color(), |colour| {
            let looks = format!("fill=\"{colour}\" text-anchor=\"{anchor}\" font-size=\"{size}\"");
            Stroke::Text { at, turned, looks, text: text.to_owned() }
        })
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let width = measure::cells(text) as f64 * style.size() * 0.6;
        Ok((width.ceil() as u32, style.size().ceil() as u32))
    }
}

/// How the strokes of a series are to look beyond what plotters knows of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Finish {
    /// SVG's dashes; nothing for whole lines.
    pub dash: &'static str,
    /// How much of what is behind areas is covered, in percent; 0 for all of it.
    pub cover: u32,
}

/// Puts strokes onto the canvas. Areas, and lines, of equal looks become one element.
pub(crate) fn put_down(strokes: Vec<Stroke>, finish: &Finish, canvas: &mut Canvas) {
    let mut joined: Option<(String, String)> = None;
    for stroke in strokes {
        let (commands, looks) = match stroke {
            Stroke::Line { through, colour, width } => {
                (commands(&through), line_looks(&colour, width, finish))
            }
            Stroke::Area { outline, colour } => (commands(&outline) + "z", fill_looks(&colour, finish.cover)),
            Stroke::Rect { at, size, colour } => (
                format!("M{} {}h{}v{}h{}z", at.0, at.1, size.0, size.1, -size.0),
                fill_looks(&colour, finish.cover),
            ),
            // A round dot: a line of no length with round ends.
            Stroke::Disc { at, radius, colour } => {
                (format!("M{} {}h0", at.0, at.1), line_looks(&colour, 2 * radius, &Finish::default()))
            }
            Stroke::Text { at, turned, looks, text } => {
                flush(&mut joined, canvas);
                let along = if turned { (0, -1000) } else { (1000, 0) };
                canvas.text_along(at, along, &looks, &text);
                continue;
            }
        };
        match &mut joined {
            Some((before, same)) if *same == looks => before.push_str(&commands),
            _ => {
                flush(&mut joined, canvas);
                joined = Some((commands, looks));
            }
        }
    }
    flush(&mut joined, canvas);
}

fn flush(joined: &mut Option<(String, String)>, canvas: &mut Canvas) {
    if let Some((commands, looks)) = joined.take() {
        canvas.path(&commands, &looks);
    }
}

fn line_looks(colour: &str, width: u32, finish: &Finish) -> String {
    let mut looks = format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"");
    if width > 1 {
        looks += " stroke-linecap=\"round\" stroke-linejoin=\"round\"";
    }
    if !finish.dash.is_empty() {
        let _ = write!(looks, " stroke-dasharray=\"{}\"", finish.dash);
    }
    if finish.cover > 0 {
        let _ = write!(looks, " stroke-opacity=\"0.{:02}\"", finish.cover);
    }
    looks
}

fn fill_looks(colour: &str, cover: u32) -> String {
    let cover = if cover == 0 { String::new() } else { format!(" fill-opacity=\"0.{cover:02}\"") };
    format!("fill=\"{colour}\"{cover}")
}

/// A line through places in SVG's path language: the first place, then steps. One place becomes a dot.
fn commands(through: &[Point]) -> String {
    let Some(((x, y), rest)) = through.split_first() else { return String::new() };
    let mut commands = format!("M{x} {y}");
    if rest.iter().all(|place| place == &(*x, *y)) {
        commands.push_str("h0");
        return commands;
    }
    let (mut last, mut between) = ((*x, *y), "l");
    for &(x, y) in rest {
        let (dx, dy) = (x - last.0, y - last.1);
        if (dx, dy) != (0, 0) {
            let blank = if dy < 0 { "" } else { " " };
            let _ =
                write!(commands, "{}{dx}{blank}{dy}", if dx < 0 && between == " " { "" } else { between });
            (last, between) = ((x, y), " ");
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_place_and_steps() {
        // The shortest form, that of most of a chart's bytes; what does not move is left out.
        assert_eq!(commands(&[(1, 2), (3, 2), (3, 2), (2, 9), (0, 4)]), "M1 2l2 0-1 7-2-5");
        assert_eq!(commands(&[(1, 2)]), "M1 2h0");
        assert_eq!(commands(&[(1, 2), (1, 2)]), "M1 2h0");
        assert_eq!(commands(&[]), "");
    }

    #[test]
    fn equal_marks_are_one_element() {
        // A thousand dots are a thousand short commands, not a thousand elements; another colour begins anew.
        let dot = |x, colour: &str| Stroke::Disc { at: (x, 5), radius: 3, colour: colour.to_owned() };
        let mut canvas = Canvas::default();
        let strokes = vec![dot(1, "#0072b2"), dot(2, "#0072b2"), dot(3, "#d55e00")];
        put_down(strokes, &Finish::default(), &mut canvas);
        let svg = canvas.finish((10, 10), "dots");
        assert_eq!(svg.matches("<path").count(), 2);
        assert!(svg.contains("d=\"M1 5h0M2 5h0\""), "{svg}");
    }
}
