//! Carrying out what a step asked for, in the order asked for.

use std::collections::VecDeque;

use netsplit_node::trace::{Cargo, EventId, EventKind};
use netsplit_node::{CallEffect, Duration, Effect, NodeId, Outcome, Random, Slot};

use crate::byzantine::Lie;
use crate::network::Fate;
use crate::participants::{Blocked, Parcel};
use crate::plan::Condition;
use crate::queue::{Coming, Freight};
use crate::recorder::{Body, FROM_OUTSIDE, Rest};
use crate::world::{World, kind};

/// What leaves a sender, `later` than now; `sent` is the event of its sending.
struct Shipment {
    from: NodeId,
    to: NodeId,
    cargo: Cargo,
    freight: Freight,
    sent: u64,
    later: Duration,
}

impl World {
    /// Carries out what the step that has just run asked for.
    #[inline(always)]
    pub(crate) fn carry_out_step(&mut self, node: NodeId, cause: u64) {
        // By far the most steps are of ordinary nodes and ask for one message or nothing.
        if self.participants[node.0 as usize].special.is_some() {
            return self.carry_out_all(node, cause);
        }
        if let Some((to, message)) = self.step.take_only_send() {
            self.send_message(node, to, message, cause, true);
        } else if !self.step.is_empty() {
            self.carry_out_all(node, cause);
        }
    }

    #[inline(never)]
    fn carry_out_all(&mut self, node: NodeId, cause: u64) {
        if self.participants[node.0 as usize].special.is_some() && self.takes_time(node, cause) {
            return;
        }
        let mut effects = std::mem::take(self.step.effects());
        self.carry_out(node, cause, effects.drain(..));
        *self.step.effects() = effects;
    }

    /// Carries out the effects of one step of `node`. A sync interrupts: the rest waits until the disk is done. A crash that was
    /// asked for between two effects forgets the rest.
    pub(crate) fn carry_out(&mut self, node: NodeId, cause: u64, mut effects: impl Iterator<Item = Effect>) {
        while let Some(effect) = effects.next() {
            if self.crashes_here(node) {
                self.release_effects(node, std::iter::once(effect).chain(effects));
                return self.crash(node, "crashes in the middle of a step", cause);
            }
            match effect {
                Effect::Send { to, message } => self.send_message(node, to, message, cause, false),
                Effect::SetTimer { after, timer } => self.set_timer(node, after, timer),
                Effect::CancelTimer { timer } => self.cancel_timer(node, timer),
                Effect::Call(call) => self.call_service(node, *call, cause),
                Effect::Reply(reply) => self.answer(node, reply.call, reply.outcome, cause),
                Effect::Note(text) => {
                    if self.watching {
                        self.notice(|condition| matches!(condition, Condition::Notes(by, part) if *by == node && text.contains(part)));
                    }
                    self.record(kind::NOTED, (node, None), cause, |_| EventKind::Noted { node, text });
                }
                Effect::Write { file } => {
                    self.record(kind::WROTE, (node, None), cause, |_| EventKind::Wrote { node, file });
                }
                Effect::Sync { writes } => {
                    let until = self.sync_ends(node);
                    return self.block(node, until, Some(writes), effects.collect(), cause);
                }
            }
        }
    }

    /// Counts down to a crash that was asked for in the middle of a step.
    fn crashes_here(&mut self, node: NodeId) -> bool {
        let Some(special) = &mut self.participants[node.0 as usize].special else { return false };
        match &mut special.crash_after {
            None => false,
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
        }
    }

    #[inline(always)]
    fn send_message(&mut self, from: NodeId, to: NodeId, message: Slot, cause: u64, ordinary: bool) {
        self.counts.sent += 1;
        let number = self.recorder.count(self.now, kind::SENT, from, to);
        if self.recorder.keeps() {
            self.keep_sent(number, cause, from, to, message);
        }
        if !self.same_cluster(from, to) {
            let reason = "the receiver is of another type; use ctx.call to reach another cluster";
            return self.lose(from, to, Freight::Message(message), number, reason);
        }
        if !ordinary && self.participants[from.0 as usize].special.is_some() {
            return self.send_as_liar(from, to, message, number, cause);
        }
        let (cargo, freight) = (Cargo::Message, Freight::Message(message));
        self.transmit(Shipment { from, to, cargo, freight, sent: number, later: Duration::ZERO });
    }

