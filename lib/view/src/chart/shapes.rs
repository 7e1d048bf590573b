//! Series as plotters' elements: lines, marks, bars and bands.

use plotters::element::{Circle, EmptyElement, Polygon, Rectangle};
use plotters::series::LineSeries;
use plotters::style::{Color, ShapeStyle};

use super::Shape;
use super::content::{Content, Height, Shown, has_two_edges};
use super::looks::Mark;
use super::plot::{Drawn, Plot};

/// A line of at most so many points has a mark at each.
pub(crate) const MARKED: usize = 40;

/// Where the points of a series stand; a band's, its upper edge.
pub(crate) fn pixels(series: &Shown, plot: &Plot<'_>) -> Vec<Option<(i32, i32)>> {
    let middle = |height: &Height| if has_two_edges(series.shape) { height.high } else { height.low };
    let pixel =
        |(x, height): &(f64, Option<Height>)| Some(plot.backend_coord(&(*x, middle(height.as_ref()?))));
    series.points.iter().map(pixel).collect()
}

/// Of bars that would be thinner than a pixel, the highest of neighbours.
pub(crate) fn highest_bars(series: &Shown, pixels: &[Option<(i32, i32)>], most: usize) -> Vec<usize> {
    let together = series.points.len().div_ceil(most.max(1)).max(1);
    let all: Vec<usize> = (0..series.points.len()).collect();
    let runs = all.chunks(together);
    runs.filter_map(|run| {
        run.iter().copied().filter(|&it| pixels[it].is_some()).min_by_key(|&it| pixels[it].map(|(_, y)| y))
    })
    .collect()
}

/// Draws what is kept of a series; `slot` is the place of its bars among so many.
pub(crate) fn draw_series(
    series: &Shown,
    kept: &[usize],
    plot: &mut Plot<'_>,
    slot: Option<(usize, usize)>,
    content: &Content,
) -> Drawn {
    let colour = series.look.rgb();
    let points = || kept.iter().map(|&index| series.points[index]);
    match series.shape {
        Shape::Points => points()
            .filter_map(|(x, height)| Some((x, height?.low)))
            .try_for_each(|at| mark(series, at, plot)),
        Shape::Bars => {
            let width = bar_width(series, kept, plot, slot.map_or(1, |(_, count)| count));
            let (place, count) = slot.unwrap_or((0, 1));
            let left = width * place as i32 - width * count as i32 / 2;
            points()
                .filter_map(|(x, height)| Some((x, height?.low)))
                .try_for_each(|at| bar(series, at, (left, width), plot, content))
        }
        Shape::Band => runs(points()).into_iter().try_for_each(|run| {
            let upper = run.iter().map(|(x, height)| (*x, height.high));
            let lower = run.iter().rev().map(|(x, height)| (*x, height.low));
            let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
            plot.draw_series([Polygon::new(outline, colour.filled())]).map(|_| ())
        }),
        Shape::Ranges => points().filter_map(|(x, height)| Some((x, height?))).try_for_each(|(x, height)| {
            let upright = [(x, height.low), (x, height.high)];
            plot.draw_series(LineSeries::new(upright, ShapeStyle::from(colour).stroke_width(6))).map(|_| ())
        }),
        Shape::Line | Shape::Steps => {
            // Thin where it is dense, or it becomes an area.
            let width = if kept.len() > 400 { 1 } else { 2 };
            for run in runs(points()) {
                let through = run.iter().map(|(x, height)| (*x, height.low));
                plot.draw_series(LineSeries::new(through, ShapeStyle::from(colour).stroke_width(width)))?;
            }
            if series.shape == Shape::Line && series.points.len() <= MARKED {
                points()
                    .filter_map(|(x, height)| Some((x, height?.low)))
                    .try_for_each(|at| mark(series, at, plot))?;
            }
            Ok(())
        }
    }
}

/// What stands between gaps.
fn runs(points: impl Iterator<Item = (f64, Option<Height>)>) -> Vec<Vec<(f64, Height)>> {
    let mut runs = vec![Vec::new()];
    for (x, height) in points {
        match (height, runs.last_mut()) {
            (Some(height), Some(run)) => run.push((x, height)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn mark(series: &Shown, at: (f64, f64), plot: &mut Plot<'_>) -> Drawn {
    let colour = series.look.rgb();
    if series.look.mark == Mark::Disc {
        return plot.draw_series([Circle::new(at, 3, colour.filled())]).map(|_| ());
    }
    let outline: Vec<(i32, i32)> = series.look.mark.outline().to_vec();
    plot.draw_series([EmptyElement::at(at) + Polygon::new(outline, colour.filled())]).map(|_| ())
}

/// The width of one bar in pixels, so that those of all series have room between neighbours.
fn bar_width(series: &Shown, kept: &[usize], plot: &Plot<'_>, count: usize) -> i32 {
    let (across, _) = plot.plotting_area().get_pixel_range();
    let mut places: Vec<i32> = kept
        .iter()
        .map(|&index| plot.backend_coord(&(series.points[index].0, plot.y_range().start)).0)
        .collect();
    places.sort_unstable();
    places.dedup();
    let room = places.windows(2).map(|two| two[1] - two[0]).min().unwrap_or((across.end - across.start) / 2);
    (room * 8 / 10 / count.max(1) as i32).clamp(1, 60)
}

fn bar(
    series: &Shown,
    (x, height): (f64, f64),
    (left, width): (i32, i32),
    plot: &mut Plot<'_>,
    content: &Content,
) -> Drawn {
    let base = if content.y.low > 0.0 { content.y.low } else { 0.0_f64.min(content.y.high) };
    let down = plot.backend_coord(&(x, base)).1 - plot.backend_coord(&(x, height)).1;
    let colour = series.look.rgb();
    // Nothing is drawn as a line on the axis, so that it is seen to be there.
    let (top, bottom) = if down == 0 { (-1, 0) } else { (0.min(down), 0.max(down)) };
    let right = left + (width - 1).max(1);
    let stripes = series.look.stripes;
    if stripes == 0 || width < 6 || bottom - top < 6 {
        return plot
            .draw_series([EmptyElement::at((x, height))
                + Rectangle::new([(left, top), (right, bottom)], colour.filled())])
            .map(|_| ());
    }
    let edge = EmptyElement::at((x, height))
        + Rectangle::new([(left, top), (right, bottom)], ShapeStyle::from(colour).stroke_width(2));
    plot.draw_series([edge])?;
    for stripe in ((top + stripes)..bottom).step_by(stripes as usize) {
        let line = Rectangle::new([(left, stripe), (right, stripe + 1)], colour.filled());
        plot.draw_series([EmptyElement::at((x, height)) + line])?;
    }
    Ok(())
}
