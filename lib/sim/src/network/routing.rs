//! Routing: which way messages take between networks, and what the routers know of it.
//!
//! Models: shortest paths by typical latency; failures of routers and links, and withdrawn networks, of which all routers learn at one
//! moment, the convergence time after it happened. Until then what is sent the old way is lost, or, after a withdrawal, still arrives.
//! Queues before the second link of a way and later ones see messages in the order of their sending. Does not model: routers that know
//! different things (loops, the exploration of paths by BGP), policies, the protocols of the routers themselves; and what is under way
//! when a router fails still arrives.

use std::collections::BTreeMap;

use netsplit_node::{Duration, NodeId, Random, Time};

use super::topology::{Route, Topology};
use super::{Link, More};
use crate::error::LabError;
use crate::group::Group;
use crate::naming::NamingError;

/// Why messages are lost: the names of losses in a trace.
const BROKEN: &str = "a router or link on its way is down";
const NO_ROUTE: &str = "there is no route to its receiver";

/// What may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Router(usize),
    Link(usize),
    /// That a network can be reached is announced to the others.
    Announcement(usize),
}

/// What works.
#[derive(Clone, Debug, PartialEq)]
struct State {
    routers: Vec<bool>,
    links: Vec<bool>,
    announced: Vec<bool>,
}

impl State {
    fn place(&mut self, part: Part) -> &mut bool {
        match part {
            Part::Router(index) => &mut self.routers[index],
            Part::Link(index) => &mut self.links[index],
            Part::Announcement(index) => &mut self.announced[index],
        }
    }
}

/// A topology at work.
#[derive(Clone, Debug)]
pub(crate) struct Routing {
    topology: Topology,
    network_of: BTreeMap<NodeId, usize>,
    /// The two networks that each link joins, in order of the links.
    ends: Vec<(usize, usize)>,
    /// Both directions of each link, the one from its first end first.
    links: Vec<[Link; 2]>,
    /// What works, and what the routers believe to work.
    real: State,
    known: State,
    /// The next link from each network on the way to each other one, as the routers believe.
    next: Vec<Vec<Option<usize>>>,
}

impl Routing {
    pub(crate) fn new(topology: Topology) -> Result<Routing, LabError> {
        topology.check()?;
        let mut ends = Vec::new();
        for (one, other, _) in &topology.links {
            ends.push((topology.number_of(one)?, topology.number_of(other)?));
        }
        let links = topology.links.iter().map(|(.., profile)| [Link::new(*profile), Link::new(*profile)]);
        let links: Vec<_> = links.collect();
        let networks = topology.networks.len();
        let all_work = State {
            routers: vec![true; networks],
            links: vec![true; links.len()],
            announced: vec![true; networks],
        };
        let members = topology.networks.iter().enumerate();
        let network_of =
            members.flat_map(|(index, (_, group))| group.ids().iter().map(move |&id| (id, index))).collect();
        let (real, known) = (all_work.clone(), all_work);
        let mut routing = Routing { topology, network_of, ends, links, real, known, next: Vec::new() };
        routing.find_ways();
        Ok(routing)
    }

    pub(crate) fn convergence(&self) -> Duration {
        self.topology.convergence
    }

    pub(crate) fn needs_size(&self) -> bool {
        self.topology.links.iter().any(|(.., profile)| profile.needs_size())
    }

    /// Makes participants members of a network; a member of another one moves.
    pub(crate) fn attach(&mut self, name: &str, members: &Group) -> Result<(), NamingError> {
        let network = self.topology.number_of(name)?;
        members.ids().iter().for_each(|&id| _ = self.network_of.insert(id, network));
        Ok(())
    }

    pub(crate) fn router(&self, name: &str) -> Result<Part, NamingError> {
        self.topology.number_of(name).map(Part::Router)
    }

    pub(crate) fn announcement(&self, name: &str) -> Result<Part, NamingError> {
        self.topology.number_of(name).map(Part::Announcement)
    }

    /// The link between two networks; the first if there are several.
    pub(crate) fn link(&self, one: &str, other: &str) -> Result<Part, NamingError> {
        let (here, there) = (self.topology.number_of(one)?, self.topology.number_of(other)?);
        let index = self.ends.iter().position(|&ends| ends == (here, there) || ends == (there, here));
        index
            .map(Part::Link)
            .ok_or_else(|| NamingError::NoSuchLink { one: one.to_owned(), other: other.to_owned() })
    }

    /// What a part is called in the trace, and how it is.
    pub(crate) fn in_words(&self, part: Part, works: bool) -> String {
        let name = |network: usize| &self.topology.networks[network].0;
        match part {
            Part::Router(index) => {
                format!("router {} is {}", name(index), if works { "up" } else { "down" })
            }
            Part::Link(index) => {
                let (one, other) = self.ends[index];
                format!("link {} - {} is {}", name(one), name(other), if works { "up" } else { "down" })
            }
            Part::Announcement(index) => {
                format!("the route to {} is {}", name(index), if works { "announced" } else { "withdrawn" })
            }
        }
    }

