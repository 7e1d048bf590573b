//! Names: which nodes a service's name stands for, and who still believes that it stands for others.
//!
//! Models: records with several nodes and a time to live (RFC 1035, section 3.2.1); a cache for each participant that calls by a name,
//! which keeps an answer for its time to live and no longer, unless its resolver ignores that ([`Fault::DnsStale`]); answers in turn
//! (RFC 1794) or nearest first; name servers that are nodes of the world, of which one has to be in reach. A retry takes the next
//! node of the answer. A node that crashes forgets what it had looked up. Does not model: the questions' own messages, their time and
//! their loss, hierarchies of servers, resolvers that several share, signatures. Times to live are measured in the world's time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::trace::EventKind;
use netsplit_node::{CallId, Duration, NodeId, Outcome, Time};

use crate::action::Made;
use crate::error::{LabError, forwards};
use crate::fault::Fault;
use crate::group::Group;
use crate::naming::{NamingError, check_name};
use crate::schedule::Job;
use crate::world::{World, kind};

/// How long a caller whose lookup gets no answer waits before it says so: the default of resolvers (`resolv.conf`, option timeout).
const LOOKUP_PATIENCE: Duration = netsplit_node::secs(5);

/// What the world knows of names.
#[derive(Clone, Default)]
pub(crate) struct Names {
    records: Vec<Record>,
    caches: BTreeMap<(NodeId, u32), Cached>,
    /// Whose resolvers use an answer for ever.
    stubborn: BTreeSet<NodeId>,
}

/// What the name servers answer.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) cluster: u32,
    nodes: Vec<NodeId>,
    time_to_live: Duration,
    /// The nodes that answer; none if somebody always does.
    servers: Group,
    nearest_first: bool,
    /// How often it was asked for.
    asked: usize,
}

/// What a participant was answered.
#[derive(Clone)]
struct Cached {
    nodes: Vec<NodeId>,
    until: Time,
}

/// Something done to a name from outside.
#[derive(Clone, Debug)]
pub(crate) enum NameChange {
    Made { name: String, cluster: u32, nodes: Group, time_to_live: Duration },
    TimeToLive(u32, Duration),
    Servers(u32, Group),
    NearestFirst(u32),
}

/// As a line of a cell, as near as it can be told.
impl fmt::Display for NameChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameChange::Made { name, cluster, nodes, time_to_live } => {
                write!(f, "cluster {cluster}: dns({name:?}, {nodes}, {time_to_live})")
            }
            NameChange::TimeToLive(name, time) => write!(f, "name {name}: set_time_to_live({time})"),
            NameChange::Servers(name, servers) => write!(f, "name {name}: served_by({servers})"),
            NameChange::NearestFirst(name) => write!(f, "name {name}: nearest_first()"),
        }
    }
}

/// Who believes what of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belief {
    /// Who looked it up.
    pub who: NodeId,
    /// For which nodes it takes the name.
    pub nodes: Vec<NodeId>,
    /// Until when; nothing if for ever.
    pub until: Option<Time>,
    /// Whether the name stands for others by now.
    pub stale: bool,
}

impl World {
    pub(crate) fn change_name(&mut self, change: NameChange) -> Result<Made, LabError> {
        match change {
            NameChange::Made { name, cluster, nodes, time_to_live } => {
                return self.make_name(name, cluster, &nodes, time_to_live).map(Made::Name);
            }
            NameChange::TimeToLive(name, time) => {
                let time = forwards("a time to live", time)?;
                self.dns.records[name as usize].time_to_live = time;
                self.announce(|world| format!("answers for {} hold for {time}", world.dns.name(name)));
            }
            NameChange::Servers(name, servers) => {
                self.check_members(&servers)?;
                self.dns.records[name as usize].servers = servers.clone();
                self.announce(|world| {
                    format!("{} is answered for by {}", world.dns.name(name), world.names(&servers))
                });
            }
            NameChange::NearestFirst(name) => {
                self.dns.records[name as usize].nearest_first = true;
                self.announce(|world| format!("answers for {} have the nearest first", world.dns.name(name)));
            }
        }
        Ok(Made::Nothing)
    }

