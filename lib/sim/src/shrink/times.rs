//! Shorter and rounder: stretches of time in which nothing of what remains happens are cut out, and times get fewer digits.

use std::collections::BTreeMap;
use std::rc::Rc;

use netsplit_node::{Duration, NodeId, Time, ms, ns};

use super::Tried;
use super::schedule::{Delivery, Firing, MessageKey, Others, Schedule};
use super::search::Search;
use super::trial::{Entry, Run};
use crate::action::Action;
use crate::follow::Routed;
use crate::plan::{FaultPlan, When};
use crate::world::World;

/// What a message takes in a calm network.
pub(super) const CALM: Duration = ms(1);

/// Units to which times are rounded, the roundest first.
const UNITS: [i64; 7] = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000];

/// What a message takes typically, with one digit.
pub(super) fn rounded_latency(world: &World) -> Duration {
    let nobody = NodeId(u32::MAX - 1);
    let typical = world.network.distance(nobody, nobody);
    rounder_than(typical).into_iter().find(|time| *time > Duration::ZERO).unwrap_or(typical)
}

/// The number of digits up to the last that is not 0, and how many units it takes: the less, the rounder.
pub(super) fn roundness(time: i64) -> (usize, i64) {
    let digits = time.unsigned_abs().to_string();
    (digits.trim_end_matches('0').len(), time.abs())
}

/// Rounder times near this one, the roundest first.
pub(super) fn rounder_than(time: Duration) -> Vec<Duration> {
    let nanos = time.as_nanos();
    let near = UNITS.iter().flat_map(|unit| {
        let below = nanos - nanos.rem_euclid(*unit);
        [below, below + unit]
    });
    let is_near = |it: &i64| roundness(*it) < roundness(nanos) && *it <= nanos.saturating_mul(10);
    let mut near: Vec<i64> = near.filter(is_near).collect();
    near.sort_by_key(|it| roundness(*it));
    near.dedup();
    near.into_iter().map(ns).collect()
}

