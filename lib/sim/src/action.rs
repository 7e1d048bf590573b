//! The action log: everything that was done to a world from outside. A world is its seed and this log; replaying it gives the same
//! world again, up to any moment.

use std::fmt;

use netsplit_node::{Duration, NodeId, Payload, Time};

use crate::clock::Discipline;
use crate::dns::NameChange;
use crate::error::LabError;
use crate::fault::{Fault, Undo};
use crate::group::Group;
use crate::network::{Cut, Latency, LinkProfile, Region, Rule, Topology, Traffic};
use crate::participants::OperationId;
use crate::plan::FaultPlan;
use crate::population::Population;
use crate::property::{Property, Touched};
use crate::run::{Replaying, Stopped};
use crate::shared::Change;
use crate::shrink::Schedule;
use crate::workload::Load;
use crate::world::World;

/// Something done to a world from outside.
#[derive(Clone)]
pub(crate) enum Action {
    /// A cluster whose population has not been started.
    Cluster {
        name: String,
        size: usize,
        population: Box<dyn Population>,
    },
    Change {
        cluster: u32,
        change: Change,
    },
    Join {
        cluster: u32,
    },
    Leave {
        node: NodeId,
    },
    /// From its next start on, which is now, a node runs another version.
    Upgrade {
        node: NodeId,
        version: u32,
    },
    RollingUpgrade {
        cluster: u32,
        version: u32,
        every: Duration,
    },
    Client {
        service: NodeId,
    },
    Name {
        client: u32,
        name: String,
    },
    Patience {
        client: u32,
        deadline: Option<Duration>,
        retries: u32,
    },
    Call {
        client: NodeId,
        request: Box<dyn Payload>,
    },
    Inject(Fault),
    Undo(Undo),
    HealAll,
    LoseNext {
        count: u32,
        traffic: Traffic,
    },
    Latency(Latency),
    /// What `from` sends to `to`.
    Link {
        from: Group,
        to: Group,
        profile: LinkProfile,
    },
    Place {
        nodes: Group,
        region: Region,
    },
    Topology(Topology),
    /// Puts participants into a network.
    Attach {
        members: Group,
        network: String,
    },
    Dns(NameChange),
    SyncTime(Duration),
    Discipline {
        nodes: Group,
        discipline: Option<Discipline>,
    },
    Play(FaultPlan),
    HealCore(Group),
    Load(Load),
    StopLoad(u32),
    Require(Property),
    Follow(Schedule),
}

impl Action {
    /// The cluster on which it acts, by its number, where it names one.
    pub(crate) fn cluster(&self) -> Option<u32> {
        match self {
            Action::Change { cluster, .. }
            | Action::Join { cluster }
            | Action::RollingUpgrade { cluster, .. }
            | Action::Dns(NameChange::Made { cluster, .. }) => Some(*cluster),
            Action::Require(property) => property.cluster(),
            _ => None,
        }
    }
}

/// What an action made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Made {
    Nothing,
    Cluster(u32),
    Member(NodeId),
    Client(u32),
    Name(u32),
    Call(OperationId),
    Undo(Undo),
    Load(u32),
}

/// An action with its moment: after so many events, at this time.
#[derive(Clone)]
pub(crate) struct Logged {
    pub(crate) handled: u64,
    pub(crate) now: Time,
    pub(crate) action: Action,
}

impl World {
    /// Does something from outside, and remembers it. When it is refused, nothing has changed.
    pub(crate) fn act(&mut self, action: Action) -> Result<Made, LabError> {
        self.states.begin_run();
        let logged = Logged { handled: self.handled(), now: self.now, action: action.clone() };
        let made = self.perform(action)?;
        self.log.push(logged);
        if !self.properties.is_empty() {
            self.look_at_properties(Touched::Everybody);
        }
        Ok(made)
    }

    fn perform(&mut self, action: Action) -> Result<Made, LabError> {
        match action {
            Action::Cluster { name, size, population } => {
                return self.add_cluster(&name, size, population).map(Made::Cluster);
            }
            Action::Change { cluster, change } => {
                change.apply(&mut *self.clusters[cluster as usize].population)
            }
            Action::Join { cluster } => return Ok(Made::Member(self.join(cluster))),
            Action::Leave { node } => self.leave(node)?,
            Action::Upgrade { node, version } => self.upgrade(node, version),
            Action::RollingUpgrade { cluster, version, every } => {
                self.upgrade_next(cluster, 0, version, every)
            }
            Action::Client { service } => return Ok(Made::Client(self.add_client(service))),
            Action::Name { client, name } => self.clients[client as usize].name = name,
            Action::Patience { client, deadline, retries } => {
                let client = &mut self.clients[client as usize];
                (client.deadline, client.retries) = (deadline, retries);
            }
            Action::Call { client, request } => return Ok(Made::Call(self.invoke(client, request))),
            Action::Inject(fault) => return self.inject(&fault).map(Made::Undo),
            Action::Undo(undo) => self.undo(&undo)?,
            Action::HealAll => self.heal_all(),
            Action::LoseNext { count, traffic } => {
                self.check_traffic(&traffic)?;
                return Ok(Made::Undo(Undo::End(self.begin_short_rule(traffic, count))));
            }
            Action::Latency(latency) => {
                self.network.set_latency(latency.validated()?);
                self.refresh_extras();
                self.announce(|_| format!("a message takes {}", latency.in_words()));
            }
            Action::Link { from, to, profile } => self.set_link(&from, &to, profile)?,
            Action::Place { nodes, region } => {
                self.check_members(&nodes)?;
                nodes.ids().iter().for_each(|&id| self.network.place(id, region));
                self.announce(|world| format!("in {}: {}", region.name(), world.names(&nodes)));
            }
            Action::Topology(topology) => self.set_topology(topology)?,
            Action::Attach { members, network } => self.attach(&network, &members)?,
            Action::Dns(change) => return self.change_name(change),
            Action::SyncTime(time) => {
                self.sync_time = time;
                self.announce(|_| format!("a sync takes {time}"));
            }
            Action::Discipline { nodes, discipline } => self.discipline(&nodes, discipline)?,
            Action::Play(plan) => self.play(plan)?,
            Action::HealCore(core) => self.heal_core(&core)?,
            Action::Load(load) => return self.start_load(load).map(Made::Load),
            Action::StopLoad(load) => self.stop_load(load),
            Action::Require(property) => self.require(property),
            Action::Follow(schedule) => self.follow_schedule(schedule)?,
        }
        Ok(Made::Nothing)
    }

