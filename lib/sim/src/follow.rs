//! How a world follows a schedule: each message is counted on its way, and takes what the schedule has for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use netsplit_node::{NodeId, Random, Slot, Time};

use crate::error::{LabError, forwards};
use crate::network::{Arrival, Fate};
use crate::queue::Coming;
use crate::schedule::Job;
use crate::shrink::{Delivery, Firing, MessageKey, Others, Schedule};
use crate::world::World;

/// A schedule that is being followed, and how far it has come.
#[derive(Clone, Default)]
pub(crate) struct Following {
    pub(crate) schedule: Schedule,
    /// The same for messages that are named by when they are sent, where a shrinker tries what becomes of them.
    pub(crate) by_time: Option<Arc<BTreeMap<Sending, Delivery>>>,
    /// How many messages there were on each way, the time of the last, and how many of them at that time.
    sent: BTreeMap<(NodeId, NodeId), (u32, Time, u32)>,
    steps: BTreeMap<NodeId, u32>,
    /// How many timers of the schedule have fired.
    pub(crate) fired: u32,
    /// What became of each message and which timers fired, where somebody wants to know it.
    pub(crate) routed: Option<Routes>,
}

/// What became of all messages, and which timers fired.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    pub(crate) messages: Vec<Routed>,
    pub(crate) fired: Vec<Firing>,
}

/// A message by when it is sent: that stays as it is when other messages are not sent any more, and its number does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sending {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) at: Time,
    /// Its place among those on this way at this time, from 0.
    pub(crate) place: u32,
}

/// A message that is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) key: MessageKey,
    pub(crate) sending: Sending,
}

/// What became of a message when it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Routed {
    pub(crate) key: MessageKey,
    pub(crate) sending: Sending,
    /// Nothing if its link was cut.
    pub(crate) delivery: Option<Delivery>,
}

impl Following {
    /// The first message of the schedule that was not sent, if one was not.
    pub(crate) fn unsent(&self) -> Option<MessageKey> {
        let sent = |key: &MessageKey| self.sent.get(&(key.from, key.to)).map_or(0, |(number, ..)| *number);
        self.schedule.messages.keys().find(|key| sent(key) < key.number).copied()
    }

    fn count(&mut self, from: NodeId, to: NodeId, now: Time) -> Counted {
        let (number, last, place) = self.sent.entry((from, to)).or_insert((0, Time::MAX, 0));
        *place = if *last == now { *place + 1 } else { 0 };
        (*number, *last) = (*number + 1, now);
        let key = MessageKey { from, to, number: *number };
        Counted { key, sending: Sending { from, to, at: now, place: *place } }
    }

    fn delivery_of(&self, counted: Counted) -> Option<Delivery> {
        let named = match &self.by_time {
            Some(by_time) => by_time.get(&counted.sending).cloned(),
            None => self.schedule.messages.get(&counted.key).cloned(),
        };
        named.or(match self.schedule.others {
            Others::Drawn => None,
            Others::Lost => Some(Delivery::lost()),
            Others::After(time) => Some(Delivery::after(time)),
        })
    }
}

/// Why a message is lost that a schedule does not let arrive.
const NOT_SCHEDULED: &str = "lost, by the schedule";

impl World {
    /// From now on the schedule says what becomes of messages, timers and random choices. Messages count from now.
    pub(crate) fn follow_schedule(&mut self, schedule: Schedule) -> Result<(), LabError> {
        for delivery in schedule.messages.values() {
            delivery
                .after
                .iter()
                .try_for_each(|&time| forwards("how long a message takes", time).map(|_| ()))?;
        }
        if let Others::After(time) = schedule.others {
            forwards("how long a message takes", time)?;
        }
        for (number, firing) in schedule.timers.iter().flatten().enumerate() {
            self.schedule(firing.at, Job::Fire(number as u32));
        }
        let (routed, by_time) = self.following.take().map_or((None, None), |it| (it.routed, it.by_time));
        self.following = Some(Box::new(Following { schedule, routed, by_time, ..Following::default() }));
        self.refresh_extras();
        Ok(())
    }

