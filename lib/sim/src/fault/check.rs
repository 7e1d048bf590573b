//! What is no fault: a probability outside 0..=1, a node that is not here, a period of nothing.

use netsplit_node::{NodeId, ms};

use super::Fault;
use crate::byzantine::Behaviour;
use crate::error::{LabError, forwards};
use crate::group::Group;
use crate::network::Traffic;
use crate::participants::Role;
use crate::world::World;

impl World {
    pub(super) fn check_fault(&self, fault: &Fault) -> Result<(), LabError> {
        match fault {
            Fault::Partition { groups } | Fault::Flap { groups, .. } => self.check_groups(groups)?,
            Fault::OneWay { from, to } => self.check_groups(&[from.clone(), to.clone()])?,
            Fault::Isolate { nodes } => self.check_members(nodes)?,
            Fault::Ring { nodes } if nodes.ids().len() < 4 => {
                return Err(LabError::RingTooSmall { nodes: nodes.ids().len() });
            }
            Fault::CrashAfterEffects { node, .. } | Fault::CrashAtByte { node, .. } => {
                self.check_nodes(&(*node).into())?;
            }
            _ => {}
        }
        self.part_of(fault)?;
        self.check_name_fault(fault)?;
        if let Some(nodes) = fault.nodes() {
            self.check_nodes(nodes)?;
        }
        if let Fault::VersionSkew { nodes, version } = fault {
            self.check_version(nodes, *version)?;
        }
        match fault {
            Fault::Loss { probability, traffic }
            | Fault::Duplicate { probability, traffic }
            | Fault::Reorder { probability, traffic, .. }
            | Fault::Corrupt { probability, traffic } => {
                is_probability(*probability)?;
                self.check_traffic(traffic)?;
            }
            Fault::Bandwidth { rate, .. } if rate.bits_per_second == 0 => return Err(LabError::NoBandwidth),
            Fault::Delay { traffic, .. }
            | Fault::Bandwidth { traffic, .. }
            | Fault::MtuDrop { traffic, .. } => {
                self.check_traffic(traffic)?;
            }
            Fault::Misbehave { behaviour: Behaviour::Forging(p) | Behaviour::Replaying(p), .. } => {
                is_probability(*p)?;
            }
            Fault::Misbehave { behaviour: Behaviour::Late(by), .. } => _ = forwards("a delay", *by)?,
            Fault::ServiceTime { time, .. } => _ = time.validated()?,
            Fault::ClockDrift { ppb, .. } if !(-999_999_999..=999_999_999).contains(ppb) => {
                return Err(LabError::TooMuchDrift { ppb: *ppb });
            }
            Fault::Slow { factor: 0, .. } => return Err(LabError::NoFactor),
            _ => {}
        }
        let times = match fault {
            Fault::Pause { time, .. } => vec![("a pause", *time)],
            Fault::Delay { by, .. } | Fault::Reorder { by, .. } => vec![("a delay", *by)],
            Fault::Flap { down, up, .. } => {
                // A flap without a pause would cut and heal for ever at one moment.
                vec![
                    ("the time of a flap less 1ms", *down - ms(1)),
                    ("the time of a flap less 1ms", *up - ms(1)),
                ]
            }
            Fault::LeapSecond { smear, .. } => vec![("a smear", *smear)],
            Fault::SlowDisk { by, .. } => vec![("a delay", *by)],
            _ => Vec::new(),
        };
        times.into_iter().try_for_each(|(what, time)| forwards(what, time).map(|_| ()))
    }

    fn check_version(&self, nodes: &Group, version: u32) -> Result<(), LabError> {
        for &node in nodes.ids() {
            let versions = self.versions_of(node).map_or(0, |(_, versions)| versions);
            if version >= versions {
                return Err(LabError::NoSuchVersion { name: self.name_of(node), version, versions });
            }
        }
        Ok(())
    }

    pub(crate) fn check_members(&self, group: &Group) -> Result<(), LabError> {
        match group.ids().iter().find(|id| id.0 as usize >= self.participants.len()) {
            Some(&id) => Err(LabError::NoSuchParticipant { id }),
            None => Ok(()),
        }
    }

    /// Whether all are nodes, not clients.
    fn check_nodes(&self, group: &Group) -> Result<(), LabError> {
        self.check_members(group)?;
        let is_client = |id: &&NodeId| matches!(self.participants[id.0 as usize].role, Role::Client(_));
        match group.ids().iter().find(is_client) {
            Some(&id) => Err(LabError::NotANode { name: self.name_of(id) }),
            None => Ok(()),
        }
    }

    pub(crate) fn check_traffic(&self, traffic: &Traffic) -> Result<(), LabError> {
        traffic.from.iter().chain(&traffic.to).try_for_each(|group| self.check_members(group))
    }

    pub(crate) fn check_groups(&self, groups: &[Group]) -> Result<(), LabError> {
        if groups.len() < 2 {
            return Err(LabError::TooFewGroups { groups: groups.len() });
        }
        for (index, group) in groups.iter().enumerate() {
            self.check_members(group)?;
            let others = &groups[index + 1..];
            if let Some(&id) = group.ids().iter().find(|id| others.iter().any(|other| other.contains(**id))) {
                return Err(LabError::OverlappingGroups { name: self.name_of(id) });
            }
        }
        Ok(())
    }
}

fn is_probability(given: f64) -> Result<(), LabError> {
    if (0.0..=1.0).contains(&given) { Ok(()) } else { Err(LabError::NotAProbability { given }) }
}