    /// Lets a part fail, or work again. Returns whether it was otherwise before.
    pub(crate) fn set(&mut self, part: Part, works: bool) -> bool {
        std::mem::replace(self.real.place(part), works) != works
    }

    /// All routers learn how a part is. Returns whether they believed otherwise.
    pub(crate) fn learn(&mut self, part: Part, works: bool) -> bool {
        let is_new = std::mem::replace(self.known.place(part), works) != works;
        if is_new {
            self.find_ways();
        }
        is_new
    }

    /// Everything works, and all know it. Returns whether that is new.
    pub(crate) fn restore(&mut self) -> bool {
        let (networks, links) = (self.topology.networks.len(), self.links.len());
        let all_work = State {
            routers: vec![true; networks],
            links: vec![true; links],
            announced: vec![true; networks],
        };
        let is_new = self.real != all_work || self.known != all_work;
        (self.real, self.known) = (all_work.clone(), all_work);
        self.find_ways();
        is_new
    }

    /// Shortest paths to each network, by what the routers believe: the nearest network that has no way yet gets the one through its
    /// link (Dijkstra, 1959). Among equally long ways the one of fewer links, then the link that was named first.
    fn find_ways(&mut self) {
        let networks = self.topology.networks.len();
        self.next = vec![vec![None; networks]; networks];
        for to in 0..networks {
            if !self.known.routers[to] || !self.known.announced[to] {
                continue;
            }
            let mut reached: Vec<Option<(i64, usize)>> = vec![None; networks];
            reached[to] = Some((0, 0));
            while let Some((length, hops, link, from)) = self.shortest_step(&reached) {
                reached[from] = Some((length, hops));
                self.next[from][to] = Some(link);
            }
        }
    }

    /// The shortest way by one link from a network that is not reached to one that is: its length, its links, the link, the network.
    fn shortest_step(&self, reached: &[Option<(i64, usize)>]) -> Option<(i64, usize, usize, usize)> {
        let both_directions =
            |(link, &(one, other)): (usize, &(usize, usize))| [(link, one, other), (link, other, one)];
        let steps = self.ends.iter().enumerate().flat_map(both_directions);
        let usable = steps.filter(|&(link, from, _)| {
            self.known.links[link] && self.known.routers[from] && reached[from].is_none()
        });
        let ways = usable.filter_map(|(link, from, through)| {
            let (length, hops) = reached[through]?;
            let latency = self.links[link][0].profile.latency.typical();
            Some((length.saturating_add(latency.as_nanos()), hops + 1, link, from))
        });
        ways.min()
    }

    /// The networks of two participants, if they are in different ones.
    pub(crate) fn between(&self, from: NodeId, to: NodeId) -> Option<(usize, usize)> {
        let (here, there) = (*self.network_of.get(&from)?, *self.network_of.get(&to)?);
        (here != there).then_some((here, there))
    }

    /// What becomes of a message of `size` bytes on its way between two networks.
    pub(crate) fn cross(
        &mut self,
        now: Time,
        (from, to): (usize, usize),
        size: u64,
        random: &mut Random,
    ) -> More {
        let (mut all, mut at) = (More::default(), from);
        while at != to {
            let Some(link) = self.next[at][to] else {
                all.lost = Some(NO_ROUTE);
                return all;
            };
            let (one, other) = self.ends[link];
            let (direction, next) = if at == one { (0, other) } else { (1, one) };
            if !self.real.routers[at] || !self.real.links[link] || !self.real.routers[next] {
                all.lost = Some(BROKEN);
                return all;
            }
            let more = self.links[link][direction].cross(now + all.later, size, random);
            all.later = all.later + more.later;
            all.doubled |= more.doubled;
            all.corrupted |= more.corrupted;
            if more.lost.is_some() {
                all.lost = more.lost;
                return all;
            }
            at = next;
        }
        all
    }

    /// How long a copy takes the same way.
    pub(crate) fn cross_again(&self, (from, to): (usize, usize), random: &mut Random) -> Duration {
        let mut later = Duration::ZERO;
        self.walk((from, to), |link, _| later = later + self.links[link][0].profile.latency.draw(random));
        later
    }

    /// Calls `visit` with each link on the way and the network behind it. Returns whether the way arrives.
    fn walk(&self, (from, to): (usize, usize), mut visit: impl FnMut(usize, usize)) -> bool {
        let mut at = from;
        while at != to {
            let Some(link) = self.next[at][to] else { return false };
            let (one, other) = self.ends[link];
            at = if at == one { other } else { one };
            visit(link, at);
        }
        true
    }

    /// Whether there is a way, and everything on it is up.
    pub(crate) fn works(&self, from: NodeId, to: NodeId) -> bool {
        let route = self.route(from, to);
        !route.networks.is_empty() && !route.broken
    }