    /// From now on what becomes of each message is kept.
    pub(crate) fn keep_routes(&mut self) {
        self.following.get_or_insert_default().routed = Some(Routes::default());
        self.refresh_extras();
    }

    /// Counts a message that is about to be sent, where somebody counts.
    pub(crate) fn count_message(&mut self, from: NodeId, to: NodeId) -> Option<Counted> {
        let now = self.now;
        self.following.as_mut().map(|following| following.count(from, to, now))
    }

    /// What the schedule has for a message, if it has something and the link is whole.
    pub(crate) fn scheduled(&self, counted: Option<Counted>, is_cut: bool) -> Option<Delivery> {
        if is_cut {
            return None;
        }
        self.following.as_ref()?.delivery_of(counted?)
    }

    /// Keeps what becomes of a message, if that is wanted.
    pub(crate) fn keep_route(
        &mut self,
        counted: Option<Counted>,
        delivery: impl FnOnce() -> Option<Delivery>,
    ) {
        if let (Some(Counted { key, sending }), Some(routed)) =
            (counted, self.following.as_mut().and_then(|it| it.routed.as_mut()))
        {
            routed.messages.push(Routed { key, sending, delivery: delivery() });
        }
    }

    /// The delivery that a fate is; nothing if the link is cut.
    pub(crate) fn delivery_by(fate: &Fate, is_cut: bool) -> Option<Delivery> {
        match fate {
            _ if is_cut => None,
            Fate::Lost(_) => Some(Delivery::lost()),
            Fate::Arrives(Arrival { after, second, corrupted }) => Some(Delivery {
                after: std::iter::once(*after).chain(*second).collect(),
                corrupted: *corrupted,
            }),
        }
    }

    /// The fate that a delivery is; what arrives more than twice is not among it.
    pub(crate) fn fate_of(delivery: &Delivery) -> Fate {
        match delivery.after.first() {
            None => Fate::Lost(NOT_SCHEDULED),
            Some(&after) => {
                let second = delivery.after.get(1).copied();
                Fate::Arrives(Arrival { after, second, corrupted: delivery.corrupted })
            }
        }
    }

    /// Keeps that a timer fires, if that is wanted.
    #[cold]
    pub(crate) fn keep_firing(&mut self, node: NodeId, timer: Slot) {
        if self.following.as_ref().is_none_or(|following| following.routed.is_none()) {
            return;
        }
        let timer = self.population_of(node).describe_timer(timer);
        let at = self.now;
        if let Some(routed) = self.following.as_mut().and_then(|following| following.routed.as_mut()) {
            routed.fired.push(Firing { at, node, timer });
        }
    }

    /// Whether timers fire when a schedule says so, and not when they were set to.
    pub(crate) fn timers_are_scheduled(&self) -> bool {
        self.following.as_ref().is_some_and(|following| following.schedule.timers.is_some())
    }

    /// A timer of the schedule fires, if it is set at this moment.
    pub(crate) fn fire_scheduled(&mut self, number: u32) {
        let firings = self.following.as_ref().and_then(|following| following.schedule.timers.as_ref());
        let Some(firing) = firings.and_then(|firings| firings.get(number as usize)).cloned() else { return };
        let Some(participant) = self.participants.get(firing.node.0 as usize) else { return };
        let pending: Vec<(Slot, u64)> = participant.timers.clone();
        let population = self.population_of(firing.node);
        let found = pending.iter().find(|(timer, _)| population.describe_timer(*timer) == firing.timer);
        if let Some(&(_, order)) = found {
            if let Some(following) = &mut self.following {
                following.fired += 1;
            }
            self.dispatch(Coming::Timer { node: firing.node, order });
        }
    }

    /// Before a step: the way that its random numbers go, if the schedule says it.
    #[cold]
    pub(crate) fn choose_as_scheduled(&mut self, node: NodeId) {
        let Some(following) = &mut self.following else { return };
        let Some(choices) = &following.schedule.choices else { return };
        let step = following.steps.entry(node).or_default();
        *step += 1;
        let way = choices.get(&(node, *step)).copied().unwrap_or(0);
        self.participants[node.0 as usize].belongings.random = Random::branch(way);
    }
}
