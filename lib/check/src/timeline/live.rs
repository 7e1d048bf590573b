//! What the script of a live timeline gets.

use netsplit_figure::Live;
use netsplit_node::json::Json;

use super::scene::Scene;
use super::words;

/// The script, and its data: the picture with the other axis, each operation's words and lane, and the steps of the orders.
pub(super) fn live(scene: &Scene<'_>, other: &str, by_time: bool) -> Live {
    let number = |number: usize| Json::Number(number as f64);
    let bars = scene.bars.iter().enumerate().map(|(index, bar)| {
        Json::Object(vec![
            ("words".into(), words::lines(scene, index).join("\n").into()),
            ("lane".into(), number(bar.lane)),
        ])
    });
    let steps = scene.orders.iter().flat_map(|order| &order.steps).map(|&(bar, _)| number(bar));
    let data = Json::Object(vec![
        ("other".into(), other.into()),
        ("byTime".into(), Json::Bool(by_time)),
        ("operations".into(), Json::List(bars.collect())),
        ("steps".into(), Json::List(steps.collect())),
        ("accused".into(), scene.accused.map_or(Json::Null, number)),
    ]);
    Live { script: include_str!("timeline.js"), data: data.to_string() }
}