    /// A message of a node that has something out of the ordinary, and may be a liar.
    #[cold]
    fn send_as_liar(&mut self, from: NodeId, to: NodeId, message: Slot, sent: u64, cause: u64) {
        let (message, later) = match self.lie(from, to, message) {
            Lie::Send(message) => (message, Duration::ZERO),
            Lie::Withhold(message) => {
                return self.lose(from, to, Freight::Message(message), sent, "withheld by its sender");
            }
            Lie::Later(message, by) => (message, by),
            Lie::Twice(message, old) => {
                self.counts.sent += 1;
                let number = self.recorder.count(self.now, kind::SENT, from, to);
                if self.recorder.keeps() {
                    self.keep_sent(number, cause, from, to, old);
                }
                let (cargo, freight) = (Cargo::Message, Freight::Message(old));
                self.transmit(Shipment { from, to, cargo, freight, sent: number, later: Duration::ZERO });
                (message, Duration::ZERO)
            }
        };
        let (cargo, freight) = (Cargo::Message, Freight::Message(message));
        self.transmit(Shipment { from, to, cargo, freight, sent, later });
    }

    /// Sends a request or an answer on its way.
    pub(crate) fn send_parcel(
        &mut self,
        from: NodeId,
        to: NodeId,
        cargo: Cargo,
        parcel: Parcel,
        cause: u64,
        body: impl FnOnce(&Parcel) -> Body,
    ) {
        self.counts.sent += 1;
        let number = self.recorder.count(self.now, kind::SENT, from, to);
        if self.recorder.keeps() {
            let body = body(&parcel);
            self.keep(number, cause, Rest::Sent { from, to, cargo, body });
        }
        let parcel = self.parcels.insert(parcel);
        let mut later = Duration::ZERO;
        if self.participants[from.0 as usize].special.is_some() {
            match self.lie_in_call((from, to), parcel) {
                Some(by) => later = by,
                None => {
                    return self.lose(from, to, Freight::Parcel(parcel), number, "withheld by its sender");
                }
            }
        }
        self.transmit(Shipment { from, to, cargo, freight: Freight::Parcel(parcel), sent: number, later });
    }

    /// Lets the network decide what becomes of a message.
    #[inline(always)]
    fn transmit(&mut self, shipment: Shipment) {
        if self.extras {
            return self.transmit_extra(shipment);
        }
        let Shipment { from, to, cargo, .. } = shipment;
        let fate = self.network.route(self.now, from, to, cargo, 0);
        self.follow(fate, to, shipment);
    }

    /// The same where there are twins, rules that ask for sizes, plans that wait for messages, or a schedule.
    #[cold]
    fn transmit_extra(&mut self, shipment: Shipment) {
        let Shipment { from, to, cargo, freight, sent, .. } = shipment;
        let size = match freight {
            Freight::Message(message) => self.population_of(from).size(message),
            Freight::Parcel(parcel) => self.parcels.get(parcel).size(),
        } as u64;
        let (seen_from, seen_to) = (self.apparent(from), self.apparent(to));
        if self.watching {
            self.notice(|condition| match condition {
                Condition::Sent(_, traffic) => traffic.includes(seen_from, seen_to, cargo, size),
                _ => false,
            });
        }
        if self.is_the_other_twin_s(from, seen_to) {
            return self.lose(from, to, freight, sent, "the other twin talks with the receiver");
        }
        let (counted, is_cut) = (self.count_message(from, to), self.network.is_cut(seen_from, seen_to));
        let receiver = self.really(from, to);
        if let Some(delivery) = self.scheduled(counted, is_cut) {
            self.keep_route(counted, || Some(delivery.clone()));
            for &after in delivery.after.iter().skip(2) {
                self.duplicate(from, receiver, freight, sent, after);
            }
            return self.follow(World::fate_of(&delivery), receiver, shipment);
        }
        let fate = self.network.route(self.now, seen_from, seen_to, cargo, size);
        self.keep_route(counted, || World::delivery_by(&fate, is_cut));
        self.follow(fate, receiver, shipment);
    }

