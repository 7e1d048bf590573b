//! What a notebook does to the network of its laboratory.

use netsplit_node::{Duration, NodeId};

use super::Lab;
use crate::action::{Action, Made};
use crate::error::{expect, forwards};
use crate::fault::{Fault, Undo};
use crate::group::Group;
use crate::network::{Bandwidth, Cut, Latency, LinkProfile, Region, Route, Rule, Topology, Traffic};

impl Lab {
    /// Cuts every link between different `groups`, in both directions; who is in none reaches everyone.
    ///
    /// # Panics
    /// If there are fewer than two groups, if two overlap, or if a member is not of this laboratory.
    #[track_caller]
    pub fn partition<G: Into<Group>>(&self, groups: impl IntoIterator<Item = G>) -> Cut {
        let groups: Vec<Group> = groups.into_iter().map(Into::into).collect();
        self.cut(Fault::Partition { groups })
    }

    /// Cuts `group` off from everyone else, clients included.
    #[track_caller]
    pub fn isolate(&self, group: impl Into<Group>) -> Cut {
        self.cut(Fault::Isolate { nodes: group.into() })
    }

    /// Cuts what `from` sends to `to`; the other direction works on.
    #[track_caller]
    pub fn cut_one_way(&self, from: impl Into<Group>, to: impl Into<Group>) -> Cut {
        self.cut(Fault::OneWay { from: from.into(), to: to.into() })
    }

    /// Leaves each member of `group` only its two neighbours on a ring, in the order of their numbers.
    ///
    /// # Panics
    /// If there are fewer than four.
    #[track_caller]
    pub fn ring(&self, group: impl Into<Group>) -> Cut {
        self.cut(Fault::Ring { nodes: group.into() })
    }

    /// A partition that comes and goes: cut for `down`, whole for `up`, and so on until it is healed.
    #[track_caller]
    pub fn flap<G: Into<Group>>(
        &self,
        groups: impl IntoIterator<Item = G>,
        down: Duration,
        up: Duration,
    ) -> Cut {
        let groups: Vec<Group> = groups.into_iter().map(Into::into).collect();
        self.cut(Fault::Flap { groups, down, up })
    }

    #[track_caller]
    fn cut(&self, fault: Fault) -> Cut {
        match self.act(Action::Inject(fault)) {
            Made::Undo(Undo::Heal(cut)) => cut,
            other => unreachable!("a cut is healed, not {other:?}"),
        }
    }

    /// Heals `cut`. A cut that is healed already stays healed.
    ///
    /// # Panics
    /// If the cut was not made here.
    #[track_caller]
    pub fn heal(&self, cut: Cut) {
        self.act(Action::Undo(Undo::Heal(cut)));
    }

    /// Heals every cut that is open.
    #[track_caller]
    pub fn heal_all(&self) {
        self.act(Action::HealAll);
    }

    /// From now on every message takes this long, on every link; links of their own, places and routers are gone.
    #[track_caller]
    pub fn set_latency(&self, latency: Latency) {
        self.act(Action::Latency(latency));
    }

    /// From now on what `from` sends to `to` takes this long; the other direction is a link of its own.
    #[track_caller]
    pub fn set_link_latency(&self, from: impl Into<Group>, to: impl Into<Group>, latency: Latency) {
        self.set_link_one_way(from, to, LinkProfile::new(latency));
    }