    fn set_link(&mut self, from: &Group, to: &Group, profile: LinkProfile) -> Result<(), LabError> {
        let profile = profile.validated()?;
        self.check_members(from)?;
        self.check_members(to)?;
        for &sender in from.ids() {
            for &receiver in to.ids() {
                self.network.set_link(sender, receiver, profile);
            }
        }
        self.refresh_extras();
        self.announce(|world| format!("{} to {}: {profile}", world.names(from), world.names(to)));
        Ok(())
    }

    /// The world that this log makes, as it was after `handled` events, and after the actions that were done by then.
    pub(crate) fn replayed(&self, moment: Moment) -> Result<World, Stopped> {
        let mut world = World::new(self.seed, self.recorder.kept());
        world.renumbered = self.renumbered.clone();
        let mut replaying = Replaying::new(self.handled());
        for logged in self.log.iter().filter(|logged| moment.includes(logged)) {
            world.run_events(logged.handled, &mut replaying)?;
            world.now = logged.now;
            // What was possible then is possible now, unless the nodes themselves behave differently.
            let _ = world.act(logged.action.clone());
        }
        match moment {
            Moment::Time(time) => world.run_again_to(time, &mut replaying)?,
            Moment::Events(handled) => world.run_events(handled, &mut replaying)?,
        }
        Ok(world)
    }
}

/// How far to replay.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// Up to and including everything at this time.
    Time(Time),
    /// Up to and including so many events, and all actions after them.
    Events(u64),
}

impl Moment {
    fn includes(self, logged: &Logged) -> bool {
        match self {
            Moment::Time(time) => logged.now <= time,
            Moment::Events(handled) => logged.handled <= handled,
        }
    }
}

/// As a line of a cell, as near as it can be told.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Cluster { name, size, .. } => write!(f, "lab.cluster({name:?}, {size}, ..)"),
            Action::Change { cluster, change } => write!(f, "cluster {cluster}: {change}"),
            Action::Join { cluster } => write!(f, "cluster {cluster}: join()"),
            Action::Leave { node } => write!(f, "{node}: leave()"),
            Action::Upgrade { node, version } => write!(f, "{node}: upgrade to version {version}"),
            Action::RollingUpgrade { cluster, version, every } => {
                write!(f, "cluster {cluster}: rolling upgrade to version {version}, one member every {every}")
            }
            Action::Client { service } => write!(f, "client of {service}"),
            Action::Name { client, name } => write!(f, "client {}.named({name:?})", client + 1),
            Action::Patience { client, deadline, retries } => match deadline {
                Some(deadline) => write!(f, "client {}: deadline {deadline}, {retries} retries", client + 1),
                None => write!(f, "client {}: no deadline", client + 1),
            },
            Action::Call { client, request } => write!(f, "{client} calls {}", (**request).describe()),
            Action::Inject(fault) => write!(f, "lab.inject({:?})", fault.to_string()),
            Action::Undo(Undo::Heal(Cut(cut))) => write!(f, "lab.heal(cut {cut})"),
            Action::Undo(Undo::End(Rule(rule))) => write!(f, "lab.remove_rule(rule {rule})"),
            Action::Undo(Undo::With(fault)) => write!(f, "lab.inject({:?})", fault.to_string()),
            Action::Undo(Undo::Nothing) => write!(f, "nothing to undo"),
            Action::HealAll => write!(f, "lab.heal_all()"),
            Action::LoseNext { count, traffic } => write!(f, "lab.lose_next({count}, {traffic})"),
            Action::Latency(latency) => write!(f, "lab.set_latency({latency})"),
            Action::Link { from, to, profile } => {
                write!(f, "lab.set_link_one_way({from}, {to}, {:?})", profile.to_string())
            }
            Action::Place { nodes, region } => write!(f, "lab.place({nodes}, {region:?})"),
            Action::Topology(topology) => write!(f, "lab.set_topology({:?})", topology.to_string()),
            Action::Attach { members, network } => write!(f, "lab.attach({members}, {network:?})"),
            Action::Dns(change) => write!(f, "{change}"),
            Action::SyncTime(time) => write!(f, "lab.set_sync_time({time})"),
            Action::Discipline { nodes, discipline: Some(Discipline { poll, error }) } => {
                write!(f, "lab.discipline_clocks({nodes}, every {poll}, right to {error})")
            }
            Action::Discipline { nodes, discipline: None } => write!(f, "lab.free_clocks({nodes})"),
            Action::Play(plan) => write!(f, "lab.play({:?})", plan.to_string()),
            Action::HealCore(core) => write!(f, "lab.heal_core({core})"),
            Action::Load(load) => write!(f, "workload: {load}"),
            Action::StopLoad(load) => write!(f, "workload {load}: stop()"),
            Action::Require(property) => write!(f, "property {:?}", property.name()),
            Action::Follow(schedule) => write!(f, "lab.follow({:?})", schedule.to_string()),
        }
    }
}
