//! Numbers: when participants are left out, those after them get other numbers, and so do the actions that speak of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use netsplit_node::NodeId;

use super::schedule::{Firing, MessageKey, Schedule};
use crate::action::Action;
use crate::byzantine::Behaviour;
use crate::dns::NameChange;
use crate::fault::{Fault, Undo};
use crate::follow::Sending;
use crate::group::Group;
use crate::network::Traffic;
use crate::participants::OperationId;
use crate::plan::{Condition, Entry, FaultPlan, When};

/// The numbers that participants and clients of one run have in another. What is left out has none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbering {
    pub(crate) nodes: BTreeMap<NodeId, NodeId>,
    pub(crate) clients: BTreeMap<u32, u32>,
}

/// What the numbers in handles of another world became in this one.
#[derive(Clone, Debug)]
pub(crate) struct Renumbered {
    /// Tells this world and its copies from all others.
    pub(crate) lineage: u64,
    pub(crate) clients: BTreeMap<u32, u32>,
    pub(crate) loads: BTreeMap<u32, u32>,
    pub(crate) operations: Vec<(OperationId, OperationId)>,
}

impl Renumbered {
    pub(crate) fn new(clients: BTreeMap<u32, u32>) -> Renumbered {
        /// Seen by nobody: only whether two are equal counts.
        static LINEAGES: AtomicU64 = AtomicU64::new(1);
        let lineage = LINEAGES.fetch_add(1, Ordering::Relaxed);
        Renumbered { lineage, clients, loads: BTreeMap::new(), operations: Vec::new() }
    }

    pub(crate) fn operation(&self, old: OperationId) -> OperationId {
        let found = self.operations.iter().find(|(it, _)| *it == old);
        found.map_or(OperationId { cluster: u32::MAX, index: u32::MAX }, |(_, new)| *new)
    }
}

impl Numbering {
    pub(crate) fn node(&self, old: NodeId) -> Option<NodeId> {
        if old.as_name().is_some() { Some(old) } else { self.nodes.get(&old).copied() }
    }

    /// The other way round.
    pub(crate) fn inverse(&self) -> Numbering {
        Numbering {
            nodes: self.nodes.iter().map(|(&old, &new)| (new, old)).collect(),
            clients: self.clients.iter().map(|(&old, &new)| (new, old)).collect(),
        }
    }

    /// Those of a group that are there; nothing if nobody is.
    fn group(&self, group: &Group) -> Option<Group> {
        let there = Group::new(group.ids().iter().filter_map(|&id| self.node(id)));
        (group.ids().is_empty() || !there.ids().is_empty()).then_some(there)
    }

    fn groups(&self, groups: &[Group]) -> Vec<Group> {
        groups.iter().filter_map(|group| self.group(group)).collect()
    }

    fn traffic(&self, traffic: &Traffic) -> Option<Traffic> {
        let side = |group: &Option<Group>| match group {
            None => Some(None),
            Some(group) => self.group(group).map(Some),
        };
        Some(Traffic { from: side(&traffic.from)?, to: side(&traffic.to)?, ..traffic.clone() })
    }

    pub(crate) fn key(&self, key: MessageKey) -> Option<MessageKey> {
        Some(MessageKey { from: self.node(key.from)?, to: self.node(key.to)?, number: key.number })
    }

    pub(crate) fn sending(&self, sending: Sending) -> Option<Sending> {
        Some(Sending { from: self.node(sending.from)?, to: self.node(sending.to)?, ..sending })
    }

    pub(crate) fn schedule(&self, schedule: &Schedule) -> Schedule {
        let messages = schedule.messages.iter();
        let messages = messages.filter_map(|(&key, delivery)| Some((self.key(key)?, delivery.clone())));
        let firing = |it: &Firing| Some(Firing { node: self.node(it.node)?, ..it.clone() });
        let choice = |(&(node, step), &way): (&(NodeId, u32), &u64)| Some(((self.node(node)?, step), way));
        Schedule {
            messages: messages.collect(),
            others: schedule.others,
            timers: schedule.timers.as_ref().map(|timers| timers.iter().filter_map(firing).collect()),
            clocks_stand: schedule.clocks_stand,
            choices: schedule.choices.as_ref().map(|choices| choices.iter().filter_map(choice).collect()),
        }
    }