    /// Lets a message's fate happen; `receiver` is who really gets it.
    #[inline(always)]
    fn follow(&mut self, fate: Fate, receiver: NodeId, shipment: Shipment) {
        let Shipment { from, to, freight, sent, later, .. } = shipment;
        match fate {
            Fate::Lost(reason) => self.lose(from, to, freight, sent, reason),
            Fate::Arrives(arrival) => {
                if let Some(after) = arrival.second {
                    self.duplicate(from, receiver, freight, sent, after + later);
                }
                if arrival.corrupted && self.corrupt(from, to, freight, sent) {
                    return;
                }
                let due = self.now + (arrival.after + later);
                self.queue.push(due, Coming::Arrival { to: receiver, from, cargo: freight, sent });
            }
        }
    }

    /// Changes a message, or loses it where only a checksum can tell. Returns whether it is lost.
    #[cold]
    fn corrupt(&mut self, from: NodeId, to: NodeId, freight: Freight, sent: u64) -> bool {
        let message = EventId(sent);
        let mut random = self.fault_random.clone();
        let changed = match freight {
            Freight::Message(slot) => self.population_of(from).mutate(slot, &mut random),
            Freight::Parcel(parcel) => self.mutate_parcel((from, to), parcel, &mut random),
        };
        self.fault_random = random;
        if changed {
            self.record(kind::CORRUPTED, (from, Some(to)), sent, |_| EventKind::Corrupted { message });
            return false;
        }
        self.lose(from, to, freight, sent, "corrupted: its checksum does not fit");
        true
    }

    /// Changes a request or an answer by its service's mutator, if it has one.
    pub(crate) fn mutate_parcel(
        &mut self,
        (from, to): (NodeId, NodeId),
        parcel: Slot,
        random: &mut Random,
    ) -> bool {
        let mut opened = self.parcels.get(parcel).clone();
        let changed = match &mut opened {
            Parcel::Request { request, .. } => self.population_of(to).mutate_request(request, random),
            Parcel::Response { outcome: Outcome::Ok(response), .. } => {
                self.population_of(from).mutate_response(response, random)
            }
            Parcel::Response { .. } => false,
        };
        if changed {
            *self.parcels.get_mut(parcel) = opened;
        }
        changed
    }

    #[cold]
    fn duplicate(&mut self, from: NodeId, to: NodeId, freight: Freight, sent: u64, after: Duration) {
        self.counts.duplicated += 1;
        let message = EventId(sent);
        self.record(kind::DUPLICATED, (from, Some(to)), sent, |_| EventKind::Duplicated { message });
        let cargo = match freight {
            Freight::Message(message) => Freight::Message(self.population_of(from).copy(message)),
            Freight::Parcel(parcel) => {
                let copy = self.parcels.get(parcel).clone();
                Freight::Parcel(self.parcels.insert(copy))
            }
        };
        self.queue.push(self.now + after, Coming::Arrival { to, from, cargo, sent });
    }

    /// A message will not arrive.
    #[cold]
    pub(crate) fn lose(&mut self, from: NodeId, to: NodeId, freight: Freight, sent: u64, reason: &str) {
        self.counts.lost += 1;
        let message = EventId(sent);
        self.record(kind::LOST, (from, Some(to)), sent, |_| EventKind::Lost {
            from,
            to,
            message,
            reason: reason.to_owned(),
        });
        match freight {
            Freight::Message(message) => self.population_of(from).release(message),
            Freight::Parcel(parcel) => drop(self.parcels.take(parcel)),
        }
    }

    fn set_timer(&mut self, node: NodeId, after: Duration, timer: Slot) {
        self.forget_equal_timer(node, timer);
        let due = self.timer_due(node, after);
        let order = if self.extras && self.timers_are_scheduled() {
            self.queue.reserve()
        } else {
            self.queue.push_with(due, |order| Coming::Timer { node, order })
        };
        self.participants[node.0 as usize].timers.push((timer, order));
    }

    fn cancel_timer(&mut self, node: NodeId, timer: Slot) {
        self.forget_equal_timer(node, timer);
        self.population_of(node).release_timer(timer);
    }

