//! The network: how long a message takes, and whether it arrives at all.
//!
//! Models: a latency per link and direction, drawn anew for each message (so messages overtake each other); rules that lose,
//! delay or double the traffic they match, composed in the order in which they were made; cuts between groups. A cut link carries
//! nothing: what is under way when it is cut is lost as well. Does not model yet: bandwidth, queues, corruption.

use std::collections::BTreeMap;

use netsplit_node::trace::Cargo;
use netsplit_node::{Chance, Duration, NodeId, Random, ns};

use crate::error::{LabError, forwards};
use crate::group::Group;

/// How long a message is under way, drawn anew for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Always the same.
    Constant(Duration),
    /// From the first up to and including the second, each nanosecond equally likely.
    Uniform(Duration, Duration),
}

impl Latency {
    pub(crate) fn validated(self) -> Result<Latency, LabError> {
        match self {
            Latency::Constant(time) => forwards("a latency", time)?,
            Latency::Uniform(least, most) if least > most => {
                return Err(LabError::EmptyRange { least, most });
            }
            Latency::Uniform(least, _) => forwards("a latency", least)?,
        };
        Ok(self)
    }

    #[inline(always)]
    fn draw(self, random: &mut Random) -> Duration {
        match self {
            Latency::Constant(time) => time,
            Latency::Uniform(least, most) => {
                let width = most.as_nanos().abs_diff(least.as_nanos()).saturating_add(1);
                ns(least.as_nanos() + random.below(width) as i64)
            }
        }
    }
}

/// Which messages a rule is about: all, unless narrowed.
///
/// ```
/// use netsplit_sim::Traffic;
/// let replies = Traffic::all().replies();
/// assert_eq!(replies.to_string(), "replies");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    from: Option<Group>,
    to: Option<Group>,
    cargo: Option<Cargo>,
}

impl Traffic {
    /// Everything that is sent.
    pub fn all() -> Traffic {
        Traffic::default()
    }

    /// Only what these participants send.
    pub fn from(mut self, senders: impl Into<Group>) -> Traffic {
        self.from = Some(senders.into());
        self
    }

    /// Only what is sent to these participants.
    pub fn to(mut self, receivers: impl Into<Group>) -> Traffic {
        self.to = Some(receivers.into());
        self
    }

    /// Only requests of calls.
    pub fn requests(mut self) -> Traffic {
        self.cargo = Some(Cargo::Request);
        self
    }

    /// Only answers to calls.
    pub fn replies(mut self) -> Traffic {
        self.cargo = Some(Cargo::Response);
        self
    }

    /// Only messages of the protocol itself, neither requests nor answers.
    pub fn messages(mut self) -> Traffic {
        self.cargo = Some(Cargo::Message);
        self
    }

    #[inline(always)]
    fn includes(&self, from: NodeId, to: NodeId, cargo: Cargo) -> bool {
        self.cargo.is_none_or(|only| only == cargo)
            && self.from.as_ref().is_none_or(|senders| senders.contains(from))
            && self.to.as_ref().is_none_or(|receivers| receivers.contains(to))
    }
}

impl std::fmt::Display for Traffic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.cargo {
            None => "traffic",
            Some(Cargo::Message) => "messages",
            Some(Cargo::Request) => "requests",
            Some(Cargo::Response) => "replies",
        })?;
        if let Some(senders) = &self.from {
            write!(f, " from {senders}")?;
        }
        if let Some(receivers) = &self.to {
            write!(f, " to {receivers}")?;
        }
        Ok(())
    }
}

/// What a rule does to the traffic it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Lose it with this probability.
    Lose(Chance),
    /// Deliver it this much later.
    Delay(Duration),
    /// Deliver it twice with this probability.
    Duplicate(Chance),
}

/// A rule that the network follows until it is removed. Handles are numbers: keep them as long as you like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule(pub(crate) u32);

/// A cut of some links, until it is healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cut(pub(crate) u32);

#[derive(Clone, Debug)]
struct ActiveRule {
    id: Rule,
    traffic: Traffic,
    action: Action,
    /// How many more messages it applies to; nothing for all.
    remaining: Option<u32>,
}

#[derive(Clone, Debug)]
struct ActiveCut {
    id: Cut,
    /// The group of each participant by number, 0 for none.
    group_of: Vec<u16>,
    one_way: bool,
    /// Whether those in no group are cut off from those in one.
    from_everyone: bool,
}

impl ActiveCut {
    #[inline]
    fn separates(&self, from: NodeId, to: NodeId) -> bool {
        let group = |id: NodeId| self.group_of.get(id.0 as usize).copied().unwrap_or(0);
        let (sender, receiver) = (group(from), group(to));
        if self.one_way {
            return sender == 1 && receiver == 2;
        }
        sender != receiver && (self.from_everyone || (sender != 0 && receiver != 0))
    }
}

