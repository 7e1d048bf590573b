//! Invariants: what must hold of a cluster's nodes between any two events.
//!
//! A history shows what clients were told; an invariant looks into the nodes, as a proof does, and so finds a mistake long before a client
//! meets it. An algorithm's file exports its own; the laboratory checks them after every event of the cluster.

use crate::node::NodeId;

/// One member of a cluster, as an invariant sees it.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a, N> {
    /// Its index in the cluster.
    pub index: usize,
    /// Its number in the world.
    pub id: NodeId,
    /// Whether it runs. Of one that is down, `state` is the last that it had; what was volatile in it is lost.
    pub up: bool,
    /// Its state.
    pub state: &'a N,
}

/// A property of all states that a cluster goes through. It may remember what it saw: "never two leaders of one term" needs the leaders
/// of the past. It must be a pure function of what it was shown, since a replay asks it again.
///
/// ```
/// use netsplit_node::{Invariant, Member, NodeId};
///
/// #[derive(Clone, Debug)]
/// struct Lamp { on: bool }
/// #[derive(Clone, Debug)]
/// struct AtMostOneOn;
/// impl Invariant<Lamp> for AtMostOneOn {
///     fn name(&self) -> &str { "AtMostOneOn" }
///     fn check(&mut self, members: &[Member<'_, Lamp>]) -> Result<(), String> {
///         let on: Vec<NodeId> = members.iter().filter(|member| member.state.on).map(|member| member.id).collect();
///         if on.len() <= 1 { Ok(()) } else { Err(format!("{on:?} are on")) }
///     }
/// }
/// let lamps = [Lamp { on: true }, Lamp { on: true }];
/// let members = [0, 1].map(|index| Member { index, id: NodeId(index as u32), up: true, state: &lamps[index] });
/// assert!(AtMostOneOn.check(&members).is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no invariant of nodes of type `{N}`",
    note = "implement `Invariant<{N}>` for it, or give a name and a closure: `cluster.always(\"name\", |members| ..)`"
)]
pub trait Invariant<N>: Clone + Send + 'static {
    /// The property's name, as the field writes it: "ElectionSafety".
    fn name(&self) -> &str;
    /// Whether it holds in this state, the next after the one that it was shown before. `members` are those that have been started, in the
    /// order of their indices. The error says what is wrong, with names and values.
    fn check(&mut self, members: &[Member<'_, N>]) -> Result<(), String>;
}
