//! Who belongs to a cluster, and which version of its code each member runs.

use std::sync::Arc;

use netsplit_node::trace::EventKind;
use netsplit_node::{Duration, NodeId};

use crate::error::LabError;
use crate::handler_panic::NodesRun;
use crate::participants::{ClientState, ClusterState, Participant, Role};
use crate::population::Population;
use crate::recorder::FROM_OUTSIDE;
use crate::schedule::Job;
use crate::world::{World, kind};

impl World {
    /// Adds a cluster and starts its nodes, one after the other, at this moment. Returns its number.
    pub(crate) fn add_cluster(
        &mut self,
        name: &str,
        size: usize,
        population: Box<dyn Population>,
    ) -> Result<u32, LabError> {
        if size == 0 {
            return Err(LabError::NoNodes { cluster: name.to_owned() });
        }
        let cluster = self.clusters.len() as u32;
        let members = self.next_members(size);
        let taken = self.clusters.iter().filter(|other| other.name.split(" (").next() == Some(name)).count();
        let name = if taken == 0 { name.to_owned() } else { format!("{name} ({})", taken + 1) };
        let members_of = members.to_vec();
        self.clusters.push(ClusterState { name, members: members_of, population, operations: Vec::new() });
        for (&id, member) in members.iter().zip(0..) {
            let random = self.stream_of(id.0, 0);
            let identity = self.identity_of(id);
            self.participants.push(Participant::new(Role::Member { cluster, member }, random, identity));
        }
        let _nodes_run = NodesRun::begin();
        for &id in members.iter() {
            self.start(id, false);
        }
        Ok(cluster)
    }

    /// The numbers that the next cluster's members will have.
    pub(crate) fn next_members(&self, size: usize) -> Arc<[NodeId]> {
        let first = self.participants.len() as u32;
        (first..first + size as u32).map(NodeId).collect()
    }

    /// Adds a client of the node `service`. Returns its number among the clients.
    pub(crate) fn add_client(&mut self, service: NodeId) -> u32 {
        let number = self.clients.len() as u32;
        let id = NodeId(self.participants.len() as u32);
        let (random, identity) = (self.stream_of(id.0, 0), self.identity_of(id));
        let name = format!("client {}", number + 1);
        self.participants.push(Participant::new(Role::Client(number), random, identity));
        self.clients.push(ClientState { id, name, service, deadline: None, retries: 0, load: None });
        number
    }

    /// Adds a member, made by the cluster's factory, and starts it. The others see it as a peer at once.
    pub(crate) fn join(&mut self, cluster: u32) -> NodeId {
        let node = NodeId(self.participants.len() as u32);
        let (random, identity) = (self.stream_of(node.0, 0), self.identity_of(node));
        let state = &mut self.clusters[cluster as usize];
        let member = state.population.join(node) as u32;
        state.members.push(node);
        self.participants.push(Participant::new(Role::Member { cluster, member }, random, identity));
        self.refresh_peers(cluster);
        let _nodes_run = NodesRun::begin();
        self.start(node, false);
        node
    }

    /// A member goes for good: it stops, and the others no longer see it as a peer.
    pub(crate) fn leave(&mut self, node: NodeId) -> Result<(), LabError> {
        let Role::Member { cluster, .. } = self.participants[node.0 as usize].role else {
            return Err(LabError::NotANode { name: self.name_of(node) });
        };
        if self.participants[node.0 as usize].left {
            return Err(LabError::HasLeft { name: self.name_of(node) });
        }
        self.crash(node, "leaves", FROM_OUTSIDE);
        self.participants[node.0 as usize].left = true;
        self.refresh_peers(cluster);
        Ok(())
    }

    fn refresh_peers(&mut self, cluster: u32) {
        let state = &mut self.clusters[cluster as usize];
        let participants = &self.participants;
        let there = state.members.iter().copied().filter(|id| !participants[id.0 as usize].left);
        let there: Arc<[NodeId]> = there.collect();
        state.population.set_peers(there);
    }

    /// The version of the code that a node runs, and how many there are; nothing of clients.
    pub(crate) fn versions_of(&self, node: NodeId) -> Option<(u32, u32)> {
        let Role::Member { cluster, member } = self.participants[node.0 as usize].role else { return None };
        let population = &self.clusters[cluster as usize].population;
        Some((population.version_of(member as usize), population.versions()))
    }

    /// Stops a node and starts it with another version of its code; its disk stays.
    pub(crate) fn upgrade(&mut self, node: NodeId, version: u32) {
        let Role::Member { cluster, member } = self.participants[node.0 as usize].role else { return };
        self.clusters[cluster as usize].population.set_version(member as usize, version);
        if self.participants[node.0 as usize].left {
            return;
        }
        self.crash(node, "stops for an upgrade", FROM_OUTSIDE);
        self.record(kind::FAULT, (node, None), FROM_OUTSIDE, |_| EventKind::Fault {
            node,
            text: format!("runs version {version}"),
        });
        // It is down now, so that it can be restarted.
        let _ = self.restart(node);
    }

    /// Upgrades one member after the other.
    pub(crate) fn upgrade_next(&mut self, cluster: u32, next: u32, version: u32, every: Duration) {
        let members = &self.clusters[cluster as usize].members;
        let Some(&node) = members.get(next as usize) else { return };
        self.upgrade(node, version);
        self.schedule(self.now + every, Job::Upgrade { cluster, next: next + 1, version, every });
    }
}