    /// From now on the links between `one` and `other` are these: each pair has a link of its own, and each direction its own queue.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::ms;
    /// use netsplit_sim::{Lab, Latency, LinkProfile};
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 3, |_id| EagerStore::default());
    /// let wan = LinkProfile { loss: 0.01, mtu: Some(1400), ..LinkProfile::new(Latency::Constant(ms(15))) };
    /// lab.set_link(store.nodes([0]), store.nodes([1, 2]), wan);
    /// assert_eq!(lab.link(store.id(2), store.id(0)).to_string(), "link latency=15ms loss=0.01 mtu=1400");
    /// ```
    #[track_caller]
    pub fn set_link(&self, one: impl Into<Group>, other: impl Into<Group>, profile: LinkProfile) {
        let (one, other) = (one.into(), other.into());
        self.set_link_one_way(one.clone(), other.clone(), profile);
        if one != other {
            self.set_link_one_way(other, one, profile);
        }
    }

    /// The same in one direction.
    #[track_caller]
    pub fn set_link_one_way(&self, from: impl Into<Group>, to: impl Into<Group>, profile: LinkProfile) {
        self.act(Action::Link { from: from.into(), to: to.into(), profile });
    }

    /// The link of what `from` sends to `to` at the moment: its own, or what all or their places have. Rules come on top.
    pub fn link(&self, from: NodeId, to: NodeId) -> LinkProfile {
        self.world().network.link(from, to)
    }

    /// Puts participants somewhere in the world: what they and others that were placed send each other takes the time of the way,
    /// unless their link has a latency of its own.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::{ms, secs};
    /// use netsplit_sim::{Lab, Region};
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 1, |_id| EagerStore::default());
    /// lab.place(store.all(), Region::VIRGINIA);
    /// let ann = store.client_of(0);
    /// lab.place(&ann, Region::SYDNEY);
    /// let call = ann.get("x");
    /// lab.run_for(secs(1));
    /// assert!(call.returned().unwrap() - netsplit_node::Time::ZERO > ms(230), "265.6 ms on average");
    /// ```
    #[track_caller]
    pub fn place(&self, nodes: impl Into<Group>, region: Region) {
        self.act(Action::Place { nodes: nodes.into(), region });
    }

    /// From now on these networks, routers and links are between the participants; who is in none of the networks reaches all others as
    /// without them. What was set before is gone. A link of one's own ([`set_link`](Lab::set_link)) goes around the routers.
    ///
    /// # Panics
    /// If a name is given twice or names nothing, if a participant is in two networks, or if a link is none.
    #[track_caller]
    pub fn set_topology(&self, topology: Topology) {
        self.act(Action::Topology(topology));
    }

    /// Puts participants, such as clients that came later, into a network of the topology.
    #[track_caller]
    pub fn attach(&self, members: impl Into<Group>, network: &str) {
        self.act(Action::Attach { members: members.into(), network: network.to_owned() });
    }

    /// The way that what `from` sends to `to` takes through the networks, as the routers know it at the moment.
    pub fn route(&self, from: NodeId, to: NodeId) -> Route {
        self.world().network.route_between(from, to)
    }

    /// Loses each matching message with this probability.
    #[track_caller]
    pub fn lose(&self, probability: f64, traffic: Traffic) -> Rule {
        self.rule(Action::Inject(Fault::Loss { probability, traffic }))
    }

    /// Loses the next `count` matching messages.
    #[track_caller]
    pub fn lose_next(&self, count: u32, traffic: Traffic) -> Rule {
        self.rule(Action::LoseNext { count, traffic })
    }

    /// Delivers matching messages this much later.
    #[track_caller]
    pub fn delay(&self, by: Duration, traffic: Traffic) -> Rule {
        self.rule(Action::Inject(Fault::Delay { by: expect(forwards("a delay", by)), traffic }))
    }

    /// Delivers each matching message twice with this probability.
    #[track_caller]
    pub fn duplicate(&self, probability: f64, traffic: Traffic) -> Rule {
        self.rule(Action::Inject(Fault::Duplicate { probability, traffic }))
    }

    /// Holds each matching message back with this probability, for up to `by`, so that later ones overtake it.
    #[track_caller]
    pub fn reorder(&self, probability: f64, by: Duration, traffic: Traffic) -> Rule {
        self.rule(Action::Inject(Fault::Reorder { probability, by, traffic }))
    }

    /// Changes each matching message with this probability ([`Fault::Corrupt`]).
    #[track_caller]
    pub fn corrupt(&self, probability: f64, traffic: Traffic) -> Rule {
        self.rule(Action::Inject(Fault::Corrupt { probability, traffic }))
    }

    /// From now on matching messages share one link of this bandwidth, with room for `queue` bytes in front of it.
    ///
    /// # Panics
    /// If it carries nothing.
    #[track_caller]
    pub fn limit_bandwidth(&self, rate: Bandwidth, queue: u64, traffic: Traffic) -> Rule {
        self.rule(Action::Inject(Fault::Bandwidth { rate, queue, traffic }))
    }

    /// From now on matching messages of more than `bytes` are lost, and nobody is told.
    #[track_caller]
    pub fn drop_larger_than(&self, bytes: u64, traffic: Traffic) -> Rule {
        self.rule(Action::Inject(Fault::MtuDrop { bytes, traffic }))
    }

    #[track_caller]
    fn rule(&self, action: Action) -> Rule {
        match self.act(action) {
            Made::Undo(Undo::End(rule)) => rule,
            other => unreachable!("a rule is ended, not {other:?}"),
        }
    }

    /// Ends a rule that [`lose`](Lab::lose), [`delay`](Lab::delay) or another of these methods made.
    #[track_caller]
    pub fn remove_rule(&self, rule: Rule) {
        self.act(Action::Undo(Undo::End(rule)));
    }
}
