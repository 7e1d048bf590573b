//! The laboratory: a simulated world in which nodes run, and in which you break them.
//!
//! A [`Lab`] is a seed and a virtual clock. It holds clusters of nodes ([`Cluster`]), clients that call them ([`Client`]) and a
//! network between all of them, and it records what happened as a trace. Two laboratories with one seed and the same actions do
//! the same, event by event, on every machine.
//!
//! | to learn | read |
//! |---|---|
//! | what a notebook can do | `lab/`, `cluster.rs`, `client.rs`, `name.rs`, `group.rs`, `workload.rs` |
//! | what can go wrong, as data | `fault/`, `plan.rs`, `nemesis.rs`, `carried.rs`, `byzantine.rs`, `liveness.rs` |
//! | what is refused, and how it is said | `error.rs`, `naming.rs` |
//! | what must hold, and when a run ends early | `property.rs`, `run.rs` |
//! | many runs at once | `sweep.rs`, `sweep_charts.rs` |
//! | all runs of a small system | `explore/` |
//! | what of a failing run is needed | `shrink/`, `lab/shrinking.rs`, `follow.rs` |
//! | how an event happens | `run.rs`, `world.rs`, `queue.rs`, `effects.rs`, `schedule.rs` |
//! | how a run is done again | `action.rs`, `replay.rs`, `lab/time_travel.rs` |
//! | how calls, deadlines, retries and names work | `calls.rs`, `dns.rs`, `participants.rs` |
//! | what networks, nodes and clocks do | `network/`, `routes.rs`, `lifecycle.rs`, `special.rs`, `clock.rs`, `handler_panic.rs`, `members.rs` |
//! | why protocols are not compiled into the simulator | `population.rs` |
//! | what is kept of a run | `recorder.rs`, `states.rs`, `traces.rs`, `announcements.rs`, `disturbances.rs` |
//! | what is shown of this moment | `views.rs` |

mod action;
mod announcements;
mod byzantine;
mod calls;
#[cfg(feature = "serde")]
mod carried;
mod client;
mod clock;
mod cluster;
mod disturbances;
mod dns;
mod effects;
mod error;
pub mod explore;
mod fault;
mod follow;
mod group;
mod handler_panic;
mod lab;
mod lifecycle;
mod liveness;
mod members;
mod name;
mod naming;
mod nemesis;
mod network;
mod participants;
mod plan;
mod population;
mod property;
mod queue;
mod recorder;
mod replay;
mod routes;
mod run;
mod schedule;
mod shared;
mod shrink;
mod special;
mod states;
mod sweep;
mod sweep_charts;
mod traces;
mod views;
mod workload;
mod world;

pub use byzantine::Behaviour;
pub use client::{Call, Client};
pub use cluster::Cluster;
pub use dns::Belief;
pub use error::LabError;
pub use fault::{Fault, FaultError};
pub use group::Group;
pub use handler_panic::crash_node;
pub use lab::{Handle, Injected, Lab, Snapshot};
pub use liveness::Progress;
pub use name::Name;
pub use naming::NamingError;
pub use nemesis::{FaultKind, Nemesis};
pub use network::{
    Bandwidth, Cut, Latency, LinkProfile, Percentiles, Region, Route, Rule, Topology, Traffic,
};
pub use plan::{Condition, Entry, FaultPlan, When};
pub use population::Population;
pub use property::{Look, Violation};
pub use replay::{Cause, Difference, Replay};
pub use run::{Budget, Stopped};
pub use shrink::{Counterexample, Delivery, Firing, MessageKey, Others, Schedule, Shrink, ShrinkError, Size};
pub use sweep::{Finding, Sweep, SweepReport, SweepRun};
pub use workload::{Keys, LoadReport, RunningWorkload, Workload};
pub use world::{NodePanic, TrafficCounts};
