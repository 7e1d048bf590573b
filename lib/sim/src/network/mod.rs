//! The network: how long a message takes, and whether it arrives at all.
//!
//! Models: a latency per link and direction, drawn anew for each message (so messages overtake each other); rules that lose, delay,
//! double, hold back or corrupt the traffic they match or let it share a link, composed in the order in which they were made; cuts
//! between groups; networks with routers between them (`topology.rs`, `routing.rs`). A cut link carries nothing: what is under way when it
//! is cut is lost as well. What a message meets is the link of its own if it has one, else the routers' way, else that of the places,
//! else what all take. Does not model: packets (a message
//! arrives whole or not at all), acknowledgements and congestion control below the protocols.

mod bandwidth;
mod cut;
mod latency;
mod link;
mod region;
mod routing;
mod topology;
mod traffic;

use std::collections::BTreeMap;

use netsplit_node::trace::Cargo;
use netsplit_node::{Chance, Duration, NodeId, Random, Time};

use crate::error::LabError;
pub use bandwidth::Bandwidth;
pub(crate) use bandwidth::Pipe;
pub use cut::Cut;
pub(crate) use cut::Severed;
pub use latency::{Latency, Percentiles};
pub(crate) use link::Link;
pub use link::LinkProfile;
pub use region::Region;
pub(crate) use routing::{Part, Routing};
pub use topology::{Route, Topology};
pub use traffic::Traffic;

/// What a rule does to the traffic it matches.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// Lose it with this probability.
    Lose(Chance),
    /// Deliver it this much later.
    Delay(Duration),
    /// Deliver it twice with this probability.
    Duplicate(Chance),
    /// Hold it back with this probability, for up to so long.
    Reorder(Chance, Duration),
    /// Change it with this probability.
    Corrupt(Chance),
    /// Send it through a link that all of it shares.
    Share(Pipe),
    /// Lose it if it is larger than so many bytes.
    TooLarge(u64),
}

/// A rule that the network follows until it is removed. Handles are numbers: keep them as long as you like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule(pub(crate) u32);

#[derive(Clone, Debug)]
struct ActiveRule {
    id: Rule,
    traffic: Traffic,
    effect: Effect,
    /// How many more messages it applies to; nothing for all.
    remaining: Option<u32>,
}

impl ActiveRule {
    fn needs_size(&self) -> bool {
        self.traffic.larger_than.is_some() || matches!(self.effect, Effect::Share(_) | Effect::TooLarge(_))
    }
}

/// What becomes of one message.
pub(crate) enum Fate {
    /// It arrives.
    Arrives(Arrival),
    /// It is lost, for this reason.
    Lost(&'static str),
}

#[derive(Clone)]
pub(crate) struct Arrival {
    /// How long it is under way.
    pub(crate) after: Duration,
    /// How long a second copy is under way, if there is one.
    pub(crate) second: Option<Duration>,
    /// Whether it is changed on the way.
    pub(crate) corrupted: bool,
}

/// All links of a world.
#[derive(Clone)]
pub(crate) struct Network {
    latency: Latency,
    /// The links that are one's own, by sender and receiver.
    links: BTreeMap<(NodeId, NodeId), Link>,
    /// Where participants are, for those that were placed.
    places: BTreeMap<NodeId, Region>,
    rules: Vec<ActiveRule>,
    cuts: Vec<(Cut, Severed)>,
    /// Whether some rule asks for the sizes of messages.
    needs_sizes: bool,
    /// The networks and routers, if there are any.
    pub(crate) routing: Option<Box<Routing>>,
    /// Tells what a former topology's routers would learn from what these learn.
    pub(crate) routing_era: u32,
    /// Whether some ways are not like all others: links of their own, places, routers.
    has_links: bool,
    next_rule: u32,
    next_cut: u32,
    /// The network's own stream: the nodes' draws do not shift it.
    random: Random,
}

impl Network {
    pub(crate) fn new(latency: Latency, random: Random) -> Network {
        Network {
            latency,
            links: BTreeMap::new(),
            places: BTreeMap::new(),
            rules: Vec::new(),
            cuts: Vec::new(),
            needs_sizes: false,
            routing: None,
            routing_era: 0,
            has_links: false,
            next_rule: 0,
            next_cut: 0,
            random,
        }
    }

    pub(crate) fn set_routing(&mut self, routing: Routing) {
        self.routing = Some(Box::new(routing));
        self.routing_era += 1;
        self.look_again();
    }

    /// The way from one participant to another.
    pub(crate) fn route_between(&self, from: NodeId, to: NodeId) -> Route {
        match &self.routing {
            Some(routing) => routing.route(from, to),
            None => Route { networks: Vec::new(), latency: Duration::ZERO, broken: false },
        }
    }

