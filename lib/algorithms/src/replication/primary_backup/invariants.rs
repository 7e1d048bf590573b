//! What must hold of primary-backup replication at every moment: one primary for each epoch, epochs that fence, and no acknowledged write lost.

use std::collections::BTreeMap;

use netsplit_node::{Invariant, Member, NodeId};

use super::{Entry, Epoch, PrimaryBackup, Role};

/// No epoch ever has two primaries. (Two epochs may, at the same time: see the essay.)
#[derive(Clone, Debug, Default, Hash)]
pub struct OnePrimaryPerEpoch {
    primaries: BTreeMap<Epoch, NodeId>,
}

impl Invariant<PrimaryBackup> for OnePrimaryPerEpoch {
    fn name(&self) -> &str {
        "OnePrimaryPerEpoch"
    }

    fn check(&mut self, members: &[Member<'_, PrimaryBackup>]) -> Result<(), String> {
        for member in members.iter().filter(|member| member.state.is_primary()) {
            let epoch = member.state.epoch;
            let first = *self.primaries.entry(epoch).or_insert(member.id);
            if first != member.id {
                return Err(format!("epoch {epoch} has two primaries: {first} and {}", member.id));
            }
        }
        Ok(())
    }
}

/// Whoever has consented to an epoch, or acknowledged something in it, is never found in a lower one again: that is what fences the past off.
#[derive(Clone, Debug, Default, Hash)]
pub struct EpochsOnlyGrow {
    told: BTreeMap<NodeId, Epoch>,
}

impl Invariant<PrimaryBackup> for EpochsOnlyGrow {
    fn name(&self) -> &str {
        "EpochsOnlyGrow"
    }

    fn check(&mut self, members: &[Member<'_, PrimaryBackup>]) -> Result<(), String> {
        for member in members {
            // Its own consent is not on its disk until it asks for others: a crash may take it back.
            let told: Vec<NodeId> = match &member.state.role {
                Role::Backup => Vec::new(),
                Role::Candidate { consents } => {
                    consents.keys().copied().filter(|&id| id != member.id).collect()
                }
                Role::Primary { lengths, .. } => lengths.keys().copied().collect(),
            };
            for id in told {
                let known = self.told.entry(id).or_default();
                *known = member.state.epoch.max(*known);
            }
        }
        for member in members {
            let (told, epoch) = (self.told.get(&member.id).copied().unwrap_or(0), member.state.epoch);
            if epoch < told {
                return Err(format!(
                    "{} has answered in epoch {told}, and is in epoch {epoch} now",
                    member.id
                ));
            }
        }
        Ok(())
    }
}

/// What a primary has acknowledged is in the log of every later primary, at the same place. Only what was promised: it does not hold with
/// asynchronous acknowledgement or with promotion alone.
#[derive(Clone, Debug, Default, Hash)]
pub struct NoAcknowledgedWriteLost {
    /// All that was ever acknowledged, and the latest epoch in which something was.
    acknowledged: Vec<Entry>,
    epoch: Epoch,
}

impl Invariant<PrimaryBackup> for NoAcknowledgedWriteLost {
    fn name(&self) -> &str {
        "NoAcknowledgedWriteLost"
    }

    fn check(&mut self, members: &[Member<'_, PrimaryBackup>]) -> Result<(), String> {
        for member in members {
            let Role::Primary { acknowledged, .. } = &member.state.role else { continue };
            let (epoch, log) = (member.state.epoch, &member.state.log.entries);
            let differs = log.iter().zip(&self.acknowledged).position(|(is, was)| is != was);
            let lost = differs
                .filter(|&place| place < *acknowledged || epoch > self.epoch)
                .or_else(|| (epoch > self.epoch && log.len() < self.acknowledged.len()).then_some(log.len()));
            if let Some(place) = lost {
                let (was, is) = (&self.acknowledged[place], log.get(place));
                return Err(format!(
                    "entry {} was acknowledged as {was:?}, and {}, primary of epoch {epoch}, has {is:?} there",
                    place + 1,
                    member.id
                ));
            }
            if *acknowledged > self.acknowledged.len() {
                self.acknowledged = log[..*acknowledged].to_vec();
                self.epoch = epoch.max(self.epoch);
            }
        }
        Ok(())
    }
}