    /// The same fault of those that are there; nothing if it befalls nobody.
    pub(crate) fn fault(&self, fault: &Fault) -> Option<Fault> {
        let mut fault = fault.clone();
        match &mut fault {
            Fault::CrashAfterEffects { node, .. } | Fault::CrashAtByte { node, .. } => {
                *node = self.node(*node)?
            }
            Fault::Partition { groups } | Fault::Flap { groups, .. } => *groups = self.groups(groups),
            Fault::OneWay { from, to } => (*from, *to) = (self.group(from)?, self.group(to)?),
            Fault::Loss { traffic, .. }
            | Fault::Duplicate { traffic, .. }
            | Fault::Delay { traffic, .. }
            | Fault::Reorder { traffic, .. }
            | Fault::Corrupt { traffic, .. }
            | Fault::Bandwidth { traffic, .. }
            | Fault::MtuDrop { traffic, .. } => *traffic = self.traffic(traffic)?,
            Fault::DnsChange { to, .. } => *to = self.group(to)?,
            Fault::Isolate { nodes } | Fault::DnsStale { nodes, .. } => *nodes = self.group(nodes)?,
            Fault::RouterDown { .. } | Fault::LinkDown { .. } | Fault::RouteWithdraw { .. } => {}
            Fault::Misbehave { nodes, behaviour } => {
                *nodes = self.group(nodes)?;
                if let Behaviour::SilentTo(others) | Behaviour::Twins(others) = behaviour {
                    *others = self.group(others)?;
                }
            }
            Fault::Crash { nodes }
            | Fault::Restart { nodes }
            | Fault::Pause { nodes, .. }
            | Fault::Slow { nodes, .. }
            | Fault::ServiceTime { nodes, .. }
            | Fault::Overload { nodes, .. }
            | Fault::ConnectionLimit { nodes, .. }
            | Fault::VersionSkew { nodes, .. }
            | Fault::Ring { nodes }
            | Fault::ClockOffset { nodes, .. }
            | Fault::ClockDrift { nodes, .. }
            | Fault::ClockJump { nodes, .. }
            | Fault::ClockFreeze { nodes, .. }
            | Fault::LeapSecond { nodes, .. }
            | Fault::BadTimeServer { nodes, .. }
            | Fault::TornWrites { nodes, .. }
            | Fault::WriteReorder { nodes, .. }
            | Fault::FsyncError { nodes, .. }
            | Fault::FsyncLie { nodes, .. }
            | Fault::BitRot { nodes, .. }
            | Fault::DiskFull { nodes, .. }
            | Fault::SlowDisk { nodes, .. } => *nodes = self.group(nodes)?,
        }
        Some(fault)
    }

    fn when(&self, when: &When) -> Option<When> {
        let When::Holds(condition) = when else { return Some(when.clone()) };
        Some(When::Holds(match condition {
            Condition::Role(node, role) => Condition::Role(self.node(*node)?, role.clone()),
            Condition::Down(node) => Condition::Down(self.node(*node)?),
            Condition::Notes(node, text) => Condition::Notes(self.node(*node)?, text.clone()),
            Condition::Sent(count, traffic) => Condition::Sent(*count, self.traffic(traffic)?),
        }))
    }

    pub(crate) fn plan(&self, plan: &FaultPlan) -> FaultPlan {
        let entry = |entry: &Entry| {
            Some(Entry {
                when: self.when(&entry.when)?,
                lasts: entry.lasts,
                fault: self.fault(&entry.fault)?,
            })
        };
        FaultPlan { entries: plan.entries.iter().filter_map(entry).collect() }
    }

