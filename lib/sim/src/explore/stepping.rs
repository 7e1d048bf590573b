//! What can happen to explored nodes, and what comes of it, in numbers: a step that was done before is looked up.

use std::hash::Hash;

use netsplit_node::{Node, NodeId};

use super::difference;
use super::fingerprint::{fingerprint, mix, scatter};
use super::model::Model;
use super::network::{self, Network};
use super::nodes::{Happening, Memory, Nodes, TROUBLE, What};
use super::participant::{Content, Effects, Event};
use super::world::{Change, Limit, MOST, World};

/// No step of a node belongs to it.
const NO_EFFECTS: u32 = u32::MAX;

impl<N> Nodes<N>
where
    N: Node + Sync + Eq + Hash,
    N::Message: Sync + Eq + Hash,
    N::Timer: Sync + Eq + Hash,
{
    /// What `event` may come to at a node in this state, without what changes nothing, which is no step. An ordered channel goes on all the same.
    fn steps(&self, state: u32, event: Event) -> &[u32] {
        let key = u64::from(state) << 32 | u64::from(event.key());
        let list = self.steps.get(key, || {
            let mut all = self.cast.react(state, event);
            let goes_on = self.network == Network::Ordered && matches!(event, Event::Arrival(_));
            all.retain(|it| goes_on || it.state != state || !it.sent.is_empty() || it.trouble.is_some());
            self.keep(all)
        });
        self.outcomes.get(list)
    }

    /// What `event` may come to if the power is cut meanwhile.
    fn cut_steps(&self, state: u32, event: Event) -> &[u32] {
        let key = u64::from(state) << 32 | u64::from(event.key());
        self.outcomes.get(self.cuts.get(key, || self.keep(self.cast.cuts(state, event))))
    }

    fn keep(&self, all: Vec<Effects>) -> u32 {
        self.outcomes.push(all.into_iter().map(|effects| self.effects.push(effects)).collect())
    }

    /// From whom to whom.
    fn channel(&self, envelope: u32) -> u64 {
        let envelope = self.cast.envelopes.get(envelope);
        u64::from(envelope.from) << 32 | u64::from(envelope.to)
    }

    fn has_left(&self, world: &World, limit: Limit) -> bool {
        self.layout.used(&world.words, limit) < self.limits[limit as usize]
    }

    /// What can happen to an envelope.
    fn of_envelope(&self, world: &World, envelope: u32, happenings: &mut Vec<Happening>) {
        let mut may = |what, effects| happenings.push(Happening { what, effects });
        let it = self.cast.envelopes.get(envelope);
        match &it.content {
            Content::Message(message) if !(self.delivers)(message) => {}
            Content::Answer { operation, .. } => {
                // An answer that nobody waits for any more changes nothing.
                let is_open = world.words[self.layout.outcome(*operation as usize)] == 0;
                if is_open || self.network == Network::Ordered {
                    may(What::Arrives { envelope }, NO_EFFECTS);
                }
            }
            Content::Message(_) | Content::Request(_) => {
                let state = world.words[it.to as usize];
                for &effects in self.steps(state, Event::Arrival(envelope)) {
                    may(What::Arrives { envelope }, effects);
                }
                if self.has_left(world, Limit::Crashes) {
                    let event = Event::Arrival(envelope).key();
                    for &effects in self.cut_steps(state, Event::Arrival(envelope)) {
                        may(What::CutDuring { node: it.to, event }, effects);
                    }
                }
            }
        }
        if self.has_left(world, Limit::Losses) {
            may(What::Lost { envelope }, NO_EFFECTS);
        }
        if self.has_left(world, Limit::Doubles) && self.network != Network::Duplicating {
            may(What::Doubled { envelope }, NO_EFFECTS);
        }
    }

    /// What can happen to a node by itself.
    fn of_node(&self, world: &World, node: u32, happenings: &mut Vec<Happening>) {
        let state = world.words[node as usize];
        let participant = self.cast.participants.get(state);
        let mut may = |what, effects| happenings.push(Happening { what, effects });
        let (fire, crash) = (self.has_left(world, Limit::Timers), self.has_left(world, Limit::Crashes));
        for (place, pending) in participant.timers.iter().enumerate() {
            let timer = pending.timer;
            if !fire || !(self.fires)(self.cast.timers.get(timer)) {
                continue;
            }
            let event = Event::Timer(place as u32);
            for &effects in self.steps(state, event) {
                may(What::Fires { node, timer, place: place as u32 }, effects);
            }
            for &effects in crash.then(|| self.cut_steps(state, event)).into_iter().flatten() {
                may(What::CutDuring { node, event: event.key() }, effects);
            }
        }
        for &effects in crash.then(|| self.steps(state, Event::Crash)).into_iter().flatten() {
            may(What::Crashes { node }, effects);
        }
        let stop = self.has_left(world, Limit::Stops);
        for &effects in stop.then(|| self.steps(state, Event::Stop)).into_iter().flatten() {
            may(What::Stops { node }, effects);
        }
    }

    /// A node has done a step.
    fn apply(&self, change: &mut Change, node: usize, number: u32) {
        let effects = self.effects.get(number);
        let (old, new) = (change.words[node], effects.state);
        let participants = &self.cast.participants;
        change.set(node, new, participants.print(old), participants.print(new));
        effects.sent.iter().for_each(|&envelope| self.send(change, envelope));
        if effects.trouble.is_some() {
            let in_flight = self.layout.in_flight();
            change.words.truncate(in_flight);
            change.words.push(TROUBLE + number);
            change.print = mix([change.print, fingerprint(&effects.trouble)]);
        }
    }

    fn send(&self, change: &mut Change, envelope: u32) {
        let start = self.layout.in_flight();
        let mut in_flight = change.words.split_off(start);
        let channel = |envelope| self.channel(envelope);
        if network::send(self.network, &mut in_flight, envelope, channel) {
            change.print = change.print.wrapping_add(self.weight_in_flight(&in_flight, envelope));
        }
        change.words.append(&mut in_flight);
    }

    /// What arrives is under way no more, unless it may arrive again.
    fn arrive(&self, change: &mut Change, envelope: u32) {
        let is_message = matches!(self.cast.envelopes.get(envelope).content, Content::Message(_));
        if self.network != Network::Duplicating || !is_message {
            self.take(change, envelope);
        }
    }

    /// Takes the first copy of an envelope off the network.
    fn take(&self, change: &mut Change, envelope: u32) {
        self.in_place(change, envelope, |words, at| {
            words.remove(at);
        });
    }

    /// Puts a copy of an envelope behind it: where order counts, it arrives right after it.
    fn double(&self, change: &mut Change, envelope: u32) {
        self.in_place(change, envelope, |words, at| words.insert(at, envelope));
    }

    /// Changes what is under way at the place of an envelope.
    fn in_place(&self, change: &mut Change, envelope: u32, with: impl FnOnce(&mut Vec<u32>, usize)) {
        let start = self.layout.in_flight();
        let Some(at) = change.words[start..].iter().position(|&other| other == envelope) else { return };
        self.weigh_channel(change, envelope, u64::wrapping_sub);
        with(&mut change.words, start + at);
        self.weigh_channel(change, envelope, u64::wrapping_add);
    }

    /// What the envelope adds to the fingerprint; where order counts, by its place in its channel.
    fn weight_in_flight(&self, in_flight: &[u32], envelope: u32) -> u64 {
        let print = self.cast.envelopes.print(envelope);
        if self.network != Network::Ordered {
            return scatter(print);
        }
        let channel = self.channel(envelope);
        let place = in_flight.iter().filter(|&&other| self.channel(other) == channel).count() as u64;
        mix([print, place])
    }

    /// Adds or takes away what an envelope's channel, or where order does not count all copies of it, add to the fingerprint.
    fn weigh_channel(&self, change: &mut Change, envelope: u32, by: fn(u64, u64) -> u64) {
        let in_flight = &change.words[self.layout.in_flight()..];
        if self.network != Network::Ordered {
            let copies = in_flight.iter().filter(|&&other| other == envelope);
            let all = copies.fold(0, |all: u64, _| all.wrapping_add(self.weight_in_flight(&[], envelope)));
            change.print = by(change.print, all);
            return;
        }
        let channel = self.channel(envelope);
        let of_it = in_flight.iter().filter(|&&other| self.channel(other) == channel);
        for (place, &envelope) in of_it.enumerate() {
            change.print = by(change.print, mix([self.cast.envelopes.print(envelope), place as u64 + 1]));
        }
    }

    /// The client has its answer, and asks the next.
    fn answered(&self, change: &mut Change, operation: u32, answer: u32) {
        let at = self.layout.outcome(operation as usize);
        if change.words[at] != 0 {
            return;
        }
        change.set(at, answer + 1, 0, self.cast.answers.print(answer));
        let (client, place) = self.place_in_script(operation as usize);
        if let Some(&next) = self.scripts[client].get(place as usize + 1) {
            self.asks(change, next);
        }
    }

    fn asks(&self, change: &mut Change, operation: u32) {
        for client in 0..self.scripts.len() {
            let has_ended = |&&other: &&u32| change.words[self.layout.outcome(other as usize)] != 0;
            let ended = self.scripts[client].iter().filter(has_ended).count() as u32;
            change.begins(operation as usize, client, ended);
        }
        self.send(change, self.cast.ask(operation));
    }

    /// The invariants look at the nodes. Which one it is belongs to a memory's fingerprint: at first they all remember nothing.
    fn remember(&self, change: &mut Change) {
        for invariant in 0..self.invariants.len() {
            let at = self.layout.memory(invariant);
            let old = change.words[at];
            let nodes = change.words[..self.layout.nodes].iter().map(|&state| u64::from(state));
            let key = mix([invariant as u64, old.into()].into_iter().chain(nodes));
            let new = self.remembered.get(key, || {
                let memory = self.memories.get(old).invariant.look(&self.members_of(&change.words));
                self.memories.number(
                    mix([invariant as u64, memory.invariant.print(), fingerprint(&memory.wrong)]),
                    memory,
                    |_, _| {},
                )
            });
            change.set(at, new, self.memories.print(old), self.memories.print(new));
        }
    }

    /// What is under way in `after` and was not in `before`.
    fn sent_between(&self, before: &World, after: &World) -> Vec<u32> {
        let start = self.layout.in_flight();
        let mut old = before.words[start..].to_vec();
        let is_new = |envelope: &u32| match old.iter().position(|other| other == envelope) {
            Some(at) => {
                old.swap_remove(at);
                false
            }
            None => *envelope < TROUBLE,
        };
        after.words[start..].iter().copied().filter(is_new).collect()
    }

    fn name(&self, participant: u32) -> String {
        match participant.checked_sub(self.layout.nodes as u32) {
            Some(client) => format!("client {client}"),
            None => NodeId(participant).to_string(),
        }
    }

    fn content(&self, envelope: u32) -> String {
        match &self.cast.envelopes.get(envelope).content {
            Content::Message(message) => format!("{message:?}"),
            Content::Request(operation) => self.cast.asked[*operation as usize].request.words(),
            Content::Answer { answer, .. } => match self.cast.answers.get(*answer) {
                Ok(answer) => answer.words(),
                Err(reason) => format!("refused: {reason}"),
            },
        }
    }

    /// "n0 -> n1: prepare".
    fn words_of(&self, envelope: u32) -> String {
        let it = self.cast.envelopes.get(envelope);
        format!("{} -> {}: {}", self.name(it.from), self.name(it.to), self.content(envelope))
    }
}

