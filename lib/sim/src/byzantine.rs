//! Nodes that lie: what a byzantine node does besides, or instead of, what its code says.
//!
//! A byzantine node may do anything; these are the ways from which the attacks of the literature are made. It stays within the
//! signing model: it signs as nobody but itself ([`Context::sign`](netsplit_node::Context::sign)), and what it forges on the way out carries signatures that no longer fit.
//!
//! | behaviour | attack |
//! |---|---|
//! | [`Twins`](Behaviour::Twins) | equivocation: two nodes with one identity, each telling others something else (Bano and others, "Twins: BFT systems made robust", 2021) |
//! | [`Forging`](Behaviour::Forging) | messages with other content, made by the protocol's own mutator |
//! | [`Silent`](Behaviour::Silent), [`SilentTo`](Behaviour::SilentTo), [`Late`](Behaviour::Late) | withholding, from all or from some, for ever or for a while |
//! | [`Replaying`](Behaviour::Replaying) | an old message sent again |

use std::collections::VecDeque;

use netsplit_node::trace::EventKind;
use netsplit_node::{Duration, NodeId, Slot};

use crate::group::Group;
use crate::participants::{Participant, Role};
use crate::world::{World, kind};

/// How many of its messages a replaying node remembers.
const REMEMBERED: usize = 16;

/// How a node behaves beside its code.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Behaviour {
    /// As its code says.
    #[default]
    Honest,
    /// It sends nothing.
    Silent,
    /// It sends these nodes nothing.
    SilentTo(Group),
    /// What it sends leaves so much later.
    Late(Duration),
    /// With this probability each message is changed by the cluster's mutator ([`Cluster::set_mutator`](crate::Cluster::set_mutator)),
    /// each answer and each request by their service's.
    Forging(f64),
    /// With this probability each message is followed by a copy of an earlier one, to the same receiver. Not requests and answers.
    Replaying(f64),
    /// It has a twin: a second node that began when this was injected, with a copy of its disk and the same identity. These nodes
    /// talk with the twin, all others with the first; neither they nor the two notice.
    Twins(Group),
}

/// What a liar needs to remember.
#[derive(Clone, Default)]
pub(crate) struct Liar {
    pub(crate) behaviour: Behaviour,
    /// Copies of messages that it sent.
    sent: VecDeque<Slot>,
}

/// A node that stands for another one.
#[derive(Clone)]
pub(crate) struct Twin {
    pub(crate) twin: NodeId,
    /// Who talks with it.
    with: Group,
}

/// What becomes of a message on its way out of a liar.
pub(crate) enum Lie {
    Send(Slot),
    Withhold(Slot),
    Later(Slot, Duration),
    /// The message, and another one after it.
    Twice(Slot, Slot),
}

impl World {
    pub(crate) fn misbehave(&mut self, node: NodeId, behaviour: &Behaviour) {
        if let Some(twin) = self.twins.remove(&node) {
            self.crash(twin.twin, "the twin is gone", crate::recorder::FROM_OUTSIDE);
            self.refresh_extras();
        }
        let special = self.special(node);
        special.liar.behaviour = behaviour.clone();
        let remembered = std::mem::take(&mut special.liar.sent);
        for slot in remembered {
            self.population_of(node).release(slot);
        }
        if let Behaviour::Twins(with) = behaviour {
            self.add_twin(node, with.clone());
        }
    }

    /// Starts a second node with the identity and the disk of `node`.
    fn add_twin(&mut self, node: NodeId, with: Group) {
        let Role::Member { cluster, .. } = self.participants[node.0 as usize].role else { return };
        let twin = NodeId(self.participants.len() as u32);
        let state = &mut self.clusters[cluster as usize];
        let member = state.population.join(node) as u32;
        let random = self.stream_of(twin.0, 0);
        let mut participant =
            Participant::new(Role::Member { cluster, member }, random, self.identity_of(node));
        participant.belongings.disk = self.participants[node.0 as usize].belongings.disk.clone();
        participant.special.get_or_insert_default().stands_for = Some(node);
        self.participants.push(participant);
        self.twins.insert(node, Twin { twin, with });
        self.refresh_extras();
        let _nodes_run = crate::handler_panic::NodesRun::begin();
        self.start(twin, false);
    }