    /// The same action on those that are there; nothing if nobody is left on whom it acts. What it undoes is another matter.
    pub(crate) fn action(&self, action: &Action) -> Option<Action> {
        Some(match action.clone() {
            Action::Leave { node } => Action::Leave { node: self.node(node)? },
            Action::Upgrade { node, version } => Action::Upgrade { node: self.node(node)?, version },
            Action::Client { service } => Action::Client { service: self.node(service)? },
            Action::Name { client, name } => Action::Name { client: *self.clients.get(&client)?, name },
            Action::Patience { client, deadline, retries } => {
                Action::Patience { client: *self.clients.get(&client)?, deadline, retries }
            }
            Action::Call { client, request } => Action::Call { client: self.node(client)?, request },
            Action::Inject(fault) => Action::Inject(self.fault(&fault)?),
            Action::Undo(Undo::With(fault)) => Action::Undo(Undo::With(Box::new(self.fault(&fault)?))),
            Action::LoseNext { count, traffic } => {
                Action::LoseNext { count, traffic: self.traffic(&traffic)? }
            }
            Action::Link { from, to, profile } => {
                Action::Link { from: self.group(&from)?, to: self.group(&to)?, profile }
            }
            Action::Place { nodes, region } => Action::Place { nodes: self.group(&nodes)?, region },
            Action::Attach { members, network } => Action::Attach { members: self.group(&members)?, network },
            Action::Dns(change) => Action::Dns(self.name_change(change)?),
            Action::Discipline { nodes, discipline } => {
                Action::Discipline { nodes: self.group(&nodes)?, discipline }
            }
            Action::Play(plan) => Action::Play(self.plan(&plan)),
            Action::HealCore(core) => Action::HealCore(self.group(&core)?),
            Action::Load(mut load) => {
                load.services = load.services.iter().filter_map(|&id| self.node(id)).collect();
                if load.services.is_empty() {
                    return None;
                }
                Action::Load(load)
            }
            Action::Follow(schedule) => Action::Follow(self.schedule(&schedule)),
            same @ (Action::Cluster { .. }
            | Action::Change { .. }
            | Action::Join { .. }
            | Action::RollingUpgrade { .. }
            | Action::Undo(_)
            | Action::HealAll
            | Action::Latency(_)
            | Action::Topology(_)
            | Action::SyncTime(_)
            | Action::StopLoad(_)
            | Action::Require(_)) => same,
        })
    }

    fn name_change(&self, change: NameChange) -> Option<NameChange> {
        Some(match change {
            NameChange::Made { name, cluster, nodes, time_to_live } => {
                NameChange::Made { name, cluster, nodes: self.group(&nodes)?, time_to_live }
            }
            NameChange::Servers(name, servers) => NameChange::Servers(name, self.group(&servers)?),
            same @ (NameChange::TimeToLive(..) | NameChange::NearestFirst(_)) => same,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::ms;

    /// n1 is left out, and n2 takes its number.
    fn without_n1() -> Numbering {
        let nodes = BTreeMap::from([(NodeId(0), NodeId(0)), (NodeId(2), NodeId(1))]);
        Numbering { nodes, clients: BTreeMap::new() }
    }

    #[test]
    fn faults_speak_of_those_that_are_left() {
        // A group loses its members, and a fault of nobody is none.
        let fault = |text: &str| without_n1().fault(&text.parse().unwrap()).map(|fault| fault.to_string());
        assert_eq!(fault("crash nodes={n1,n2}").as_deref(), Some("crash nodes={n1}"));
        assert_eq!(fault("crash nodes={n1}"), None);
        assert_eq!(fault("one-way from={n0} to={n1}"), None);
        assert_eq!(fault("partition groups={n0}|{n1,n2}").as_deref(), Some("partition groups={n0}|{n1}"));
        assert_eq!(
            fault("loss probability=0.5 from={n2}").as_deref(),
            Some("loss probability=0.5 from={n1}")
        );
        assert_eq!(fault("misbehave nodes={n0} behaviour=silent-to:{n1}"), None);
    }

    #[test]
    fn schedules_and_plans_do_so_too() {
        // What names somebody who is left out goes.
        let schedule = Schedule::new().arrives(NodeId(2), NodeId(0), 3, ms(1)).lost(NodeId(1), NodeId(0), 1);
        assert_eq!(without_n1().schedule(&schedule).to_string(), "n1 -> n0 #3: after 1ms");
        let plan: FaultPlan =
            "when n1 is leader: crash nodes={n0}\nat 1s: pause nodes={n2} time=1s".parse().unwrap();
        assert_eq!(without_n1().plan(&plan).to_string(), "at 1s: pause nodes={n1} time=1s");
    }
}
