//! Where the labels go. Every label has several spots where it could stand; it takes the one that disturbs least: not on
//! another label, rather not across an arrow, cut short only if it must be. Labels are placed one after the other and stay.

use netsplit_figure::measure::{cells, cut};

use netsplit_figure::Point;

/// The font of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// A value in its Debug form.
    Code,
    /// Plain words.
    Words,
}

impl Face {
    /// The width of `text` in pixels, at 11 pixels' height; for words it is a guess on the safe side.
    pub fn width(self, text: &str) -> i32 {
        self.width_of(cells(text))
    }

    /// The width of so many cells.
    fn width_of(self, cells: usize) -> i32 {
        let per_hundred = match self {
            Face::Code => 664,
            Face::Words => 610,
        };
        (cells as i32 * per_hundred) / 100
    }

    /// How many cells fit into `width` pixels.
    pub fn room(self, width: i32) -> usize {
        (width.max(0) / 7) as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A place where a label could stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub at: Point,
    /// The direction of reading in thousandths.
    pub along: Point,
    pub anchor: Anchor,
    /// How many cells it may take here.
    pub room: usize,
    /// How unwelcome the place is by itself.
    pub cost: i32,
}

impl Spot {
    /// Whether a text stands here just as on a later spot, and is no less welcome.
    fn stands_like(&self, later: &Spot) -> bool {
        let stands = |spot: &Spot| (spot.at, spot.along, spot.anchor as u8);
        stands(self) == stands(later) && self.cost <= later.cost
    }
}

/// A label that has its place.
#[derive(Debug)]
pub(super) struct Placed {
    pub at: Point,
    pub along: Point,
    pub anchor: Anchor,
    pub text: String,
    pub width: i32,
}

/// A straight stroke that labels keep off; `owner` tells a label its own arrow.
struct Stroke {
    from: Point,
    to: Point,
    owner: usize,
    weight: i32,
}

/// All that is in the way, by the height at which it is: a long picture has much that is far away from any one label.
pub(super) struct Obstacles {
    /// Labels stay between these places.
    left: i32,
    right: i32,
    strokes: Vec<Stroke>,
    bands: Vec<Band>,
}

/// What is in the way at some heights.
#[derive(Default)]
struct Band {
    /// Strokes that touch it, by their places.
    strokes: Vec<usize>,
    /// Points along the labels that have their place here.
    taken: Vec<Point>,
}

/// The owner of strokes that are nobody's arrow.
pub(super) const NOBODY: usize = usize::MAX;

/// Points along a label stand this far apart.
const STEP: i32 = 7;
/// The height of a band.
const BAND: i32 = 12;
/// How near to a stroke a letter's middle touches it.
const REACH: i32 = 6;

impl Obstacles {
    /// A page on which labels stay between these places, with nothing on it.
    pub fn between(left: i32, right: i32) -> Obstacles {
        Obstacles { left, right, strokes: Vec::new(), bands: Vec::new() }
    }

    /// A stroke is in the way of all labels but its owner's; `weight` is the cost of each touching point.
    pub fn add_stroke(&mut self, from: Point, to: Point, owner: usize, weight: i32) {
        let number = self.strokes.len();
        for band in band_of(from.1.min(to.1) - REACH)..=band_of(from.1.max(to.1) + REACH) {
            self.band(band).strokes.push(number);
        }
        self.strokes.push(Stroke { from, to, owner, weight });
    }

    /// Puts `text` on the best of its spots, of equal ones on the first; nothing if there is none.
    pub fn place(&mut self, text: &str, face: Face, owner: usize, spots: &[Spot]) -> Option<Placed> {
        let whole = cells(text);
        // Many spots have the same room.
        let mut known: Vec<(usize, String, usize)> = Vec::new();
        let mut tried: Vec<(usize, &Spot)> = Vec::with_capacity(spots.len());
        let mut best: Option<(i32, &Spot, usize)> = None;
        for spot in spots {
            let limit = best.as_ref().map_or(i32::MAX, |(cost, ..)| *cost);
            if spot.cost >= limit {
                continue;
            }
            let room = spot.room.min(whole);
            let place = known.iter().position(|(known, ..)| *known == room).unwrap_or_else(|| {
                let shown = cut(text, room);
                let width = cells(&shown);
                known.push((room, shown, width));
                known.len() - 1
            });
            // The same text at the same place, for another room that it does not need.
            let again = |tried: &(usize, &Spot)| tried.0 == place && tried.1.stands_like(spot);
            if tried.iter().any(again) {
                continue;
            }
            tried.push((place, spot));
            let shown = known[place].2;
            let cost = self.cost(whole.saturating_sub(shown), face.width_of(shown), owner, spot, limit);
            if cost < limit {
                best = Some((cost, spot, place));
            }
        }
        let (_, spot, place) = best?;
        let (_, shown, width) = known.swap_remove(place);
        let width = face.width_of(width);
        for point in points(spot, width) {
            self.band(band_of(point.1)).taken.push(point);
        }
        Some(Placed { at: spot.at, along: spot.along, anchor: spot.anchor, text: shown, width })
    }

    /// What a label costs on a spot that takes `missing` of its cells, or at least `limit` if it costs that.
    fn cost(&self, missing: usize, width: i32, owner: usize, spot: &Spot, limit: i32) -> i32 {
        let missing = missing as i32;
        // The first letters lost hurt most: a name cut to its beginning is a riddle.
        let mut cost = spot.cost + missing.min(14) * 6 + missing.max(14) - 14;
        for point in points(spot, width) {
            if cost >= limit {
                break;
            }
            if point.0 < self.left || point.0 > self.right {
                cost += 400;
            }
            let covers = |&&(x, y): &&Point| (x - point.0).abs() < 9 && (y - point.1).abs() < 13;
            for band in band_of(point.1 - 13)..=band_of(point.1 + 13) {
                let taken = self.bands.get(band).map_or(&[][..], |band| &band.taken);
                cost += 60 * taken.iter().filter(covers).count() as i32;
            }
            let strokes = self.bands.get(band_of(point.1)).map_or(&[][..], |band| &band.strokes);
            let strokes = strokes.iter().map(|&number| &self.strokes[number]);
            let others = strokes.filter(|stroke| stroke.owner == NOBODY || stroke.owner != owner);
            cost += others.filter(|stroke| touches(point, stroke)).map(|stroke| stroke.weight).sum::<i32>();
        }
        cost
    }