impl Search<'_> {
    /// Cuts out stretches of time between what remains, the longest first.
    pub(super) fn shorter(&mut self) {
        let mut passed = 0;
        loop {
            let routes = self.routes().messages;
            let stretches = stretches(&self.best, &routes);
            let Some(&(from, to)) = stretches.get(passed) else { return };
            let whole = to - from;
            // Where the whole cannot go, part of it may.
            let parts = [whole, whole / 2, whole / 4];
            let tried = parts.into_iter().filter(|part| *part >= ms(1)).map(|part| {
                let run = without_time(&self.best, &routes, (from, from + part));
                self.fails(&run)
            });
            match tried.into_iter().find(|tried| *tried != Tried::Passes) {
                Some(Tried::NoMore) => return,
                Some(_) => {}
                None => passed += 1,
            }
        }
    }

    /// Makes times rounder.
    pub(super) fn rounder(&mut self) {
        self.round_all_messages();
        for key in self.best.schedule.messages.keys().copied().collect::<Vec<_>>() {
            self.round_message(key);
        }
        for number in 0..self.best.schedule.timers.as_ref().map_or(0, Vec::len) {
            self.round_firing(number);
        }
        for id in self.best.entries.iter().map(|entry| entry.id).collect::<Vec<_>>() {
            self.round_action(id);
            self.simpler_faults(id);
        }
        self.round_end();
    }

    /// The first of these runs that fails becomes the best. Whether one does.
    pub(super) fn first_that_fails(&mut self, runs: Vec<Run>) -> bool {
        runs.iter().any(|run| self.fails(run) == Tried::Fails)
    }

    /// All messages take a millisecond: most often that is all there is to say.
    fn round_all_messages(&mut self) {
        let mut schedule = (*self.best.schedule).clone();
        schedule
            .messages
            .values_mut()
            .for_each(|delivery| delivery.after.iter_mut().for_each(|it| *it = CALM));
        if let Others::After(time) = &mut schedule.others {
            *time = CALM;
        }
        if schedule != *self.best.schedule {
            let run = self.best.following(schedule);
            self.fails(&run);
        }
    }

    fn round_message(&mut self, key: MessageKey) {
        let copies = self.best.schedule.messages.get(&key).map_or(0, |delivery| delivery.after.len());
        let with = |best: &Run, change: &dyn Fn(&mut Delivery)| {
            let mut schedule = (*best.schedule).clone();
            schedule.messages.entry(key).and_modify(change);
            best.following(schedule)
        };
        // A second copy may not be needed, nor that something is changed on the way.
        let mut simpler = Vec::new();
        for copy in (0..copies).filter(|_| copies > 1) {
            simpler.push(with(&self.best, &|delivery| _ = delivery.after.remove(copy)));
        }
        if self.best.schedule.messages.get(&key).is_some_and(|delivery| delivery.corrupted) {
            simpler.push(with(&self.best, &|delivery| delivery.corrupted = false));
        }
        self.first_that_fails(simpler);
        for copy in 0..copies {
            let Some(&time) = self.best.schedule.messages.get(&key).and_then(|it| it.after.get(copy)) else {
                return;
            };
            let times =
                std::iter::once(CALM).filter(|it| roundness(it.as_nanos()) < roundness(time.as_nanos()));
            let rounder = rounder_than(time).into_iter().filter(|time| *time > Duration::ZERO);
            let runs =
                times.chain(rounder).map(|time| with(&self.best, &|delivery| delivery.after[copy] = time));
            let runs = runs.collect();
            self.first_that_fails(runs);
        }
    }

    fn round_firing(&mut self, number: usize) {
        let Some(firing) = self.best.schedule.timers.as_ref().and_then(|it| it.get(number)).cloned() else {
            return;
        };
        let runs = rounder_than(firing.at - Time::ZERO).into_iter().map(|at| {
            let mut schedule = (*self.best.schedule).clone();
            if let Some(timers) = &mut schedule.timers {
                timers[number] = Firing { at: Time::ZERO + at, ..firing.clone() };
            }
            self.best.following(schedule)
        });
        let runs = runs.collect();
        self.first_that_fails(runs);
    }

    /// An action happens together with the one before it, or at a rounder time between its neighbours.
    fn round_action(&mut self, id: u32) {
        let entries = &self.best.entries;
        let Some(place) = entries.iter().position(|entry| entry.id == id) else { return };
        let entry = &entries[place];
        let earliest = place.checked_sub(1).map_or(Time::ZERO, |before| entries[before].at);
        let latest = entries.get(place + 1).map_or(self.best.end, |after| after.at);
        let rounder = rounder_than(entry.at - Time::ZERO).into_iter().map(|time| Time::ZERO + time);
        let times = std::iter::once(earliest).chain(rounder);
        let is_better = |time: &Time| {
            let (new, old) = (roundness(time.as_nanos() as i64), roundness(entry.at.as_nanos() as i64));
            (earliest..=latest).contains(time) && (new < old || *time == earliest && *time < entry.at)
        };
        let runs = times.filter(is_better).map(|at| {
            let mut run = self.best.clone();
            run.entries[place] = Rc::new(Entry { at, amid: None, ..(**entry).clone() });
            run
        });
        let runs = runs.collect();
        self.first_that_fails(runs);
    }

    /// The run ends as early as it may, at a round time.
    fn round_end(&mut self) {
        let last = self.best.entries.last().map_or(Time::ZERO, |entry| entry.at);
        let steps = UNITS.iter().rev().flat_map(|unit| [1, 2, 5].map(|times| ns(unit * times)));
        let round_up = |step: Duration| {
            let nanos = (last + step).as_nanos() as i64;
            Time::ZERO + ns(nanos.div_euclid(step.as_nanos()) * step.as_nanos())
        };
        let ends: Vec<Time> =
            std::iter::once(last).chain(steps.map(round_up)).filter(|end| *end < self.best.end).collect();
        let runs = ends.into_iter().map(|end| Run { end, ..self.best.clone() }).collect();
        self.first_that_fails(runs);
    }
}

impl Run {
    pub(super) fn following(&self, schedule: Schedule) -> Run {
        Run { schedule: Rc::new(schedule), ..self.clone() }
    }