    /// The way from one participant to another.
    pub(crate) fn route(&self, from: NodeId, to: NodeId) -> Route {
        let none = Route { networks: Vec::new(), latency: Duration::ZERO, broken: false };
        let (Some(&here), Some(&there)) = (self.network_of.get(&from), self.network_of.get(&to)) else {
            return none;
        };
        let name = |network: usize| self.topology.networks[network].0.clone();
        let mut route = Route { networks: vec![name(here)], ..none.clone() };
        if here != there {
            route.broken = !self.real.routers[here];
        }
        let arrives = self.walk((here, there), |link, network| {
            route.networks.push(name(network));
            route.latency = route.latency + self.links[link][0].profile.latency.typical();
            route.broken |= !self.real.links[link] || !self.real.routers[network];
        });
        if arrives { route } else { none }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Latency, LinkProfile};
    use netsplit_node::ms;

    /// Some networks with some links of some length between them, in which some parts are down.
    fn random_routing(random: &mut Random) -> Routing {
        let networks = 2 + random.below(7) as usize;
        let mut topology = Topology::new(Duration::ZERO);
        for index in 0..networks {
            topology = topology.router(&format!("r{index}"));
        }
        for _ in 0..random.below(16) {
            let (one, other) = (random.below(networks as u64), random.below(networks as u64));
            if one != other {
                let profile = LinkProfile::new(Latency::Constant(ms(1 + random.below(9) as i64)));
                topology = topology.link(&format!("r{one}"), &format!("r{other}"), profile);
            }
        }
        let mut routing = Routing::new(topology).expect("it is one");
        for part in (0..networks).map(Part::Router).chain((0..routing.links.len()).map(Part::Link)) {
            if random.chance(0.15) {
                routing.set(part, false);
                routing.learn(part, false);
            }
        }
        for network in (0..networks).filter(|_| random.chance(0.1)) {
            routing.learn(Part::Announcement(network), false);
        }
        routing
    }

    /// The lengths of all shortest ways, by trying every network as a stop between (Floyd, 1962; Warshall, 1962).
    fn lengths(routing: &Routing) -> Vec<Vec<Option<i64>>> {
        let State { routers, links, announced } = &routing.known;
        let networks = routers.len();
        let mut lengths = vec![vec![None; networks]; networks];
        (0..networks).for_each(|network| lengths[network][network] = Some(0));
        let shorter = |old: Option<i64>, new: i64| Some(old.map_or(new, |old: i64| old.min(new)));
        for (link, &(one, other)) in routing.ends.iter().enumerate() {
            if links[link] && routers[one] && routers[other] {
                let length = routing.links[link][0].profile.latency.typical().as_nanos();
                lengths[one][other] = shorter(lengths[one][other], length);
                lengths[other][one] = shorter(lengths[other][one], length);
            }
        }
        for stop in 0..networks {
            for from in 0..networks {
                for to in 0..networks {
                    if let (Some(before), Some(after)) = (lengths[from][stop], lengths[stop][to]) {
                        lengths[from][to] = shorter(lengths[from][to], before + after);
                    }
                }
            }
        }
        for row in &mut lengths {
            (0..networks).filter(|&to| !announced[to]).for_each(|to| row[to] = None);
        }
        lengths
    }

    #[test]
    fn ways_are_the_shortest_that_there_are() {
        // Against another algorithm, on 500 random topologies with parts that are down; a way never leads through what is known to be down.
        let mut random = Random::new(1);
        let (mut with_way, mut without) = (0, 0);
        for _ in 0..500 {
            let routing = random_routing(&mut random);
            let lengths = lengths(&routing);
            for from in 0..lengths.len() {
                for to in (0..lengths.len()).filter(|&to| to != from) {
                    let mut length = Duration::ZERO;
                    let arrives = routing.walk((from, to), |link, network| {
                        length = length + routing.links[link][0].profile.latency.typical();
                        assert!(routing.known.links[link] && routing.known.routers[network]);
                    });
                    assert_eq!(
                        arrives.then(|| length.as_nanos()),
                        lengths[from][to],
                        "{:?}",
                        routing.topology
                    );
                    *(if arrives { &mut with_way } else { &mut without }) += 1;
                }
            }
        }
        assert!(with_way > 2_000 && without > 2_000, "{with_way} {without}");
    }

    #[test]
    fn what_is_learned_late_is_what_was_then() {
        // Down and up again before anybody knew: for a while they believe that it is down, and then that it is up.
        let topology = Topology::new(ms(1)).router("a").router("b").link("a", "b", LinkProfile::fibre(100));
        let mut routing = Routing::new(topology).expect("it is one");
        let link = routing.link("b", "a").expect("it is there, from either side");
        assert!(routing.set(link, false) && routing.set(link, true) && !routing.set(link, true));
        assert!(routing.learn(link, false));
        assert!(!routing.walk((0, 1), |_, _| {}));
        assert!(routing.learn(link, true) && !routing.learn(link, true));
        assert!(routing.walk((0, 1), |_, _| {}));
        assert!(!routing.restore(), "all is well already");
    }
}