    fn make_name(
        &mut self,
        name: String,
        cluster: u32,
        nodes: &Group,
        time_to_live: Duration,
    ) -> Result<u32, LabError> {
        check_name(&name)?;
        if self.dns.number_of(&name).is_ok() {
            return Err(NamingError::NameTaken { name }.into());
        }
        self.check_answer(&name, cluster, nodes)?;
        let record = Record {
            name,
            cluster,
            nodes: nodes.ids().to_vec(),
            time_to_live: forwards("a time to live", time_to_live)?,
            servers: Group::default(),
            nearest_first: false,
            asked: 0,
        };
        self.dns.records.push(record);
        let number = self.dns.records.len() as u32 - 1;
        self.announce_answer(number);
        Ok(number)
    }

    /// A name stands for some nodes of the cluster that it was made for, at least one.
    fn check_answer(&self, name: &str, cluster: u32, nodes: &Group) -> Result<(), LabError> {
        self.check_members(nodes)?;
        let members = &self.clusters[cluster as usize].members;
        if nodes.ids().is_empty() {
            return Err(NamingError::EmptyAnswer { name: name.to_owned() }.into());
        }
        match nodes.ids().iter().find(|id| !members.contains(id)) {
            Some(&id) => Err(NamingError::NotOfTheService {
                name: name.to_owned(),
                node: self.name_of(id),
                service: self.clusters[cluster as usize].name.clone(),
            }
            .into()),
            None => Ok(()),
        }
    }

    fn announce_answer(&mut self, name: u32) {
        let record = &self.dns.records[name as usize];
        let (nodes, time) = (Group::new(record.nodes.iter().copied()), record.time_to_live);
        self.announce(|world| {
            format!("{} is {}, answers hold for {time}", world.dns.name(name), world.names(&nodes))
        });
    }

    pub(crate) fn check_name_fault(&self, fault: &Fault) -> Result<(), LabError> {
        match fault {
            Fault::DnsChange { name, to } => {
                let record = &self.dns.records[self.dns.number_of(name)? as usize];
                self.check_answer(name, record.cluster, to)
            }
            Fault::DnsStale { nodes, .. } => self.check_members(nodes),
            _ => Ok(()),
        }
    }