    /// The queue still holds the forgotten timer's event; it finds nothing pending when its time comes.
    fn forget_equal_timer(&mut self, node: NodeId, timer: Slot) {
        let mut pending = std::mem::take(&mut self.participants[node.0 as usize].timers);
        let population = self.population_of(node);
        pending.retain(|&(other, _)| {
            let same = population.same_timer(other, timer);
            if same {
                population.release_timer(other);
            }
            !same
        });
        self.participants[node.0 as usize].timers = pending;
    }

    fn call_service(&mut self, caller: NodeId, call: CallEffect, cause: u64) {
        let CallEffect { to, request, deadline, resume } = call;
        let operation = self.begin_operation(caller, to, request, cause);
        self.attempt(operation, Some(resume), Some(deadline), cause);
    }

    fn answer(
        &mut self,
        node: NodeId,
        call: netsplit_node::CallId,
        outcome: Outcome<Box<dyn netsplit_node::Payload>>,
        cause: u64,
    ) {
        let Some(caller) = self.participants[node.0 as usize].unanswered.remove(&call) else {
            return; // Answered before, or the request belonged to an earlier life.
        };
        let parcel = Parcel::Response { call, outcome };
        self.send_parcel(node, caller.id, Cargo::Response, parcel, cause, |parcel| match parcel {
            Parcel::Response { outcome, .. } => {
                Body::Text(crate::participants::describe_outcome(outcome).into())
            }
            Parcel::Request { .. } => Body::Text("".into()),
        });
    }

    /// The node takes no step before `until`; `rest` is what its interrupted step still asks for.
    pub(crate) fn block(
        &mut self,
        node: NodeId,
        until: netsplit_node::Time,
        syncing: Option<u64>,
        rest: VecDeque<Effect>,
        cause: u64,
    ) {
        let participant = &mut self.participants[node.0 as usize];
        let life = participant.life;
        let blocked = Blocked { until, syncing, rest, cause, inbox: VecDeque::new() };
        participant.blocked = Some(Box::new(blocked));
        self.queue.push(until, Coming::Unblock { node, life });
    }

    /// A blocked node goes on: its sync is complete, the rest of its step happens, then what arrived meanwhile.
    pub(crate) fn unblock(&mut self, node: NodeId, life: u32) {
        let participant = &mut self.participants[node.0 as usize];
        let is_due = |blocked: &Blocked| blocked.until <= self.now;
        if participant.life != life || !participant.blocked.as_deref().is_some_and(is_due) {
            return; // It crashed meanwhile, or its pause was made longer.
        }
        let syncs = participant.blocked.as_deref().is_some_and(|blocked| blocked.syncing.is_some());
        if syncs && participant.belongings.disk.next_sync_fails() {
            return self.crash(node, "crashes: fsync failed, and what it covered may be lost", FROM_OUTSIDE);
        }
        let Some(blocked) = participant.blocked.take() else { return };
        let Blocked { syncing, rest, cause, mut inbox, .. } = *blocked;
        if let Some(writes) = syncing {
            participant.belongings.disk.complete_sync(writes);
            self.record(kind::SYNCED, (node, None), cause, |_| EventKind::Synced { node });
        }
        self.carry_out(node, cause, rest.into_iter());
        while let Some(coming) = inbox.pop_front() {
            if let Some(blocked) = &mut self.participants[node.0 as usize].blocked {
                inbox.push_front(coming);
                inbox.append(&mut blocked.inbox);
                blocked.inbox = inbox;
                return;
            }
            self.dispatch(coming);
        }
    }

    /// Gives back what effects held that will not happen.
    pub(crate) fn release_effects(&mut self, node: NodeId, effects: impl Iterator<Item = Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { message, .. } => self.population_of(node).release(message),
                Effect::SetTimer { timer, .. } | Effect::CancelTimer { timer } => {
                    self.population_of(node).release_timer(timer);
                }
                Effect::Call(_)
                | Effect::Reply(_)
                | Effect::Note(_)
                | Effect::Write { .. }
                | Effect::Sync { .. } => {}
            }
        }
    }

    #[inline(always)]
    fn same_cluster(&self, one: NodeId, other: NodeId) -> bool {
        use crate::participants::Role::Member;
        let role = |id: NodeId| self.participants.get(id.0 as usize).map(|participant| participant.role);
        match (role(one), role(other)) {
            (Some(Member { cluster: a, .. }), Some(Member { cluster: b, .. })) => a == b,
            _ => false,
        }
    }
}
