//! Following a schedule, cutting a failing run down, and finding handles in what became of it.

use std::collections::BTreeMap;

use netsplit_node::Node;

use super::{HeldWorld, Lab};
use crate::action::Action;
use crate::cluster::Cluster;
use crate::error::{LabError, expect};
use crate::participants::OperationId;
use crate::population::Typed;
use crate::shrink::{Counterexample, Renumbered, Schedule, Shrink};
use crate::sweep::Finding;
use crate::world::World;

impl Lab {
    /// From now on a schedule says what becomes of messages, instead of the network, and of timers and random choices if it speaks of them.
    ///
    /// # Panics
    /// If a time of it is negative.
    #[track_caller]
    pub fn follow(&self, schedule: Schedule) {
        self.act(Action::Follow(schedule));
    }

    /// The cluster of this name. A function that gets a laboratory, and no handle, finds its clusters so.
    ///
    /// # Panics
    /// If there is none, or its nodes are of another type.
    #[track_caller]
    pub fn find<N: Node>(&self, name: &str) -> Cluster<N> {
        let world = self.world();
        let number = world.clusters.iter().position(|cluster| cluster.name == name);
        let fits = |&number: &usize| world.clusters[number].population.as_any().is::<Typed<N>>();
        let (is_here, number) = (number.is_some(), number.filter(fits));
        drop(world);
        let of_nodes = if is_here { format!(" of {}", std::any::type_name::<N>()) } else { String::new() };
        let number = expect(number.ok_or(LabError::NotHere { what: format!("cluster {name:?}{of_nodes}") }));
        Cluster::new(self.clone(), number as u32, name.to_owned())
    }

    /// Cuts this run down to what its failure needs: fewer faults, calls, messages and nodes, and rounder times. `judge` says whether a
    /// laboratory fails, as a run of a [sweep](Lab::sweep) does; handles go through [`of`](Lab::of) or [`find`](Lab::find). See [`Shrink`] for
    /// what is kept and how long it takes.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_check::{Check, linearizable, spec};
    /// use netsplit_node::{ms, secs};
    /// use netsplit_sim::{Keys, Lab, Workload};
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 3, |_id| EagerStore::default());
    /// store.load(Workload::closed(4).thinking(ms(5)), Keys::uniform(3).reads_and_writes(0.5));
    /// lab.run_for(secs(1));
    /// let small = lab.shrink(|lab| lab.of(&store).history().check(linearizable(spec::KeyValue)));
    /// assert!(small.after.operations <= 4, "{small}"); // somebody writes, and somebody does not see it
    /// ```
    ///
    /// # Panics
    /// Where [`Shrink::judged`] gives an error, with that as its message.
    #[track_caller]
    pub fn shrink<T: Finding>(&self, judge: impl FnMut(&Lab) -> T) -> Counterexample {
        match Shrink::of(self).judged(judge) {
            Ok(found) => found,
            Err(error) => error.tell(),
        }
    }

    /// Cuts this run down to what violates the property of this name ([`Cluster::require`], [`Lab::always`] and the like).
    ///
    /// # Panics
    /// Where [`Shrink::violation`] gives an error, with that as its message.
    #[track_caller]
    pub fn shrink_violation(&self, property: &str) -> Counterexample {
        match Shrink::of(self).violation(property) {
            Ok(found) => found,
            Err(error) => error.tell(),
        }
    }

    pub(crate) fn of_world(world: World) -> Lab {
        Lab { world: HeldWorld::new(world) }
    }

    fn lineage(&self) -> u64 {
        self.world().renumbered.as_ref().map_or(0, |renumbered| renumbered.lineage)
    }

    /// What `from` calls by this number, as this laboratory calls it; a number of nothing if it was left out.
    pub(crate) fn renumbered(
        &self,
        from: &Lab,
        number: u32,
        which: fn(&Renumbered) -> &BTreeMap<u32, u32>,
    ) -> u32 {
        let lineage = from.lineage();
        match &self.world().renumbered {
            Some(it) if it.lineage != lineage => which(it).get(&number).copied().unwrap_or(u32::MAX),
            _ => number,
        }
    }

    /// The same of an operation.
    pub(crate) fn renumbered_operation(&self, from: &Lab, operation: OperationId) -> OperationId {
        let lineage = from.lineage();
        match &self.world().renumbered {
            Some(it) if it.lineage != lineage => it.operation(operation),
            _ => operation,
        }
    }
}
