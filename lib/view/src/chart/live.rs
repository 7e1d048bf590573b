//! What a chart's script gets: where each drawn point stands, and its words.

use netsplit_figure::Live;
use netsplit_figure::markup::visible;
use netsplit_node::json::Json;

use super::Shape;
use super::axis::written;
use super::content::{Content, Shown};
use super::plot::{Placed, Places};
use super::spans::MOST_SPANS;
use netsplit_figure::measure::cut;

const SCRIPT: &str = include_str!("chart.js");

/// The script and its data; `area` is the plot: left, top, right, bottom.
pub(crate) fn of(content: &Content, places: &Places, area: (i32, i32, i32, i32)) -> Live {
    let number = |number: i32| Json::Number(f64::from(number));
    let (left, top, right, bottom) = area;
    let series =
        places.series.iter().map(|(index, points)| of_series(content, &content.series[*index], points));
    let spans = content.spans.iter().zip(&places.spans).take(MOST_SPANS);
    let spans = spans.map(|(span, (from, to))| {
        Json::List(vec![number(*from), number(*to), Json::from(visible(&cut(&span.label, 120)))])
    });
    let entries = content.entries().map(|series| Json::from(visible(&series.name)));
    let data = Json::Object(vec![
        ("area".to_owned(), Json::List([left, top, right, bottom].map(number).to_vec())),
        ("x".to_owned(), Json::from(visible(&content.x_label))),
        ("y".to_owned(), Json::from(visible(&content.y_label))),
        ("entries".to_owned(), Json::List(entries.collect())),
        ("spans".to_owned(), Json::List(spans.collect())),
        ("series".to_owned(), Json::List(series.filter(|one| *one != Json::Null).collect())),
    ]);
    Live { script: SCRIPT, data: data.to_string() }
}

/// A series' entry in the legend, and its points: pixels, and words for both axes. Points of a ground have none of their own.
fn of_series(content: &Content, series: &Shown, points: &[Placed]) -> Json {
    if !series.has_entry {
        return Json::Null;
    }
    // Of a staircase, every second corner is only where a value ends.
    let points = points.iter().filter(|placed| series.shape != Shape::Steps || placed.index % 2 == 0);
    let points = points.map(|placed| {
        let (x, height) = series.points[placed.index];
        let words = height.map_or(String::new(), |height| {
            let low = written(height.low, content.y.unit);
            if height.high == height.low {
                low
            } else {
                format!("{low} to {}", written(height.high, content.y.unit))
            }
        });
        let (pixel_x, pixel_y) = placed.pixel;
        Json::List(vec![
            Json::Number(f64::from(pixel_x)),
            Json::Number(f64::from(pixel_y)),
            Json::from(visible(&content.x.value(x))),
            Json::from(words),
        ])
    });
    Json::Object(vec![
        ("entry".to_owned(), Json::Number(series.entry as f64)),
        ("points".to_owned(), Json::List(points.collect())),
    ])
}
