//! Samples as series: quantiles with ribbons between them, the middle of what was seen, and distributions.

use super::looks::Look;
use super::quantile::Sample;
use super::quantity::{Place, Unit};
use super::{Chart, Point, Series, Shape};

/// The quantiles of a ribbon in thousandths.
const RIBBON: [(u32, &str); 3] = [(500, "p50"), (900, "p90"), (990, "p99")];
/// The ends of the middle 80%.
const MIDDLE: (u32, u32) = (100, 900);

impl Chart {
    /// The quantiles of samples as three lines of one colour, and what lies between them; beside each other, where places have names.
    pub(crate) fn ribbon(mut self, name: &str, samples: Vec<(Place, Sample)>, unit: Unit) -> Chart {
        let (first, look, has_names) = (self.entries(), self.next_family(), has_names(&samples));
        // Grounds first, so that no line lies under one.
        for upper in (1..RIBBON.len()).filter(|_| !has_names) {
            let points = between(&samples, RIBBON[upper - 1].0, RIBBON[upper].0);
            self.series.push(ground(look.clone(), first + upper, unit, points));
        }
        for (number, (thousandths, label)) in RIBBON.into_iter().enumerate() {
            let name = format!("{name} {label}").trim_start().to_owned();
            let (shape, look) = match has_names {
                true => (Shape::Points, Look::of(first + number)),
                false => (Shape::Line, look.clone().dashed(number)),
            };
            let (points, entry) = (at(&samples, thousandths), first + number);
            self.series.push(Series { name, shape, look, entry, has_entry: true, unit, points });
        }
        self
    }

    /// The median of samples, and the middle 80% behind it.
    pub(crate) fn middle(mut self, name: &str, samples: Vec<(Place, Sample)>, unit: Unit) -> Chart {
        let (entry, look) = (self.entries(), self.next_family());
        let middle = between(&samples, MIDDLE.0, MIDDLE.1);
        let (behind, shape) = match has_names(&samples) {
            true => {
                (Series { shape: Shape::Ranges, ..ground(look.clone(), entry, unit, middle) }, Shape::Points)
            }
            false => (ground(look.clone(), entry, unit, middle), Shape::Line),
        };
        // The table in letters has a line for it.
        self.series.push(Series { name: format!("{name} middle 80%").trim_start().to_owned(), ..behind });
        let (name, points) = (name.to_owned(), at(&samples, 500));
        self.series.push(Series { name, shape, look, entry, has_entry: true, unit, points });
        self
    }

    /// The share of values up to each value.
    pub(crate) fn shares(mut self, name: String, sample: &Sample, unit: Unit) -> Chart {
        let all = sample.len() as f64;
        let values = sample.values();
        // Of equal values the last one has the share of all of them.
        let last = |index: &usize| values.get(index + 1).is_none_or(|next| *next != values[*index]);
        let share = |index: usize| Point {
            at: Place::At(values[index], unit),
            value: Some((index + 1) as f64 / all),
            upper: None,
        };
        let points = (0..values.len()).filter(last).map(share).collect();
        self.y.unit = Some(Unit::Share);
        self.add(Shape::Steps, name, points, Unit::Share)
    }

    /// The look of the next group of lines that share a colour.
    fn next_family(&self) -> Look {
        let mut colours: Vec<&str> = self.series.iter().map(|series| series.look.colour).collect();
        colours.dedup();
        Look::of(colours.len())
    }
}

fn has_names(samples: &[(Place, Sample)]) -> bool {
    samples.iter().any(|(place, _)| matches!(place, Place::Named(_)))
}

fn at(samples: &[(Place, Sample)], thousandths: u32) -> Vec<Point> {
    let point = |(place, sample): &(Place, Sample)| Point {
        at: place.clone(),
        value: sample.quantile(thousandths),
        upper: None,
    };
    samples.iter().map(point).collect()
}

fn between(samples: &[(Place, Sample)], low: u32, high: u32) -> Vec<Point> {
    let point = |(place, sample): &(Place, Sample)| Point {
        at: place.clone(),
        value: sample.quantile(low),
        upper: sample.quantile(high),
    };
    samples.iter().map(point).collect()
}

/// A band that belongs to another series.
fn ground(look: Look, entry: usize, unit: Unit, points: Vec<Point>) -> Series {
    Series { name: String::new(), shape: Shape::Band, look, entry, has_entry: false, unit, points }
}