    fn band(&mut self, number: usize) -> &mut Band {
        if self.bands.len() <= number {
            self.bands.resize_with(number + 1, Band::default);
        }
        &mut self.bands[number]
    }
}

/// The band of a height; what is above the picture is in the first.
fn band_of(y: i32) -> usize {
    (y.max(0) / BAND) as usize
}

/// Points along the middle of a text's letters.
fn points(spot: &Spot, width: i32) -> impl Iterator<Item = Point> {
    let ((x, y), (a, b)) = (spot.at, spot.along);
    let from = match spot.anchor {
        Anchor::Start => 0,
        Anchor::Middle => -width / 2,
        Anchor::End => -width,
    };
    (0..=width).step_by(STEP as usize).chain([width]).map(move |step| {
        let along = from + step;
        // Four pixels above the baseline, along the reading direction.
        (x + (a * along + b * 4) / 1000, y + (b * along - a * 4) / 1000)
    })
}

/// Whether a letter at `point` would touch the stroke.
fn touches(point: Point, stroke: &Stroke) -> bool {
    let ((x1, y1), (x2, y2)) = (stroke.from, stroke.to);
    if point.0 < x1.min(x2) - REACH
        || point.0 > x1.max(x2) + REACH
        || point.1 < y1.min(y2) - REACH
        || point.1 > y1.max(y2) + REACH
    {
        return false;
    }
    let (dx, dy) = (i64::from(x2 - x1), i64::from(y2 - y1));
    let (px, py) = (i64::from(point.0 - x1), i64::from(point.1 - y1));
    let across = (dx * py - dy * px).abs();
    across * across <= i64::from(REACH * REACH) * (dx * dx + dy * dy)
}

/// The direction from one place to another in thousandths, and the distance; the direction is level if there is none.
pub(super) fn direction(from: Point, to: Point) -> (Point, i32) {
    let (dx, dy) = (i64::from(to.0 - from.0), i64::from(to.1 - from.1));
    // Squares of thousandths keep three digits through the whole-number root.
    let length = ((dx * dx + dy * dy) * 1_000_000).isqrt();
    if length == 0 {
        return ((1000, 0), 0);
    }
    let part = |d: i64| (d * 1_000_000 / length) as i32;
    ((part(dx), part(dy)), (length / 1000) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(x: i32, y: i32, room: usize, cost: i32) -> Spot {
        Spot { at: (x, y), along: (1000, 0), anchor: Anchor::Start, room, cost }
    }

    #[test]
    fn labels_keep_off_each_other() {
        // The second label takes its second choice: the first is taken.
        let mut page = Obstacles::between(0, 800);
        let spots = [level(100, 50, 40, 0), level(100, 80, 40, 9)];
        let first = page.place("a label", Face::Code, NOBODY, &spots).expect("spots");
        let second = page.place("another", Face::Code, NOBODY, &spots).expect("spots");
        assert_eq!((first.at, second.at), ((100, 50), (100, 80)));
    }

    #[test]
    fn labels_keep_off_arrows_but_not_their_own() {
        // An arrow's label may touch the arrow; another's may not if it can help it.
        let spots = [level(100, 50, 40, 0), level(100, 90, 40, 9)];
        for (owner, expected) in [(3, 50), (4, 90)] {
            let mut page = Obstacles::between(0, 800);
            page.add_stroke((90, 48), (200, 48), 3, 7);
            let placed = page.place("a label", Face::Code, owner, &spots).expect("spots");
            assert_eq!(placed.at.1, expected);
        }
    }

    #[test]
    fn labels_are_cut_only_where_they_must_be() {
        // Room enough: whole. No room on the page: cut rather than lost beyond the edge.
        let text = "thirty letters and some more..";
        let mut page = Obstacles::between(0, 150);
        let placed = page
            .place(text, Face::Code, NOBODY, &[level(10, 50, 40, 0), level(10, 50, 12, 0)])
            .expect("spots");
        assert!(placed.text.ends_with('…') && placed.at.0 + placed.width <= 150, "{placed:?}");
        let mut page = Obstacles::between(0, 800);
        let placed = page
            .place(text, Face::Code, NOBODY, &[level(10, 50, 12, 0), level(10, 50, 40, 0)])
            .expect("spots");
        assert_eq!(placed.text, text);
    }

    #[test]
    fn a_stroke_touches_what_is_near_it() {
        // Across, along and beyond its ends.
        let stroke = Stroke { from: (0, 0), to: (100, 100), owner: NOBODY, weight: 1 };
        assert!(touches((50, 50), &stroke) && touches((50, 57), &stroke) && touches((103, 103), &stroke));
        assert!(!touches((50, 62), &stroke) && !touches((120, 120), &stroke) && !touches((0, 100), &stroke));
    }

    #[test]
    fn directions_are_whole_numbers() {
        // The same on every machine: no floating point.
        assert_eq!(direction((0, 0), (300, 400)), ((600, 800), 500));
        assert_eq!(direction((10, 10), (10, 10)), ((1000, 0), 0));
        assert_eq!(direction((5, 0), (0, 0)), ((-1000, 0), 5));
    }
}
