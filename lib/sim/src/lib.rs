//! The laboratory: a simulated world in which nodes run, and in which you break them.
//!
//! A [`Lab`] is a seed and a virtual clock. It holds clusters of nodes ([`Cluster`]), clients that call them ([`Client`]) and a
//! network between all of them, and it records what happened as a trace. Two laboratories with one seed and the same actions do
//! the same, event by event, on every machine.
//!
//! | to learn | read |
//! |---|---|
//! | what a notebook can do | `lab.rs`, `cluster.rs`, `client.rs`, `group.rs` |
//! | what is refused, and how it is said | `error.rs` |
//! | how an event happens | `world.rs`, `queue.rs`, `effects.rs` |
//! | how calls, deadlines and retries work | `calls.rs`, `participants.rs` |
//! | what the network and faults do | `network.rs`, `faults.rs`, `handler_panic.rs` |
//! | why protocols are not compiled into the simulator | `population.rs` |
//! | what is kept of a run | `recorder.rs`, `traces.rs` |

mod calls;
mod client;
mod cluster;
mod effects;
mod error;
mod faults;
mod group;
mod handler_panic;
mod lab;
mod network;
mod participants;
mod population;
mod queue;
mod recorder;
mod traces;
mod world;

pub use client::{Call, Client};
pub use cluster::Cluster;
pub use error::LabError;
pub use group::Group;
pub use lab::Lab;
pub use network::{Cut, Latency, Rule, Traffic};
pub use population::Population;
pub use world::TrafficCounts;
