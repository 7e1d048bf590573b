//! The cluster view: everybody at one moment. Who is connected to whom, what is under way, and what each node holds, side by side, so that
//! replicas that differ are seen to differ.
//!
//! | part | file |
//! |---|---|
//! | rows to compare, and which of them differ | `table.rs` |
//! | the picture: the network above, the table below | `svg.rs`, `network.rs` |
//! | the same in letters | `text.rs` |

mod network;
mod svg;
mod table;
mod text;

use std::fmt;

use netsplit_figure::Figure;
use netsplit_node::trace::{Cargo, Participant};
use netsplit_node::{Duration, Inspection, NodeId, Time};

pub(crate) use network::role_number;
pub(crate) use svg::template;

/// Everybody at one moment.
///
/// ```
/// use netsplit_node::trace::Participant;
/// use netsplit_node::{Inspection, NodeId, Time};
/// use netsplit_view::{ClusterView, Health, MemberView};
///
/// let store = |id, x: i32| MemberView {
///     state: Some(Inspection::new().field("x", x)),
///     ..MemberView::new(NodeId(id), format!("store {id}"), Participant::Node)
/// };
/// let view = ClusterView { members: vec![store(0, 1), store(1, 2)], ..ClusterView::at(Time::ZERO, 42) };
/// assert!(view.to_string().contains("≠ x"), "the replicas differ");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterView {
    /// The moment.
    pub time: Time,
    /// The seed of the world.
    pub seed: u64,
    /// Everybody, in the order in which they are shown.
    pub members: Vec<MemberView>,
    /// Who cannot send to whom, each way by itself.
    pub severed: Vec<(NodeId, NodeId)>,
    /// Messages under way, in the order of their arrival.
    pub in_flight: Vec<InFlight>,
    /// What else is out of the ordinary, in words: rules of the network and the like.
    pub remarks: Vec<String>,
}

/// One participant at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberView {
    /// Its number.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Participant,
    /// Whether it takes steps.
    pub health: Health,
    /// What it shows of itself; nothing of clients and of nodes that never started.
    pub state: Option<Inspection>,
    /// The files of its disk.
    pub files: Vec<FileView>,
    /// Its clock, where that is not the world's.
    pub clock: Option<ClockView>,
}

/// Whether a participant takes steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Up,
    /// It crashed.
    Down,
    /// It is paused, or waits for its disk.
    Paused,
}

/// A file of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// How many bytes of it the node sees.
    pub bytes: usize,
    /// How many bytes a crash would leave; nothing if the file would be gone.
    pub synced: Option<usize>,
    /// Whether a crash would change its content.
    pub is_synced: bool,
}

/// A node's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockView {
    /// What it shows.
    pub shows: Time,
    /// How far that is ahead of the world's time; negative behind.
    pub ahead: Duration,
    /// How far off it may be, as far as the node knows; nothing if it knows nothing.
    pub bound: Option<Duration>,
}

/// A message under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// What kind of message it is.
    pub cargo: Cargo,
    /// Its Debug form.
    pub text: String,
    /// When it will arrive, if nothing happens to it.
    pub arrives: Time,
}

impl ClusterView {
    /// Nobody yet.
    pub fn at(time: Time, seed: u64) -> ClusterView {
        ClusterView { time, seed, members: vec![], severed: vec![], in_flight: vec![], remarks: vec![] }
    }

    /// Shows only these, and what is between them.
    pub fn only(mut self, ids: impl IntoIterator<Item = NodeId>) -> ClusterView {
        let ids: Vec<NodeId> = ids.into_iter().collect();
        self.members.retain(|member| ids.contains(&member.id));
        self.severed.retain(|(from, to)| ids.contains(from) && ids.contains(to));
        self.in_flight.retain(|message| ids.contains(&message.from) && ids.contains(&message.to));
        self
    }

    /// The view as a self-contained SVG picture. Equal moments give equal bytes.
    pub fn svg(&self) -> String {
        svg::draw(self)
    }

    /// The view as text, at most 110 columns wide.
    pub fn text(&self) -> String {
        text::draw(self)
    }

    /// The view as a part of a page.
    pub fn html(&self) -> String {
        self.figure().html()
    }

    /// Shows the view in a notebook, in all three forms.
    pub fn evcxr_display(&self) {
        self.figure().show();
    }

    fn figure(&self) -> Figure {
        Figure { svg: self.svg(), text: self.text(), live: None }
    }

    /// A participant's name.
    fn name(&self, id: NodeId) -> String {
        let member = self.members.iter().find(|member| member.id == id);
        member.map_or_else(|| id.to_string(), |member| member.name.clone())
    }
}

impl MemberView {
    /// Somebody of whom nothing is known but that it is up.
    pub fn new(id: NodeId, name: impl Into<String>, kind: Participant) -> MemberView {
        let name = name.into();
        MemberView { id, name, kind, health: Health::Up, state: None, files: vec![], clock: None }
    }
}

/// The view as text.
impl fmt::Display for ClusterView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