/// What becomes of one message.
pub(crate) enum Fate {
    /// It arrives after so long, and perhaps a second time.
    Arrives(Duration, Option<Duration>),
    /// It is lost, for this reason.
    Lost(&'static str),
}

/// All links of a world.
pub(crate) struct Network {
    latency: Latency,
    links: BTreeMap<(NodeId, NodeId), Latency>,
    rules: Vec<ActiveRule>,
    cuts: Vec<ActiveCut>,
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
            rules: Vec::new(),
            cuts: Vec::new(),
            next_rule: 0,
            next_cut: 0,
            random,
        }
    }

    pub(crate) fn set_latency(&mut self, latency: Latency) {
        self.latency = latency;
        self.links.clear();
    }

    pub(crate) fn set_link(&mut self, from: NodeId, to: NodeId, latency: Latency) {
        self.links.insert((from, to), latency);
    }

    /// Decides a message's fate.
    #[inline(always)]
    pub(crate) fn route(&mut self, from: NodeId, to: NodeId, cargo: Cargo) -> Fate {
        if self.is_cut(from, to) {
            return Fate::Lost("the link is cut");
        }
        let mut latency = self.latency;
        if !self.links.is_empty() {
            latency = self.links.get(&(from, to)).copied().unwrap_or(latency);
        }
        let mut time = latency.draw(&mut self.random);
        let mut doubled = false;
        let mut used_up = false;
        for rule in &mut self.rules {
            if !rule.traffic.includes(from, to, cargo) {
                continue;
            }
            if let Some(remaining) = &mut rule.remaining {
                if *remaining == 0 {
                    continue;
                }
                *remaining -= 1;
                used_up |= *remaining == 0;
            }
            match rule.action {
                Action::Lose(chance) => {
                    if chance.happens(&mut self.random) {
                        if used_up {
                            self.rules.retain(|rule| rule.remaining != Some(0));
                        }
                        return Fate::Lost("lost by the network");
                    }
                }
                Action::Delay(by) => time = time + by,
                Action::Duplicate(chance) => doubled |= chance.happens(&mut self.random),
            }
        }
        if used_up {
            self.rules.retain(|rule| rule.remaining != Some(0));
        }
        let second = doubled.then(|| latency.draw(&mut self.random));
        Fate::Arrives(time, second)
    }

    /// Whether nothing gets from `from` to `to` at the moment.
    #[inline(always)]
    pub(crate) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        !self.cuts.is_empty() && self.cuts.iter().any(|cut| cut.separates(from, to))
    }

    pub(crate) fn add_rule(&mut self, traffic: Traffic, action: Action, remaining: Option<u32>) -> Rule {
        let id = Rule(self.next_rule);
        self.next_rule += 1;
        self.rules.push(ActiveRule { id, traffic, action, remaining });
        id
    }

    /// Ends a rule; one that has ended already stays ended.
    pub(crate) fn remove_rule(&mut self, id: Rule) {
        self.rules.retain(|rule| rule.id != id);
    }

    /// Cuts the links between members of different `groups`.
    pub(crate) fn partition(&mut self, groups: &[Group]) -> Cut {
        self.cut(groups, false, false)
    }

    /// Cuts everything between `group` and the rest of the world.
    pub(crate) fn isolate(&mut self, group: &Group) -> Cut {
        self.cut(std::slice::from_ref(group), false, true)
    }

    /// Cuts what `from` sends to `to`; the other direction works on.
    pub(crate) fn cut_one_way(&mut self, from: &Group, to: &Group) -> Cut {
        self.cut(&[from.clone(), to.clone()], true, false)
    }

    fn cut(&mut self, groups: &[Group], one_way: bool, from_everyone: bool) -> Cut {
        let id = Cut(self.next_cut);
        self.next_cut += 1;
        let mut group_of = Vec::new();
        for (group, number) in groups.iter().zip(1u16..) {
            for member in group.ids() {
                let index = member.0 as usize;
                if group_of.len() <= index {
                    group_of.resize(index + 1, 0);
                }
                group_of[index] = number;
            }
        }
        self.cuts.push(ActiveCut { id, group_of, one_way, from_everyone });
        id
    }

    /// Heals a cut. Returns whether it was open; one that was never made is an error.
    pub(crate) fn heal(&mut self, id: Cut) -> Result<bool, LabError> {
        if id.0 >= self.next_cut {
            return Err(LabError::NoSuchCut { cut: id.0 });
        }
        let before = self.cuts.len();
        self.cuts.retain(|cut| cut.id != id);
        Ok(self.cuts.len() < before)
    }

    /// The cuts that are open.
    pub(crate) fn open_cuts(&self) -> Vec<Cut> {
        self.cuts.iter().map(|cut| cut.id).collect()
    }
}
