//! Pictures of runs: space-time diagrams and charts, as SVG and as text.
//!
//! A picture is drawn from a [`Trace`](netsplit_node::Trace) and nothing else, so it shows what happened, whoever recorded it:
//! the laboratory, an exercise's judge, or nodes on real sockets.
//!
//! ```
//! use netsplit_node::trace::{Cargo, Event, EventId, EventKind, Lifeline, Participant};
//! use netsplit_node::{NodeId, Time, Trace, TraceHash, ms};
//! use netsplit_view::Diagram;
//!
//! let node = |id, name: &str| Lifeline { id: NodeId(id), name: name.into(), kind: Participant::Node, state: None };
//! let (ann, bob) = (NodeId(0), NodeId(1));
//! let event = |id, at, kind| Event { id: EventId(id), time: Time::ZERO + ms(at), cause: None, kind };
//! let trace = Trace {
//!     seed: 42,
//!     lifelines: vec![node(0, "ann"), node(1, "bob")],
//!     events: vec![
//!         event(0, 1, EventKind::Sent { from: ann, to: bob, cargo: Cargo::Message, text: "hello".into() }),
//!         event(1, 3, EventKind::Received { node: bob, from: ann, message: EventId(0) }),
//!     ],
//!     states: vec![],
//!     omitted: 0,
//!     until: Time::ZERO + ms(4),
//!     hash: TraceHash(7),
//! };
//! assert!(Diagram::of(&trace).svg().contains("ann sends bob: hello"));
//! ```
//!
//! | to learn | read |
//! |---|---|
//! | what can be chosen | `diagram.rs`, `options.rs` |
//! | how events become messages, calls, outages and cuts | `assemble.rs`, `scene.rs` |
//! | why time is not to scale | `layout.rs` |
//! | the picture | `svg/` |
//! | what nodes were, row by row | `state/` |
//! | how the picture answers the pointer | `live.rs`, `script/diagram.js` |
//! | a run of a million events | `overview/`, `script/overview.js` |
//! | two runs side by side | `compare.rs` |
//! | everybody at one moment | `cluster/` |
//! | a run, moment by moment | `player.rs`, `script/player.js`, `script/cluster.js` |
//! | the picture in letters | `text.rs` |
//! | numbers over virtual time and over parameters | `chart/` |

mod assemble;
pub mod chart;
mod cluster;
mod compare;
mod diagram;
mod layout;
mod live;
mod options;
mod overview;
mod player;
mod scene;
mod state;
mod svg;
mod text;

pub use chart::{CallCharts, Chart};
pub use cluster::{ClockView, ClusterView, FileView, Health, InFlight, MemberView};
pub use compare::Parting;
pub use diagram::Diagram;
pub use options::Moment;
pub use player::Player;