    pub(crate) fn inject_into_names(&mut self, fault: &Fault) -> Result<(), LabError> {
        match fault {
            Fault::DnsChange { name, to } => {
                let number = self.dns.number_of(name)?;
                self.dns.records[number as usize].nodes = to.ids().to_vec();
                self.announce_answer(number);
            }
            Fault::DnsStale { nodes, on } => {
                for &node in nodes.ids() {
                    if *on {
                        self.dns.stubborn.insert(node);
                    } else {
                        self.dns.stubborn.remove(&node);
                    }
                    let text = format!("dns-stale on={on}");
                    self.record(kind::FAULT, (node, None), crate::recorder::FROM_OUTSIDE, |_| {
                        EventKind::Fault { node, text }
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Resolvers keep to times to live again.
    pub(crate) fn refresh_resolvers(&mut self) {
        self.dns.stubborn.clear();
    }

    /// The node that `caller` takes `service` for, in its so-manieth attempt; nothing if it is a name and nobody answers.
    pub(crate) fn resolve(
        &mut self,
        caller: NodeId,
        service: NodeId,
        attempt: u32,
        cause: u64,
    ) -> Option<NodeId> {
        let Some(name) = service.as_name() else { return Some(service) };
        let believed = match self.dns.cached(caller, name, self.now) {
            Some(cached) => cached,
            None => self.look_up(caller, name, cause)?,
        };
        believed.get((attempt.max(1) as usize - 1) % believed.len()).copied()
    }

    fn look_up(&mut self, caller: NodeId, name: u32, cause: u64) -> Option<Vec<NodeId>> {
        let servers = self.dns.records[name as usize].servers.clone();
        let answers = |server: &NodeId| {
            self.participants[server.0 as usize].up
                && self.network.reaches(caller, *server)
                && self.network.reaches(*server, caller)
        };
        if !servers.ids().is_empty() && !servers.ids().iter().any(answers) {
            self.record(kind::NOTED, (caller, None), cause, |world| EventKind::Noted {
                node: caller,
                text: format!("cannot look up {}: no name server answers", world.dns.name(name)),
            });
            return None;
        }
        let nodes = self.answer_for(caller, name);
        let time_to_live = self.dns.records[name as usize].time_to_live;
        self.dns
            .caches
            .insert((caller, name), Cached { nodes: nodes.clone(), until: self.now + time_to_live });
        self.record(kind::NOTED, (caller, None), cause, |world| EventKind::Noted {
            node: caller,
            text: format!(
                "looks up {}: {}, for {time_to_live}",
                world.dns.name(name),
                nodes.iter().map(|&id| world.name_of(id)).collect::<Vec<_>>().join(", ")
            ),
        });
        Some(nodes)
    }

    /// The record's nodes, in turn or the nearest first.
    fn answer_for(&mut self, caller: NodeId, name: u32) -> Vec<NodeId> {
        let record = &mut self.dns.records[name as usize];
        let mut nodes = record.nodes.clone();
        if record.nearest_first {
            // Stable: equally near ones stay in their order.
            nodes.sort_by_key(|&node| self.network.distance(caller, node));
        } else {
            let turn = record.asked % nodes.len();
            nodes.rotate_left(turn);
        }
        record.asked += 1;
        nodes
    }

    /// A caller found nobody to ask: it learns so later, unless its patience ends before.
    pub(crate) fn fail_lookup_later(&mut self, call: CallId) {
        self.schedule(self.now + LOOKUP_PATIENCE, Job::LookupFails { call });
    }

    pub(crate) fn lookup_fails(&mut self, call: CallId) {
        let Some(open) = self.open_calls.remove(&call) else { return };
        let operation = self.operation(open.operation);
        let service = operation.target.unwrap_or(operation.service);
        let outcome = self.outcome_without_answer(&open);
        self.conclude(open, service, outcome, crate::recorder::FROM_OUTSIDE);
    }

    /// How a call ends that nobody answered: where no request ever left, nothing can have happened.
    pub(crate) fn outcome_without_answer(
        &mut self,
        open: &crate::participants::OpenCall,
    ) -> Outcome<Box<dyn netsplit_node::Payload>> {
        let operation = self.operation(open.operation);
        let (sent, service) = (operation.sent, operation.service);
        if sent > 0 {
            Outcome::Unknown
        } else {
            Outcome::Fail(format!("cannot look up {}", self.name_of(service)))
        }
    }

    /// Who believes what of a name, in order of their numbers.
    pub(crate) fn beliefs(&self, name: u32) -> Vec<Belief> {
        let record = &self.dns.records[name as usize];
        let of_this = self.dns.caches.iter().filter(|((_, of), _)| *of == name);
        let believed = of_this.filter_map(|(&(who, _), cached)| {
            let for_ever = self.dns.stubborn.contains(&who);
            let holds = for_ever || self.now < cached.until;
            let stale = cached.nodes.iter().any(|node| !record.nodes.contains(node));
            let until = (!for_ever).then_some(cached.until);
            holds.then(|| Belief { who, nodes: cached.nodes.clone(), until, stale })
        });
        believed.collect()
    }
}

impl Names {
    pub(crate) fn number_of(&self, name: &str) -> Result<u32, NamingError> {
        let index = self.records.iter().position(|record| record.name == name);
        index.map(|index| index as u32).ok_or_else(|| NamingError::NoSuchName {
            name: name.to_owned(),
            known: self.records.iter().map(|record| record.name.clone()).collect(),
        })
    }

    pub(crate) fn record(&self, number: u32) -> Option<&Record> {
        self.records.get(number as usize)
    }

    fn name(&self, number: u32) -> &str {
        &self.records[number as usize].name
    }

    fn cached(&self, caller: NodeId, name: u32, now: Time) -> Option<Vec<NodeId>> {
        let cached = self.caches.get(&(caller, name))?;
        (now < cached.until || self.stubborn.contains(&caller)).then(|| cached.nodes.clone())
    }

    /// A node's memory is gone.
    pub(crate) fn forget(&mut self, node: NodeId) {
        self.caches.retain(|(who, _), _| *who != node);
    }

    /// The nodes that a name stands for.
    pub(crate) fn nodes_of(&self, number: u32) -> Group {
        Group::new(self.records[number as usize].nodes.iter().copied())
    }
}