    /// One latency for all links, also those that had one of their own; places and routers are gone.
    pub(crate) fn set_latency(&mut self, latency: Latency) {
        self.latency = latency;
        self.links.clear();
        self.places.clear();
        self.routing = None;
        self.look_again();
    }

    /// Gives what `from` sends to `to` a link of its own.
    pub(crate) fn set_link(&mut self, from: NodeId, to: NodeId, profile: LinkProfile) {
        self.links.insert((from, to), Link::new(profile));
        self.look_again();
    }

    /// The link of what `from` sends to `to`.
    pub(crate) fn link(&self, from: NodeId, to: NodeId) -> LinkProfile {
        let own = self.links.get(&(from, to)).map(|link| link.profile);
        own.unwrap_or_else(|| LinkProfile::new(self.latency_between(from, to)))
    }

    /// Puts a participant somewhere: what it and others that were placed send each other takes the time of the way.
    pub(crate) fn place(&mut self, id: NodeId, region: Region) {
        self.places.insert(id, region);
        self.look_again();
    }

    /// What the way takes where no link is of its own.
    fn latency_between(&self, from: NodeId, to: NodeId) -> Latency {
        match (self.places.get(&from), self.places.get(&to)) {
            (Some(here), Some(there)) => here.latency_to(there),
            _ => self.latency,
        }
    }

    /// What becomes of a message on its way, before any rule.
    #[inline(never)]
    fn cross(&mut self, now: Time, (from, to): (NodeId, NodeId), size: u64) -> More {
        if let Some(link) = self.links.get_mut(&(from, to)) {
            return link.cross(now, size, &mut self.random);
        }
        if let Some(routing) = &mut self.routing
            && let Some(networks) = routing.between(from, to)
        {
            return routing.cross(now, networks, size, &mut self.random);
        }
        let latency = self.latency_between(from, to);
        More { later: latency.draw(&mut self.random), ..More::default() }
    }

    /// How long a second copy is under way.
    #[cold]
    fn cross_again(&mut self, from: NodeId, to: NodeId) -> Duration {
        if !self.links.contains_key(&(from, to))
            && let Some(routing) = &self.routing
            && let Some(networks) = routing.between(from, to)
        {
            return routing.cross_again(networks, &mut self.random);
        }
        self.link(from, to).latency.draw(&mut self.random)
    }

    /// What routing has to ask for, after a change.
    fn look_again(&mut self) {
        self.has_links = !self.links.is_empty() || !self.places.is_empty() || self.routing.is_some();
        self.needs_sizes = self.rules.iter().any(ActiveRule::needs_size)
            || self.links.values().any(|link| link.profile.needs_size())
            || self.routing.as_ref().is_some_and(|routing| routing.needs_size());
    }

    /// Whether routing asks for the sizes of messages.
    #[inline(always)]
    pub(crate) fn needs_sizes(&self) -> bool {
        self.needs_sizes
    }

    /// Decides a message's fate.
    #[inline(always)]
    pub(crate) fn route(&mut self, now: Time, from: NodeId, to: NodeId, cargo: Cargo, size: u64) -> Fate {
        if self.is_cut(from, to) {
            return Fate::Lost("the link is cut");
        }
        let (mut doubled, mut corrupted, mut used_up, mut lost) = (false, false, false, None);
        let mut after;
        if self.has_links {
            let more = self.cross(now, (from, to), size);
            if let Some(reason) = more.lost {
                return Fate::Lost(reason);
            }
            (after, doubled, corrupted) = (more.later, more.doubled, more.corrupted);
        } else {
            after = self.latency.draw(&mut self.random);
        }
        for rule in &mut self.rules {
            if !rule.traffic.includes(from, to, cargo, size) {
                continue;
            }
            if let Some(remaining) = &mut rule.remaining {
                if *remaining == 0 {
                    continue;
                }
                *remaining -= 1;
                used_up |= *remaining == 0;
            }
            if let Effect::Lose(chance) = rule.effect {
                if chance.happens(&mut self.random) {
                    lost = Some(LOST);
                    break;
                }
                continue;
            }
            // Apart, so that what is seldom needed costs the others nothing.
            let more = rule.effect.act(now, size, &mut self.random);
            after = after + more.later;
            doubled |= more.doubled;
            corrupted |= more.corrupted;
            lost = more.lost;
            if lost.is_some() {
                break;
            }
        }
        if used_up {
            self.rules.retain(|rule| rule.remaining != Some(0));
        }
        if let Some(reason) = lost {
            return Fate::Lost(reason);
        }
        let second = if doubled { Some(self.cross_again(from, to)) } else { None };
        Fate::Arrives(Arrival { after, second, corrupted })
    }

