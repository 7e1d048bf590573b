//! What must hold of a chain at every moment: each server's history is the beginning of its predecessor's, and nothing acknowledged is lost.

use std::collections::BTreeMap;

use netsplit_node::{Invariant, KeyValueRequest, Member, NodeId};

use super::ChainServer;

/// Update Propagation Invariant (section 3.1): of two servers of one chain, the history of the later one is the beginning of the earlier one's.
#[derive(Clone, Debug, Default, Hash)]
pub struct UpdatePropagation;

impl Invariant<ChainServer> for UpdatePropagation {
    fn name(&self) -> &str {
        "UpdatePropagation"
    }

    fn check(&mut self, members: &[Member<'_, ChainServer>]) -> Result<(), String> {
        let states: BTreeMap<NodeId, &ChainServer> = members.iter().map(|it| (it.id, it.state)).collect();
        let Some(newest) = states.values().map(|it| it.chain()).max_by_key(|chain| chain.epoch) else {
            return Ok(());
        };
        let in_order = newest.servers.iter().filter_map(|id| states.get(id).map(|state| (id, *state)));
        let in_order: Vec<_> = in_order.filter(|(_, state)| state.chain().epoch == newest.epoch).collect();
        for pair in in_order.windows(2) {
            let [(earlier, before), (later, after)] = [pair[0], pair[1]];
            if !before.history().starts_with(after.history()) {
                return Err(format!(
                    "{later} has {:?}, which is not the beginning of what {earlier} before it has: {:?}",
                    after.history(),
                    before.history()
                ));
            }
        }
        Ok(())
    }
}

/// What a head has acknowledged is in the history of every later head, and of every tail that answers, in the same order.
///
/// Of a head that is alone it is not seen when its disk is done: what it acknowledges is left to the judges of what clients saw.
#[derive(Clone, Debug, Default, Hash)]
pub struct NoAcknowledgedWriteLost {
    acknowledged: Vec<KeyValueRequest>,
    epoch: u64,
}

impl Invariant<ChainServer> for NoAcknowledgedWriteLost {
    fn name(&self) -> &str {
        "NoAcknowledgedWriteLost"
    }

    fn check(&mut self, members: &[Member<'_, ChainServer>]) -> Result<(), String> {
        let has_others = |member: &&Member<'_, ChainServer>| {
            let chain = member.state.chain();
            chain.head() == Some(member.id) && chain.tail() != Some(member.id)
        };
        for member in members.iter().filter(has_others) {
            if member.state.stable() > self.acknowledged.len() {
                self.acknowledged = member.state.history()[..member.state.stable()].to_vec();
                self.epoch = member.state.chain().epoch.max(self.epoch);
            }
        }
        for Member { id, state, .. } in members {
            let (chain, history) = (state.chain(), state.history());
            let is_end = chain.head() == Some(*id) || (chain.tail() == Some(*id) && state.is_whole());
            if is_end && chain.epoch >= self.epoch && !history.starts_with(&self.acknowledged) {
                let place = history.iter().zip(&self.acknowledged).position(|(is, was)| is != was);
                let place = place.unwrap_or(history.len());
                return Err(format!(
                    "update {} was acknowledged as {:?}, and {id}, in the chain {chain:?}, has {:?} there",
                    place + 1,
                    self.acknowledged[place],
                    history.get(place)
                ));
            }
        }
        Ok(())
    }
}