    /// The schedule that an action asks to follow as the run's own.
    pub(super) fn with_its_schedule(mut self) -> Run {
        let mut followed = self.entries.iter().filter_map(|entry| match &entry.action {
            Action::Follow(schedule) => Some(schedule.clone()),
            _ => None,
        });
        if let Some(schedule) = followed.next_back() {
            self.schedule = Rc::new(schedule);
        }
        self.entries.retain(|entry| !matches!(entry.action, Action::Follow(_)));
        self
    }
}

/// The stretches of time in which nothing happens that is said, the longest first: no action, and no message of the schedule under way.
fn stretches(run: &Run, routes: &[Routed]) -> Vec<(Time, Time)> {
    let mut busy: Vec<(Time, Time)> = run.entries.iter().map(|entry| (entry.at, entry.at)).collect();
    for it in routes.iter().filter(|it| run.schedule.messages.contains_key(&it.key)) {
        let longest = it.delivery.iter().flat_map(|delivery| &delivery.after).max();
        busy.push((it.sending.at, it.sending.at + longest.copied().unwrap_or(Duration::ZERO)));
    }
    busy.extend(run.schedule.timers.iter().flatten().map(|firing| (firing.at, firing.at)));
    for entry in &run.entries {
        if let Action::Play(FaultPlan { entries }) = &entry.action {
            let times = entries.iter().filter_map(|it| match it.when {
                When::At(time) => Some(entry.at + time),
                When::Every(_) | When::Holds(_) => None,
            });
            busy.extend(times.map(|time| (time, time)));
        }
    }
    busy.sort();
    let (mut free, mut until) = (Vec::new(), Time::ZERO);
    for (from, to) in busy.into_iter().chain([(run.end, run.end)]) {
        if from > until + ms(1) {
            free.push((until, from));
        }
        until = until.max(to);
    }
    free.sort_by_key(|(from, to)| std::cmp::Reverse(*to - *from));
    free
}

/// The run without what happens in a stretch of time: all later happens so much earlier, and messages of the schedule are those that are sent then.
fn without_time(run: &Run, routes: &[Routed], (from, to): (Time, Time)) -> Run {
    let cut = to - from;
    let earlier = |time: Time| if time >= to { time - cut } else { time.min(from) };
    let mut gone: BTreeMap<(NodeId, NodeId), u32> = BTreeMap::new();
    for it in routes.iter().filter(|it| it.sending.at > from && it.sending.at < to) {
        *gone.entry((it.key.from, it.key.to)).or_default() += 1;
    }
    let sent: BTreeMap<MessageKey, Time> = routes.iter().map(|it| (it.key, it.sending.at)).collect();
    let renamed = run.schedule.messages.iter().map(|(key, delivery)| {
        let is_later = sent.get(key).is_some_and(|sent| *sent >= to);
        let gone = gone.get(&(key.from, key.to)).copied().filter(|_| is_later).unwrap_or(0);
        (MessageKey { number: key.number - gone, ..*key }, delivery.clone())
    });
    let mut schedule = Schedule { messages: renamed.collect(), ..(*run.schedule).clone() };
    for firing in schedule.timers.iter_mut().flatten() {
        firing.at = earlier(firing.at);
    }
    let entries = run.entries.iter().map(|entry| {
        let mut moved = (**entry).clone();
        moved.at = earlier(entry.at);
        if let Action::Play(plan) = &mut moved.action {
            for planned in &mut plan.entries {
                if let When::At(time) = &mut planned.when {
                    *time = earlier(entry.at + *time) - moved.at;
                }
            }
        }
        Rc::new(moved)
    });
    Run { entries: entries.collect(), end: earlier(run.end), ..run.following(schedule) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::us;

    #[test]
    fn rounder_times_have_fewer_digits_and_are_near() {
        // The roundest come first; a time that is round has nothing to be made of it.
        let near = rounder_than(ns(1_234_567));
        assert_eq!(near[0], Duration::ZERO);
        assert!(
            near.contains(&ms(1))
                && near.contains(&ms(2))
                && near.contains(&us(1_200))
                && near.contains(&us(1_230))
        );
        assert!(near.iter().all(|time| roundness(time.as_nanos()) < roundness(1_234_567)));
        assert!(roundness(2_000_000) < roundness(1_500_000) && roundness(1_000) < roundness(2_000));
        assert_eq!(rounder_than(Duration::ZERO), []);
    }
}
