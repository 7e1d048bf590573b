//! The player: the diagram and the cluster side by side, moved through a run event by event, forwards and backwards, in a saved notebook
//! as well as in a running one.

use std::fmt;

use netsplit_figure::{Figure, Live};
use netsplit_node::Trace;
use netsplit_node::json::Json;

use crate::assemble::assemble;
use crate::cluster::{ClusterView, MemberView, role_number, template};
use crate::diagram::Diagram;
use crate::scene::Scene;
use crate::{live, svg, text};

/// The cluster's table has room for so many rows.
const MOST_ROWS: usize = 16;

/// What plays: the diagram's script, and what moves the cluster along.
const SCRIPT: &str = concat!(
    include_str!("script/diagram.js"),
    include_str!("script/cluster.js"),
    include_str!("script/player.js"),
    "begin((figure) => { diagram(figure); cluster(figure); player(figure); });\n"
);

/// A run to be played: its [`Diagram`] with the cluster beside it at the moment that is chosen.
///
/// It is made of a diagram, so what the diagram leaves out is not played.
///
/// ```
/// # use netsplit_node::{Trace, TraceHash, Time, ms};
/// use netsplit_view::{Diagram, Player};
/// # let trace = Trace { seed: 42, lifelines: vec![], events: vec![], states: vec![], omitted: 0, until: Time::ZERO, hash: TraceHash(0) };
/// let player = Player::of(Diagram::of(&trace).since(ms(500)));
/// assert!(player.html().contains("<img"), "a picture where no script may run");
/// ```
#[derive(Clone)]
#[must_use = "a player is seen when it is a cell's last value"]
pub struct Player {
    diagram: Diagram,
}

impl Player {
    /// Plays what a diagram shows.
    pub fn of(diagram: Diagram) -> Player {
        Player { diagram }
    }

    /// The player as a part of a page.
    pub fn html(&self) -> String {
        self.figure().html()
    }

    /// Shows the player in a notebook; where no script may run it is the diagram.
    pub fn evcxr_display(&self) {
        self.figure().show();
    }

    fn figure(&self) -> Figure {
        let (trace, options) = (self.diagram.trace(), self.diagram.options());
        let scene = assemble(trace, options);
        let drawing = svg::draw(&scene, trace, options);
        let mut data = live::data(&scene, &drawing, trace);
        if let Json::Object(fields) = &mut data {
            fields.push(("cluster".to_owned(), cluster(&scene, trace)));
        }
        let text = text::draw(&scene, trace, options);
        Figure { svg: drawing.svg, text, live: Some(Live { script: SCRIPT, data: data.to_string() }) }
    }
}

/// The picture to be filled in, where everybody stands on it, and the colour of each role.
fn cluster(scene: &Scene, trace: &Trace) -> Json {
    let members = scene.columns.iter().map(|column| MemberView::new(column.id, &column.name, column.kind));
    let view = ClusterView { members: members.collect(), ..ClusterView::at(trace.until, trace.seed) };
    let mut rows = live::rows(scene, trace);
    rows.truncate(MOST_ROWS);
    let template = template(&view, &rows);
    let mut roles: Vec<&str> = trace.states.iter().filter_map(|state| state.state.role.as_deref()).collect();
    roles.sort_unstable();
    roles.dedup();
    let numbers = roles.iter().map(|role| {
        let number = role_number(roles.iter().copied(), Some(role));
        ((*role).to_owned(), Json::Number(number as f64))
    });
    let places = template
        .places
        .iter()
        .map(|&(x, y)| [x, y].into_iter().map(|at| Json::Number(f64::from(at))).collect());
    Json::Object(vec![
        ("svg".to_owned(), template.svg.into()),
        ("places".to_owned(), places.collect()),
        ("roles".to_owned(), Json::Object(numbers.collect())),
    ])
}

/// The diagram as text: letters do not move.
impl fmt::Display for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.diagram)
    }
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Player of a {:?}", self.diagram)
    }
}
