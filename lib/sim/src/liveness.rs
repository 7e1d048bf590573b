//! Liveness mode: the world is made whole for a core of nodes, and progress is required of them within a bound.
//!
//! A protocol that is safe under every fault may still do nothing. So after the faults a core is healed, and whatever stays broken outside it stays
//! broken; what then does not happen in time is a failure of liveness (as TigerBeetle's simulator does it).

use std::fmt;

use netsplit_node::{DiskFaults, Duration, NodeId};

use crate::byzantine::Behaviour;
use crate::error::LabError;
use crate::group::Group;
use crate::network::{Cut, Severed};
use crate::participants::Role;
use crate::world::World;

impl World {
    /// Heals every cut, also those that would come again.
    pub(crate) fn heal_all(&mut self) {
        let flapping: Vec<Cut> = self.flaps.keys().copied().collect();
        for cut in self.network.open_cuts().into_iter().chain(flapping) {
            // It was made here, so it can be healed.
            let _ = self.heal(cut);
        }
    }

    /// Ends all plans, rules and cuts, makes the members of `core` whole, and cuts the other nodes that are up off from everyone.
    pub(crate) fn heal_core(&mut self, core: &Group) -> Result<(), LabError> {
        self.check_members(core)?;
        self.stop_plans();
        self.heal_all();
        self.end_rules();
        self.restore_routes();
        let others = (0..self.participants.len() as u32).map(NodeId).filter(|&id| {
            let participant = &self.participants[id.0 as usize];
            matches!(participant.role, Role::Member { .. }) && !participant.left && !core.contains(id)
        });
        let others = Group::new(others);
        for &node in core.ids() {
            self.make_whole(node)?;
        }
        if !others.ids().is_empty() {
            let text = format!("{} | the healed core", self.names(&others));
            self.cut(Severed::around(&others), text, std::slice::from_ref(&others));
        }
        Ok(())
    }

    fn make_whole(&mut self, node: NodeId) -> Result<(), LabError> {
        if matches!(self.participants[node.0 as usize].role, Role::Client(_)) {
            return Ok(());
        }
        if self.participants[node.0 as usize].special.is_some() {
            self.misbehave(node, &Behaviour::Honest);
            self.participants[node.0 as usize].special = None;
        }
        let participant = &mut self.participants[node.0 as usize];
        participant.belongings.disk.set_faults(DiskFaults::default());
        if !participant.up && !participant.left {
            self.restart(node)?;
        }
        Ok(())
    }
}

/// Whether a healed core made progress.
#[derive(Clone, PartialEq, Eq)]
pub struct Progress {
    /// The seed of the world.
    pub seed: u64,
    /// How long it took; nothing if it did not happen.
    pub after: Option<Duration>,
    /// The time within which it was required.
    pub within: Duration,
}

impl Progress {
    /// Whether it happened in time.
    pub fn holds(&self) -> bool {
        self.after.is_some()
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.after {
            Some(after) => write!(f, "the healed core made progress after {after}"),
            None => write!(
                f,
                "liveness is broken: the core is healed, and nothing came of it within {} (seed {})",
                self.within, self.seed
            ),
        }
    }
}

/// The same: a notebook shows it as its sentence.
impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