    /// The one who really gets what `from` sends to `to`.
    #[inline]
    pub(crate) fn really(&self, from: NodeId, to: NodeId) -> NodeId {
        match self.twins.get(&to) {
            Some(twin) if twin.with.contains(self.apparent(from)) => twin.twin,
            _ => to,
        }
    }

    /// Whether `from` is one of two twins, and the other one is who talks with `to`.
    pub(crate) fn is_the_other_twin_s(&self, from: NodeId, to: NodeId) -> bool {
        self.twins.get(&self.apparent(from)).is_some_and(|twin| twin.with.contains(to) != (twin.twin == from))
    }

    /// Whom others take `id` for.
    #[inline]
    pub(crate) fn apparent(&self, id: NodeId) -> NodeId {
        let special = self.participants[id.0 as usize].special.as_ref();
        special.and_then(|special| special.stands_for).unwrap_or(id)
    }

    /// What a liar makes of the message that its code sends to `to`.
    #[cold]
    pub(crate) fn lie(&mut self, node: NodeId, to: NodeId, message: Slot) -> Lie {
        let behaviour = self.special(node).liar.behaviour.clone();
        match behaviour {
            Behaviour::Honest | Behaviour::Twins(_) => Lie::Send(message),
            Behaviour::Silent => Lie::Withhold(message),
            Behaviour::SilentTo(nodes) if nodes.contains(to) => Lie::Withhold(message),
            Behaviour::SilentTo(_) => Lie::Send(message),
            Behaviour::Late(by) => Lie::Later(message, by),
            Behaviour::Forging(probability) => {
                let random = &mut self.fault_random;
                if random.chance(probability) {
                    let mut random = random.clone();
                    self.population_of(node).mutate(message, &mut random);
                    self.fault_random = random;
                    self.tell_of_forgery(node, to);
                }
                Lie::Send(message)
            }
            Behaviour::Replaying(probability) => self.replay_message(node, message, probability),
        }
    }

    /// What a liar makes of a request or an answer of its code. Returns how much later it leaves; nothing if it is withheld.
    #[cold]
    pub(crate) fn lie_in_call(&mut self, (node, to): (NodeId, NodeId), parcel: Slot) -> Option<Duration> {
        match self.special(node).liar.behaviour.clone() {
            Behaviour::Silent => return None,
            Behaviour::SilentTo(nodes) if nodes.contains(to) => return None,
            Behaviour::Late(by) => return Some(by),
            Behaviour::Forging(probability) => {
                let mut random = self.fault_random.clone();
                let forges =
                    random.chance(probability) && self.mutate_parcel((node, to), parcel, &mut random);
                self.fault_random = random;
                if forges {
                    self.tell_of_forgery(node, to);
                }
            }
            Behaviour::SilentTo(_) | Behaviour::Honest | Behaviour::Replaying(_) | Behaviour::Twins(_) => {}
        }
        Some(Duration::ZERO)
    }

    fn tell_of_forgery(&mut self, node: NodeId, to: NodeId) {
        self.record(kind::FAULT, (node, Some(to)), crate::recorder::FROM_OUTSIDE, |_| EventKind::Fault {
            node,
            text: format!("forges its message to {to}"),
        });
    }

    fn replay_message(&mut self, node: NodeId, message: Slot, probability: f64) -> Lie {
        let copy = self.population_of(node).copy(message);
        let mut sent = std::mem::take(&mut self.special(node).liar.sent);
        let again = self.fault_random.chance(probability) && !sent.is_empty();
        let old = again.then(|| {
            let chosen = sent[self.fault_random.below(sent.len() as u64) as usize];
            self.population_of(node).copy(chosen)
        });
        sent.push_back(copy);
        if sent.len() > REMEMBERED
            && let Some(forgotten) = sent.pop_front()
        {
            self.population_of(node).release(forgotten);
        }
        self.special(node).liar.sent = sent;
        old.map_or(Lie::Send(message), |old| Lie::Twice(message, old))
    }
}
