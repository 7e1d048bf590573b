//! How the series of a chart are told apart: by colour, and without colour by dashes and marks.

use netsplit_figure::palette;
use plotters::style::RGBColor;

/// How one series looks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    /// One of the palette's colours, which knows its dark form.
    pub colour: &'static str,
    pub dash: &'static str,
    pub mark: Mark,
    /// How bars are filled: whole, or striped.
    pub stripes: i32,
}

/// The shape that stands for one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Disc,
    Triangle,
    Square,
    Diamond,
    Cross,
    Wedge,
}

/// Colours that have a contrast of 3 to 1 on both grounds, told apart with every kind of colour vision when neighbours in this order.
const COLOURS: [&str; 6] =
    [palette::MESSAGE, palette::HARM, palette::GOOD, palette::CALL, palette::DOUBT_TEXT, palette::QUIET];
const DASHES: [&str; 5] = ["", "7 4", "2 4", "9 3 2 3", "4 3"];
const MARKS: [Mark; 6] = [Mark::Disc, Mark::Triangle, Mark::Square, Mark::Diamond, Mark::Cross, Mark::Wedge];

impl Look {
    /// The look of the series of this number. Sixty are different.
    pub fn of(number: usize) -> Look {
        Look {
            colour: COLOURS[number % COLOURS.len()],
            dash: DASHES[number % DASHES.len()],
            mark: MARKS[number % MARKS.len()],
            stripes: [0, 4, 7][number % 3],
        }
    }

    /// The same colour with another dash: the lines of one ribbon.
    pub fn dashed(self, number: usize) -> Look {
        Look { dash: DASHES[number % DASHES.len()], ..self }
    }

    /// A colour that means something.
    pub fn coloured(self, colour: &'static str) -> Look {
        Look { colour, ..self }
    }

    /// The colour, as plotters takes it.
    pub fn rgb(&self) -> RGBColor {
        rgb(self.colour)
    }
}

/// "#0072b2", as plotters takes it.
pub(crate) fn rgb(colour: &str) -> RGBColor {
    let part =
        |at: usize| colour.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok()).unwrap_or(0);
    RGBColor(part(1), part(3), part(5))
}

impl Mark {
    /// The outline around (0, 0); nothing for a disc, which is round.
    pub fn outline(self) -> &'static [(i32, i32)] {
        match self {
            Mark::Disc => &[],
            Mark::Triangle => &[(0, -4), (4, 3), (-4, 3)],
            Mark::Square => &[(-3, -3), (3, -3), (3, 3), (-3, 3)],
            Mark::Diamond => &[(0, -4), (4, 0), (0, 4), (-4, 0)],
            Mark::Cross => &[
                (-4, -3),
                (-3, -4),
                (0, -1),
                (3, -4),
                (4, -3),
                (1, 0),
                (4, 3),
                (3, 4),
                (0, 1),
                (-3, 4),
                (-4, 3),
                (-1, 0),
            ],
            Mark::Wedge => &[(0, 4), (4, -3), (-4, -3)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_series_of_a_chart_look_alike() {
        // Neither colour nor dash alone tells twelve series apart: both together do, and neighbours differ in everything.
        let looks: Vec<Look> = (0..30).map(Look::of).collect();
        for (number, look) in looks.iter().enumerate() {
            assert!(
                looks[..number].iter().all(|other| (other.colour, other.dash) != (look.colour, look.dash))
            );
        }
        assert!(looks.windows(2).all(|two| {
            two[0].colour != two[1].colour && two[0].dash != two[1].dash && two[0].mark != two[1].mark
        }));
    }

    #[test]
    fn every_colour_has_a_dark_form_or_needs_none() {
        // A chart is looked at in both themes.
        for colour in COLOURS {
            assert!(palette::dark(colour).is_some(), "{colour}");
            let RGBColor(red, green, blue) = rgb(colour);
            assert_eq!(format!("#{red:02x}{green:02x}{blue:02x}"), colour);
        }
    }
}