impl<N> Model for Nodes<N>
where
    N: Node + Sync + Eq + Hash,
    N::Message: Sync + Eq + Hash,
    N::Timer: Sync + Eq + Hash,
{
    type State = World;
    type Action = Happening;

    fn initial(&self) -> Vec<World> {
        let mut changes = vec![Change::blank(self.layout)];
        for node in 0..self.layout.nodes {
            let starts = self.outcomes.get(self.keep(self.cast.start(node as u32)));
            let begun =
                changes.iter().flat_map(|change| starts.iter().map(move |&start| (change.clone(), start)));
            changes = begun
                .map(|(mut change, start)| {
                    // There was no state before the first.
                    let effects = self.effects.get(start);
                    change.set(node, effects.state, 0, self.cast.participants.print(effects.state));
                    self.apply(&mut change, node, start);
                    change
                })
                .collect();
        }
        changes
            .into_iter()
            .map(|mut change| {
                self.scripts
                    .iter()
                    .filter_map(|script| script.first())
                    .for_each(|&first| self.asks(&mut change, first));
                for (number, invariant) in self.invariants.iter().enumerate() {
                    let memory = Memory { invariant: invariant.copy(), wrong: None };
                    let memory =
                        self.memories.number(mix([number as u64, invariant.print()]), memory, |_, _| {});
                    change.set(self.layout.memory(number), memory, 0, self.memories.print(memory));
                }
                self.remember(&mut change);
                change.done()
            })
            .collect()
    }

    fn actions(&self, world: &World, happenings: &mut Vec<Happening>) {
        let in_flight = &world.words[self.layout.in_flight()..];
        if in_flight.last().is_some_and(|&last| last >= TROUBLE) {
            return;
        }
        for at in network::deliverable(self.network, in_flight, |envelope| self.channel(envelope)) {
            self.of_envelope(world, in_flight[at], happenings);
        }
        (0..self.layout.nodes as u32).for_each(|node| self.of_node(world, node, happenings));
    }

    fn next(&self, world: &World, happening: &Happening) -> Option<World> {
        let mut change = Change::of(self.layout, world);
        match happening.what {
            What::Arrives { envelope } => {
                self.arrive(&mut change, envelope);
                let it = self.cast.envelopes.get(envelope);
                match it.content {
                    Content::Answer { operation, answer } => self.answered(&mut change, operation, answer),
                    _ => self.apply(&mut change, it.to as usize, happening.effects),
                }
            }
            What::Lost { envelope } => {
                change.spend(Limit::Losses);
                self.take(&mut change, envelope);
            }
            What::Doubled { envelope } => {
                change.spend(Limit::Doubles);
                self.double(&mut change, envelope);
            }
            What::Fires { node, .. } => {
                if self.limits[Limit::Timers as usize] <= MOST {
                    change.spend(Limit::Timers);
                }
                self.apply(&mut change, node as usize, happening.effects);
            }
            What::Crashes { node } => {
                change.spend(Limit::Crashes);
                self.apply(&mut change, node as usize, happening.effects);
            }
            What::CutDuring { node, event } => {
                change.spend(Limit::Crashes);
                if let Event::Arrival(envelope) = Event::of_key(event) {
                    self.arrive(&mut change, envelope);
                }
                self.apply(&mut change, node as usize, happening.effects);
            }
            What::Stops { node } => {
                change.spend(Limit::Stops);
                self.apply(&mut change, node as usize, happening.effects);
            }
        }
        self.remember(&mut change);
        Some(change.done())
    }

    fn words(&self, happening: &Happening) -> String {
        match happening.what {
            What::Arrives { envelope } => self.words_of(envelope),
            What::Lost { envelope } => format!("lost: {}", self.words_of(envelope)),
            What::Doubled { envelope } => format!("doubled: {}", self.words_of(envelope)),
            What::Fires { node, timer, .. } => {
                format!("{}: the timer {:?} fires", self.name(node), self.cast.timers.get(timer))
            }
            What::Crashes { node } => format!("{} crashes and begins again", self.name(node)),
            What::CutDuring { node, event } => {
                let during = match Event::of_key(event) {
                    Event::Arrival(envelope) => self.words_of(envelope),
                    _ => "a timer fires".to_owned(),
                };
                format!("{} crashes in the midst of a step and begins again: {during}", self.name(node))
            }
            What::Stops { node } => format!("{} stops for good", self.name(node)),
        }
    }

    fn changes(&self, before: &World, after: &World) -> Vec<String> {
        let mut changes = Vec::new();
        for node in 0..self.layout.nodes {
            if before.words[node] != after.words[node] {
                let text = |world: &World| format!("{:#?}", self.node(world, node));
                let lines = difference::lines(&text(before), &text(after));
                changes.extend(lines.into_iter().map(|line| format!("{}.{line}", NodeId(node as u32))));
            }
        }
        let sent = self.sent_between(before, after).into_iter();
        changes.extend(sent.map(|envelope| format!("sent: {}", self.words_of(envelope))));
        changes
    }

    /// A lost message, a crash and the like need not happen.
    fn is_fair(&self, happening: &Happening) -> bool {
        matches!(happening.what, What::Arrives { .. } | What::Fires { .. })
    }

    fn weight(&self, world: &World) -> usize {
        size_of_val(world) + size_of_val(&*world.words)
    }

    fn trouble(&self, world: &World) -> Result<(), String> {
        Nodes::trouble(self, world)
    }

    fn notes(&self) -> Vec<String> {
        self.cast.notes()
    }
}