    /// Whether nothing gets from `from` to `to` at the moment.
    #[inline(always)]
    pub(crate) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        !self.cuts.is_empty() && self.cuts.iter().any(|(_, severed)| severed.severs(from, to))
    }

    /// Whether something sent from `from` would find its way to `to` at the moment, rules apart.
    pub(crate) fn reaches(&self, from: NodeId, to: NodeId) -> bool {
        let has_way = || match &self.routing {
            Some(routing) if routing.between(from, to).is_some() => routing.works(from, to),
            _ => true,
        };
        !self.is_cut(from, to) && (self.links.contains_key(&(from, to)) || has_way())
    }

    /// How far it is from one to the other, in time: what a message typically takes.
    pub(crate) fn distance(&self, from: NodeId, to: NodeId) -> Duration {
        match &self.routing {
            Some(routing) if !self.links.contains_key(&(from, to)) && routing.between(from, to).is_some() => {
                routing.route(from, to).latency
            }
            _ => self.link(from, to).latency.typical(),
        }
    }

    pub(crate) fn add_rule(&mut self, traffic: Traffic, effect: Effect, remaining: Option<u32>) -> Rule {
        let id = Rule(self.next_rule);
        self.next_rule += 1;
        self.rules.push(ActiveRule { id, traffic, effect, remaining });
        self.look_again();
        id
    }

    /// Ends a rule; one that has ended already stays ended. Returns what it did, if it was one without a number of messages.
    pub(crate) fn remove_rule(&mut self, id: Rule) -> Option<(Traffic, Effect)> {
        let index = self.rules.iter().position(|rule| rule.id == id)?;
        let ActiveRule { traffic, effect, remaining, .. } = self.rules.remove(index);
        self.look_again();
        remaining.is_none().then_some((traffic, effect))
    }

    /// The rules that hold, with what they do to which messages.
    pub(crate) fn rules_in_force(&self) -> impl Iterator<Item = (Rule, &Traffic, &Effect)> {
        self.rules.iter().map(|rule| (rule.id, &rule.traffic, &rule.effect))
    }

    /// The rules that hold.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        self.rules.iter().map(|rule| rule.id).collect()
    }

    /// The number of the next cut.
    pub(crate) fn reserve_cut(&mut self) -> Cut {
        let id = Cut(self.next_cut);
        self.next_cut += 1;
        id
    }

    pub(crate) fn cut(&mut self, id: Cut, severed: Severed) {
        self.cuts.push((id, severed));
    }

    /// Heals a cut. Returns whether it was open; one that was never made is an error.
    pub(crate) fn heal(&mut self, id: Cut) -> Result<bool, LabError> {
        if id.0 >= self.next_cut {
            return Err(LabError::NoSuchCut { cut: id.0 });
        }
        let before = self.cuts.len();
        self.cuts.retain(|(cut, _)| *cut != id);
        Ok(self.cuts.len() < before)
    }

    /// The cuts that are open.
    pub(crate) fn open_cuts(&self) -> Vec<Cut> {
        self.cuts.iter().map(|(cut, _)| *cut).collect()
    }
}

/// What a link, or a rule other than loss, does to one message.
#[derive(Default)]
pub(crate) struct More {
    later: Duration,
    doubled: bool,
    corrupted: bool,
    lost: Option<&'static str>,
}

/// Why messages are lost: the names of losses in a trace.
const LOST: &str = "lost by the network";
const QUEUE_FULL: &str = "the queue of the link is full";
const TOO_LARGE: &str = "too large for the link";

/// A probability to a ten-thousandth of a percent.
pub(crate) fn percent(chance: Chance) -> String {
    format!("{}%", (chance.as_f64() * 1e6).round() / 1e4)
}

impl Effect {
    #[inline(never)]
    fn act(&mut self, now: Time, size: u64, random: &mut Random) -> More {
        let mut more = More::default();
        match self {
            Effect::Lose(chance) => more.lost = chance.happens(random).then_some(LOST),
            Effect::Delay(by) => more.later = *by,
            Effect::Duplicate(chance) => more.doubled = chance.happens(random),
            Effect::Reorder(chance, by) => {
                if chance.happens(random) {
                    more.later = random.between(Duration::ZERO, *by);
                }
            }
            Effect::Corrupt(chance) => more.corrupted = chance.happens(random),
            Effect::Share(pipe) => match pipe.pass(now, size) {
                Some(time) => more.later = time,
                None => more.lost = Some(QUEUE_FULL),
            },
            Effect::TooLarge(bytes) => more.lost = (size > *bytes).then_some(TOO_LARGE),
        }
        more
    }
}
