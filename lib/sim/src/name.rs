//! A service's name as a notebook holds it.

use std::fmt;
use std::marker::PhantomData;

use netsplit_node::{Address, Duration, NodeId, Random, Service};

use crate::action::{Action, Made};
use crate::client::Client;
use crate::dns::{Belief, NameChange};
use crate::error::{LabError, expect};
use crate::fault::Fault;
use crate::group::Group;
use crate::lab::{Handle, Lab};
use crate::workload::{RunningWorkload, Workload, boxed};

/// A name under which clients and nodes call a service, instead of one of its nodes: they look it up, and believe the answer for its time
/// to live. [`Cluster::dns`](crate::Cluster::dns) makes it.
///
/// ```
/// use netsplit_algorithms::replication::EagerStore;
/// use netsplit_node::{Outcome, secs};
/// use netsplit_sim::Lab;
/// let lab = Lab::new(42);
/// let store = lab.cluster("store", 2, |_id| EagerStore::default());
/// let shop = store.dns("shop.example", [0], secs(60));
/// let ann = shop.client().named("ann").with_deadline(secs(1));
/// ann.get("x");
/// lab.run_for(secs(10));
/// store.crash(0);
/// shop.point_to([1]);                                    // a failover: the record changes at once
/// let early = ann.get("x");
/// lab.run_for(secs(10));
/// assert_eq!(early.outcome(), Some(Outcome::Unknown), "ann still asks the node that is down");
/// lab.run_for(secs(50));
/// let late = ann.get("x");
/// lab.run_for(secs(10));
/// assert!(matches!(late.outcome(), Some(Outcome::Ok(_))), "60 s after her lookup she looks again");
/// ```
pub struct Name<S> {
    lab: Lab,
    number: u32,
    service: PhantomData<fn() -> S>,
}

impl<S> Clone for Name<S> {
    fn clone(&self) -> Self {
        self.in_lab(&self.lab)
    }
}

impl<S> Handle for Name<S> {
    fn in_lab(&self, lab: &Lab) -> Self {
        Name { lab: lab.clone(), number: self.number, service: PhantomData }
    }
}

impl<S> Name<S> {
    /// What of the methods below is the same for all protocols, so that cells need not compile it.
    #[track_caller]
    fn record(&self) -> (String, u32, Group) {
        let world = self.lab.world();
        let record = world.dns.record(self.number).map(|record| (record.name.clone(), record.cluster));
        let found = record.map(|(name, cluster)| (name, cluster, world.dns.nodes_of(self.number)));
        drop(world);
        expect(found.ok_or_else(|| LabError::NotHere { what: format!("name {}", self.number) }))
    }

    #[track_caller]
    fn change(&self, change: NameChange) {
        self.record();
        self.lab.act(Action::Dns(change));
    }

    /// From now on answers hold for this long. Who was answered before keeps that for as long as it was told then.
    #[track_caller]
    pub fn set_time_to_live(&self, time: Duration) {
        self.change(NameChange::TimeToLive(self.number, time));
    }

    /// From now on these nodes answer for the name: who has no answer (any more) can look it up only while one of them is up and in reach.
    /// Of none, somebody always answers, as it is in the beginning.
    #[track_caller]
    pub fn served_by(&self, servers: impl Into<Group>) {
        self.change(NameChange::Servers(self.number, servers.into()));
    }

    /// From now on an answer has the node first that is nearest to who asks ([`Lab::place`]), instead of each in turn: GeoDNS.
    #[track_caller]
    pub fn nearest_first(&self) {
        self.change(NameChange::NearestFirst(self.number));
    }

    /// Who believes what of the name at the moment.
    #[track_caller]
    pub fn beliefs(&self) -> Vec<Belief> {
        self.record();
        self.lab.world().beliefs(self.number)
    }
}

impl<S: Service> Name<S> {
    pub(crate) fn new(lab: Lab, number: u32) -> Name<S> {
        Name { lab, number, service: PhantomData }
    }

    /// The name.
    #[track_caller]
    pub fn name(&self) -> String {
        self.record().0
    }

    /// From now on the name stands for these members of its cluster ([`Fault::DnsChange`]). Who has another answer keeps it until its
    /// time to live is over.
    #[track_caller]
    pub fn point_to(&self, indices: impl IntoIterator<Item = usize>) {
        let (name, cluster, _) = self.record();
        let members = self.lab.world().clusters[cluster as usize].members.clone();
        let service = self.lab.world().clusters[cluster as usize].name.clone();
        let missing = |index| LabError::NoSuchMember { cluster: service.clone(), index, size: members.len() };
        let ids: Vec<NodeId> = indices
            .into_iter()
            .map(|index| expect(members.get(index).copied().ok_or_else(|| missing(index))))
            .collect();
        self.lab.act(Action::Inject(Fault::DnsChange { name, to: Group::new(ids) }));
    }

    /// The name as an address, for nodes of other types that call it ([`Context::call`](netsplit_node::Context::call)): the caller looks it
    /// up and caches the answer. Messages cannot be sent to it.
    #[track_caller]
    pub fn address(&self) -> Address<S> {
        self.record();
        Address::new(NodeId::of_name(self.number))
    }

    /// A new client that asks whom the name stands for.
    #[track_caller]
    pub fn client(&self) -> Client<S> {
        let service = self.address().node();
        let Made::Client(number) = self.lab.act(Action::Client { service }) else {
            unreachable!("a client makes a client")
        };
        Client::new(self.lab.clone(), number)
    }

    /// Lets clients ask whom the name stands for, as [`Cluster::load`](crate::Cluster::load) lets them ask the members.
    #[track_caller]
    pub fn load(
        &self,
        workload: Workload,
        requests: impl FnMut(&mut Random, u64) -> S::Request + Send + 'static,
    ) -> RunningWorkload {
        let services = vec![self.address().node()];
        RunningWorkload::begin(&self.lab, workload, services, boxed(requests))
    }
}

/// What it stands for, and one line for each who believes something of it.
impl<S> fmt::Debug for Name<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _, nodes) = self.record();
        let world = self.lab.world();
        write!(f, "{name}: {}", world.names(&nodes))?;
        for Belief { who, nodes, until, stale } in world.beliefs(self.number) {
            let until = until.map_or("for ever".to_owned(), |until| format!("until {until}"));
            let nodes: Vec<String> = nodes.into_iter().map(|id| world.name_of(id)).collect();
            write!(f, "\n  {}: {} {until}", world.name_of(who), nodes.join(", "))?;
            f.write_str(if stale { ", out of date" } else { "" })?;
        }
        Ok(())
    }
}
