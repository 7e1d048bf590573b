//! Level of detail: what of many points is drawn, so that a picture stays small and looks the same.
//!
//! Of a line, each column of pixels keeps its first, lowest, highest and last point, which draws the same pixels as all of them (Jugel,
//! Jerzak, Hackenbroich and Markl, "M4: a visualization-oriented time series data aggregation", 2014). Of points, those that would cover
//! each other are drawn as one.

use std::collections::BTreeSet;

use netsplit_figure::Point;

/// The points of a line to keep, at most about `most`, by their numbers and in their order; `places` are their pixels, a gap being none.
pub(crate) fn of_line(places: &[Option<Point>], most: usize) -> Vec<usize> {
    if places.len() <= most {
        return (0..places.len()).collect();
    }
    let mut column = 1;
    loop {
        let kept = columns(places, column);
        // A line that runs to and fro fills its columns anew each time: then it is thinned out.
        if kept.len() <= most {
            return kept;
        }
        if column > 4096 {
            return kept.iter().copied().step_by(kept.len().div_ceil(most)).collect();
        }
        column *= 2;
    }
}

/// First, lowest, highest and last of every run of neighbours in one column of so many pixels.
fn columns(places: &[Option<Point>], width: i32) -> Vec<usize> {
    let column = |index: usize| places[index].map(|(x, _)| x.div_euclid(width));
    let height = |index: &usize| places[*index].map(|(_, y)| y);
    let mut kept = Vec::new();
    let mut begin = 0;
    while begin < places.len() {
        let run = (begin..places.len()).take_while(|&index| column(index) == column(begin));
        let end = begin + run.count();
        let lowest = (begin..end).min_by_key(height).unwrap_or(begin);
        let highest = (begin..end).max_by_key(height).unwrap_or(begin);
        // Of a gap, one is as good as many.
        let mut four =
            if column(begin).is_none() { vec![begin] } else { vec![begin, lowest, highest, end - 1] };
        four.sort_unstable();
        four.dedup();
        kept.extend(four);
        begin = end;
    }
    kept
}

/// The points to keep when each is a mark of its own, at most `most`.
pub(crate) fn of_points(places: &[Option<Point>], most: usize) -> Vec<usize> {
    let mut cell = 1;
    loop {
        let mut taken = BTreeSet::new();
        let mut kept = Vec::new();
        for (index, place) in places.iter().enumerate() {
            let Some((x, y)) = place else { continue };
            if taken.insert((x.div_euclid(cell), y.div_euclid(cell))) {
                kept.push(index);
                if kept.len() > most {
                    break;
                }
            }
        }
        if kept.len() <= most {
            return kept;
        }
        cell += cell / 2 + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_peaks() {
        // A single spike among 100,000 equal values is what one looks for.
        let mut places: Vec<Option<Point>> = (0..100_000).map(|index| Some((index / 150, 100))).collect();
        places[77_777] = Some((77_777 / 150, 3));
        let kept = of_line(&places, 4000);
        assert!(kept.contains(&77_777) && kept.contains(&0) && kept.contains(&99_999));
        assert!(kept.len() <= 4000 && kept.is_sorted());
        assert!(of_line(&places, 300).contains(&77_777));
    }

    #[test]
    fn a_gap_stays_a_gap() {
        // Nothing is drawn where nothing was measured, however few points are kept.
        let mut places: Vec<Option<Point>> = (0..9_000).map(|index| Some((index / 20, index % 7))).collect();
        places[4_000..4_100].fill(None);
        let kept = of_line(&places, 1000);
        assert!(kept.iter().any(|&index| places[index].is_none()));
        assert!(kept.contains(&3_999) && kept.contains(&4_100));
    }

    #[test]
    fn a_line_to_and_fro_is_bounded_too() {
        // A phase diagram may cross every column a thousand times.
        let places: Vec<Option<Point>> =
            (0..50_000).map(|index| Some((index * 7919 % 8000, index % 300))).collect();
        assert!(of_line(&places, 500).len() <= 500);
    }

    #[test]
    fn points_that_cover_each_other_are_one() {
        // 100,000 points on 50 places are 50; spread out they are thinned evenly, and gaps are none.
        let stacked: Vec<Option<Point>> = (0..100_000).map(|index| Some((index % 50 * 9, 5))).collect();
        assert_eq!(of_points(&stacked, 1000).len(), 50);
        let spread: Vec<Option<Point>> = (0..90_000).map(|index| Some((index % 300, index / 300))).collect();
        let kept = of_points(&spread, 1000);
        assert!((400..=1000).contains(&kept.len()), "{}", kept.len());
        assert_eq!(of_points(&[None, Some((1, 1))], 10), [1]);
    }
}
