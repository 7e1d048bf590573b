//! What is asked of explored nodes besides properties of their states: invariants that remember, and histories of clients.

use std::hash::Hash;

use netsplit_check::spec::Specification;
use netsplit_node::{Invariant, Node, Service};

use super::Explore;
use super::nodes::Nodes;
use super::property::{Kind, Property};

impl<N> Explore<Nodes<N>>
where
    N: Node + Sync + Eq + Hash,
    N::Message: Sync + Eq + Hash,
    N::Timer: Sync + Eq + Hash,
{
    /// Requires an invariant, as [`Cluster::require`](crate::Cluster::require) does. What it remembers is part of the state, by its hash.
    pub fn require<I: Invariant<N> + Hash + Sync>(mut self, invariant: I) -> Explore<Nodes<N>> {
        let name = invariant.name().to_owned();
        let number = self.model.require(invariant);
        self.with(Property::new(&name, Kind::Always, move |nodes: &Nodes<N>, world| {
            nodes.wrong(world, number)
        }))
    }
}

impl<N> Explore<Nodes<N>>
where
    N: Service + Sync + Eq + Hash,
    N::Message: Sync + Eq + Hash,
    N::Timer: Sync + Eq + Hash,
    N::Request: Sync,
    N::Response: Sync + Hash,
{
    /// What clients are told must be linearizable, in every state.
    pub fn linearizable<S>(self, specification: S) -> Explore<Nodes<N>>
    where
        S: Specification<Request = N::Request, Response = N::Response> + Send + Sync + 'static,
    {
        self.with(Property::new("Linearizability", Kind::Always, move |nodes: &Nodes<N>, world| {
            if nodes.is_linearizable(world, &specification) {
                return Ok(());
            }
            let verdict = netsplit_check::Check::check(
                &nodes.history(world),
                netsplit_check::linearizable(&specification).on_threads(1),
            );
            Err(verdict.violations().join("; "))
        }))
    }
}
