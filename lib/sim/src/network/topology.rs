//! Networks, routers and the links between them, as a value.

use std::fmt;

use netsplit_node::{Duration, NodeId};

use super::LinkProfile;
use crate::error::{LabError, forwards};
use crate::group::Group;
use crate::naming::{NamingError, check_name};

/// How networks hang together: each has a router and members, and links join routers. What members of different networks send each
/// other takes the shortest way that the routers know of.
///
/// A router that fails, or a link, is noticed by the others only when they have *converged*: until then they send what is lost. Internal
/// routing converges within seconds, routing between providers (BGP) takes minutes (Labovitz and others, "Delayed internet routing
/// convergence", 2000: three minutes on average after a withdrawal).
///
/// ```
/// use netsplit_algorithms::replication::EagerStore;
/// use netsplit_node::{ms, secs};
/// use netsplit_sim::{Fault, Lab, Latency, LinkProfile, Topology};
/// let lab = Lab::new(42);
/// let store = lab.cluster("store", 2, |_id| EagerStore::default());
/// lab.set_topology(
///     Topology::new(secs(30))
///         .network("virginia", store.nodes([0]))
///         .network("ireland", store.nodes([1]))
///         .router("iceland")
///         .link("virginia", "ireland", LinkProfile::fibre(5_500))
///         .link("virginia", "iceland", LinkProfile::fibre(4_500))
///         .link("iceland", "ireland", LinkProfile::fibre(1_500)),
/// );
/// let way = || lab.route(store.id(0), store.id(1)).to_string();
/// assert_eq!(way(), "virginia -> ireland, 27.5ms");
/// lab.inject(Fault::LinkDown { one: "virginia".into(), other: "ireland".into(), on: true });
/// assert_eq!(way(), "virginia -> ireland, 27.5ms, broken");
/// lab.run_for(secs(30));
/// assert_eq!(way(), "virginia -> iceland -> ireland, 30ms");
/// ```
#[derive(Clone, PartialEq)]
pub struct Topology {
    pub(super) convergence: Duration,
    pub(super) networks: Vec<(String, Group)>,
    pub(super) links: Vec<(String, String, LinkProfile)>,
}

impl Topology {
    /// No networks yet; after a change all routers know of it `convergence` later.
    pub fn new(convergence: Duration) -> Topology {
        Topology { convergence, networks: Vec::new(), links: Vec::new() }
    }

    /// A network with its router and these members. Within it everything is as without a topology.
    pub fn network(mut self, name: &str, members: impl Into<Group>) -> Topology {
        self.networks.push((name.to_owned(), members.into()));
        self
    }

    /// A router without members, which passes on what others send.
    pub fn router(self, name: &str) -> Topology {
        self.network(name, Group::default())
    }

    /// A link between the routers of two networks, in both directions; each direction has a queue of its own.
    pub fn link(mut self, one: &str, other: &str, profile: LinkProfile) -> Topology {
        self.links.push((one.to_owned(), other.to_owned(), profile));
        self
    }

    /// The names of its routers, and the ends of its links.
    pub(crate) fn parts(&self) -> (Vec<&str>, Vec<(&str, &str)>) {
        let routers = self.networks.iter().map(|(name, _)| name.as_str());
        let links = self.links.iter().map(|(one, other, _)| (one.as_str(), other.as_str()));
        (routers.collect(), links.collect())
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.networks.iter().map(|(name, members)| (name.as_str(), members))
    }

    /// The number of the network of this name.
    pub(super) fn number_of(&self, name: &str) -> Result<usize, NamingError> {
        let index = self.networks.iter().position(|(other, _)| other == name);
        index.ok_or_else(|| NamingError::NoSuchRouter {
            name: name.to_owned(),
            known: self.networks.iter().map(|(name, _)| name.clone()).collect(),
        })
    }

    /// Whether it is one: names that are different and can be written in a plan, links between two known routers, members in one network.
    pub(super) fn check(&self) -> Result<(), LabError> {
        forwards("the time to converge", self.convergence)?;
        let mut seen: Vec<NodeId> = Vec::new();
        for (index, (name, members)) in self.networks.iter().enumerate() {
            check_name(name)?;
            if self.networks[..index].iter().any(|(other, _)| other == name) {
                return Err(NamingError::NameTaken { name: name.clone() }.into());
            }
            if let Some(&id) = members.ids().iter().find(|id| seen.contains(id)) {
                return Err(NamingError::InTwoNetworks { id }.into());
            }
            seen.extend(members.ids());
        }
        for (one, other, profile) in &self.links {
            let (here, there) = (self.number_of(one)?, self.number_of(other)?);
            if here == there {
                return Err(NamingError::LinkToItself { name: one.clone() }.into());
            }
            profile.validated()?;
        }
        Ok(())
    }
}

/// One line for each network and link.
impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "converges in {}", self.convergence)?;
        for (name, members) in &self.networks {
            match members.ids() {
                [] => write!(f, "\nrouter {name}")?,
                _ => write!(f, "\nnetwork {name} {members}")?,
            }
        }
        self.links.iter().try_for_each(|(one, other, profile)| write!(f, "\n{one} - {other}: {profile}"))
    }
}

/// The same: a notebook shows a topology as its lines.
impl fmt::Debug for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The way that messages take from one participant to another.
#[derive(Clone, PartialEq, Eq)]
pub struct Route {
    /// The networks that it leads through, from the sender's to the receiver's; one if they are in the same, and none where there is no
    /// route or where one of them is in no network.
    pub networks: Vec<String>,
    /// What its links typically take together.
    pub latency: Duration,
    /// Whether a router or link on it is down, which the routers do not know yet.
    pub broken: bool,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.networks.is_empty() {
            return f.write_str("no route");
        }
        write!(f, "{}, {}", self.networks.join(" -> "), self.latency)?;
        f.write_str(if self.broken { ", broken" } else { "" })
    }
}

/// The same: a notebook shows a route as its sentence.
impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
