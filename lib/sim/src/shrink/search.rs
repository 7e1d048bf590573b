//! What is left out, in which order, and whether what remains still fails.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use netsplit_node::interrupt;
use netsplit_node::progress::Progress;

use super::counterexample::{Counterexample, Size};
use super::renumber::Numbering;
use super::schedule::{Delivery, Firing, Others, Schedule};
use super::trial::{Came, Entry, Manner, Played, Run, record};
use super::{ShrinkError, Tried, ddmin};
use crate::action::Action;
use crate::follow::{Routed, Routes, Sending};
use crate::lab::Lab;
use crate::plan::FaultPlan;
use crate::world::World;

/// Who says whether a run fails.
pub(crate) enum Judge<'a> {
    /// A property of this name.
    Violation(String),
    /// Somebody who looks at the laboratory, where failures of this kind count.
    Given { judge: &'a mut dyn FnMut(&Lab) -> Option<String>, kind: String },
}

/// How often the user hears how far it is.
type Told = Progress;

/// Something of a run that can be left out by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Element {
    Action(u32),
    /// An entry of a plan that is played.
    Planned(u32, usize),
    /// A member of the cluster that an action makes, by its place.
    Member(u32, u32),
}

/// A search for what a failure needs.
pub(crate) struct Search<'a> {
    judge: Judge<'a>,
    /// The smallest run so far that fails.
    pub(super) best: Run,
    /// What was wrong with it.
    failure: String,
    /// Whether the best run has become another since this was last asked.
    pub(super) has_changed: bool,
    most: u64,
    pub(super) runs: u64,
    /// Whether there was no run left, or no patience.
    pub(super) is_over: bool,
    kept: usize,
    /// A trial may take so many events: what goes on for longer than the whole is no part of it.
    events: u64,
    progress: Told,
}

impl<'a> Search<'a> {
    pub(crate) fn new(judge: Judge<'a>, most: u64, kept: usize) -> Search<'a> {
        let best = Run {
            seed: 0,
            entries: Vec::new(),
            schedule: Rc::default(),
            by_time: None,
            end: netsplit_node::Time::ZERO,
        };
        Search {
            judge,
            best,
            failure: String::new(),
            has_changed: false,
            most,
            runs: 0,
            is_over: false,
            kept,
            events: 0,
            progress: Progress::begin(),
        }
    }

    /// Takes the run of `world` to pieces that can be left out, and sees that it still fails.
    pub(crate) fn begin(&mut self, world: &World, failure: &str, is_calm: bool) -> Result<(), ShrinkError> {
        let (recorded, routed, again) = record(world).map_err(ShrinkError::Stopped)?;
        let not_again = ShrinkError::NotAgain { seed: world.seed, once: first_line(failure) };
        if again.recorder.hash() != world.recorder.hash() {
            return Err(not_again);
        }
        self.events = world.handled() * 4 + 100_000;
        let whole = recorded.clone().with_calls_for_loads(&again).with_its_schedule();
        // As much as can be is said and not drawn; where that changes the run, less.
        let said = whole.following(said(&whole.schedule, &routed.messages, &again));
        let timers = said.schedule.timers.clone().or(Some(routed.fired)).filter(|_| !is_calm);
        let timed = said.following(Schedule { timers, ..(*said.schedule).clone() });
        for run in [timed, said, whole, recorded] {
            if self.fails(&self.without_other_properties(run)) == Tried::Fails {
                return Ok(());
            }
        }
        Err(not_again)
    }

    /// Leaves out what can be left out, until nothing more can.
    pub(crate) fn minimise(&mut self, is_calm: bool) {
        loop {
            self.has_changed = false;
            self.fewer_actions();
            self.fewer_nodes();
            self.fewer_messages(is_calm);
            self.fewer_timers(is_calm);
            self.shorter();
            self.rounder();
            if self.is_over || !self.has_changed {
                return self.say_less();
            }
        }
    }

    /// Tries a run. If it fails, it is the best.
    pub(super) fn fails(&mut self, run: &Run) -> Tried {
        if self.is_over || self.runs >= self.most || interrupt::is_asked() {
            self.is_over = true;
            return Tried::NoMore;
        }
        self.runs += 1;
        let (runs, actions) = (self.runs, self.best.entries.len());
        let messages = self.best.schedule.messages.len();
        self.progress
            .tell(|| format!("shrinking: {runs} runs, {actions} actions and {messages} messages left"));
        let keep = if matches!(self.judge, Judge::Violation(_)) { 0 } else { self.kept };
        let run = &run.clone().without_strays();
        let played = run.play(self.manner(keep, false));
        match played.came {
            Came::Interrupted => {
                self.is_over = true;
                Tried::NoMore
            }
            Came::Nowhere => Tried::Passes,
            Came::ToItsEnd | Came::ToTheViolation => self.judged(run, played),
        }
    }

    /// Tries a run in which messages are named by when they are sent; where little is left, also by their numbers: what is left out may change when
    /// others are sent, and not how many.
    pub(super) fn fails_either(
        &mut self,
        left: usize,
        by_time: Run,
        by_number: impl FnOnce() -> Run,
    ) -> Tried {
        /// Twice as many runs for so many elements are not many.
        const LITTLE: usize = 40;
        match self.fails(&by_time) {
            Tried::Passes if left <= LITTLE => self.fails(&by_number()),
            tried => tried,
        }
    }

    fn judged(&mut self, run: &Run, played: Played) -> Tried {
        let Played { mut world, undone, came, numbering } = played;
        if came == Came::ToItsEnd && matches!(self.judge, Judge::Violation(_)) {
            return Tried::Passes;
        }
        let end = world.now;
        let schedule = match &run.by_time {
            None => Rc::clone(&run.schedule),
            Some(by_time) => Rc::new(by_numbers(&run.schedule, by_time, &mut world, &numbering.inverse())),
        };
        let failure = match &mut self.judge {
            Judge::Violation(name) => {
                let violations = world.violations().into_iter();
                violations.map(|it| it.to_string()).find(|it| it.starts_with(name.as_str()))
            }
            Judge::Given { judge, kind } => {
                judge(&Lab::of_world(world)).filter(|failure| super::kind_of(failure) == *kind)
            }
        };
        let Some(failure) = failure else { return Tried::Passes };
        let mut best = Run { end, schedule, by_time: None, ..run.clone() };
        best.entries.retain(|entry| !undone.contains(&entry.id) && entry.at <= end);
        (self.best, self.failure, self.has_changed) = (best, failure, true);
        Tried::Fails
    }

    pub(super) fn manner(&self, keep: usize, routes: bool) -> Manner<'_> {
        let ends_at = match &self.judge {
            Judge::Violation(name) => Some(name.as_str()),
            Judge::Given { .. } => None,
        };
        Manner { keep, routes, ends_at, events: self.events }
    }

    /// What became of each message in the best run and which timers fired, with the numbers that all have in it.
    pub(super) fn routes(&self) -> Routes {
        let mut played = self.best.play(self.manner(0, true));
        let names = played.numbering.inverse();
        let routed = played.world.following.as_mut().and_then(|following| following.routed.take());
        let Routes { messages, fired } = routed.unwrap_or_default();
        let renamed = |it: Routed| {
            let (key, sending) = (names.key(it.key)?, names.sending(it.sending)?);
            Some(Routed { key, sending, ..it })
        };
        let renamed_timer = |it: Firing| Some(Firing { node: names.node(it.node)?, ..it });
        Routes {
            messages: messages.into_iter().filter_map(renamed).collect(),
            fired: fired.into_iter().filter_map(renamed_timer).collect(),
        }
    }

    /// Where one property is asked for, the others are in the way.
    fn without_other_properties(&self, mut run: Run) -> Run {
        if let Judge::Violation(name) = &self.judge {
            run.entries.retain(|entry| match &entry.action {
                Action::Require(property) => property.name() == name,
                _ => true,
            });
        }
        run
    }

    /// The best run, with messages named by when they are sent: so others keep their names when one is left out.
    pub(super) fn best_by_time(&self) -> Run {
        let mut run = self.best.clone();
        let named = self.routes().messages.into_iter();
        let named = named.filter(|it| run.schedule.messages.contains_key(&it.key));
        let by_time = named.filter_map(|it| Some((it.sending, it.delivery?))).collect();
        run.by_time = Some(Rc::new(by_time));
        run
    }

    /// Leaves out actions and entries of plans.
    fn fewer_actions(&mut self) {
        let (base, by_time) = (self.best.clone(), self.best_by_time());
        let elements = base.entries.iter().flat_map(|entry| match &entry.action {
            Action::Play(plan) => {
                (0..plan.entries.len()).map(|planned| Element::Planned(entry.id, planned)).collect()
            }
            _ if is_relied_on(&entry.action) => Vec::new(),
            _ => vec![Element::Action(entry.id)],
        });
        ddmin(elements.collect(), |kept| {
            self.fails_either(kept.len(), with_only(&by_time, kept), || with_only(&base, kept))
        });
    }

    /// Leaves out members of clusters.
    fn fewer_nodes(&mut self) {
        let (base, by_time) = (self.best.clone(), self.best_by_time());
        let members = base.entries.iter().flat_map(|entry| match &entry.action {
            Action::Cluster { size, .. } => {
                let there = (0..*size as u32).filter(|place| !entry.left_out.contains(place));
                there.map(|place| Element::Member(entry.id, place)).collect()
            }
            _ => Vec::new(),
        });
        ddmin(members.collect(), |kept| match (with_members(&by_time, kept), with_members(&base, kept)) {
            (Some(by_time), Some(by_number)) => self.fails_either(kept.len(), by_time, || by_number),
            _ => Tried::Passes,
        });
    }

    /// The result.
    pub(crate) fn counterexample(self, before: Size, is_calm: bool) -> Counterexample {
        /// As a laboratory keeps unless it is told otherwise.
        const KEPT: usize = 100_000;
        let played = self.best.play(self.manner(KEPT, false));
        Counterexample::new(played.world, before, self.failure, self.runs, !self.is_over, is_calm)
    }
}

/// The schedule of a run in which everything is as it was drawn.
fn said(followed: &Schedule, routed: &[Routed], world: &World) -> Schedule {
    let named = routed.iter().filter_map(|it| Some((it.key, it.delivery.clone()?)));
    let others = Others::After(super::times::rounded_latency(world));
    Schedule { messages: named.collect(), others, ..followed.clone() }
}

/// The schedule of a run in which messages were named by when they were sent.
fn by_numbers(
    schedule: &Schedule,
    by_time: &BTreeMap<Sending, Delivery>,
    world: &mut World,
    names: &Numbering,
) -> Schedule {
    let routes = world.following.as_mut().and_then(|following| following.routed.take()).unwrap_or_default();
    let named = routes.messages.into_iter().filter_map(|it| {
        let (key, sending) = (names.key(it.key)?, names.sending(it.sending)?);
        Some((key, by_time.get(&sending)?.clone()))
    });
    Schedule { messages: named.collect(), ..schedule.clone() }
}

/// Whether handles rely on it: it goes with its cluster, and not alone.
fn is_relied_on(action: &Action) -> bool {
    matches!(action, Action::Change { change, .. } if change.is_relied_on)
}

/// The run with these of its elements.
fn with_only(base: &Run, kept: &[Element]) -> Run {
    let kept: BTreeSet<Element> = kept.iter().copied().collect();
    let entries = base.entries.iter().filter_map(|entry| match &entry.action {
        Action::Play(plan) => {
            let is_kept = |planned: &usize| kept.contains(&Element::Planned(entry.id, *planned));
            let planned: Vec<usize> = (0..plan.entries.len()).filter(is_kept).collect();
            if planned.len() == plan.entries.len() {
                return Some(Rc::clone(entry)).filter(|_| !planned.is_empty());
            }
            let entries = planned.into_iter().map(|at| plan.entries[at].clone()).collect::<Vec<_>>();
            let action = Action::Play(FaultPlan { entries });
            (!matches!(&action, Action::Play(plan) if plan.entries.is_empty()))
                .then(|| Rc::new(Entry { action, ..(**entry).clone() }))
        }
        action => {
            let is_kept = is_relied_on(action) || kept.contains(&Element::Action(entry.id));
            is_kept.then(|| Rc::clone(entry))
        }
    });
    Run { entries: entries.collect(), ..base.clone() }
}

/// The run with these members of its clusters; nothing if a cluster would have none.
fn with_members(base: &Run, kept: &[Element]) -> Option<Run> {
    let mut run = base.clone();
    for entry in &mut run.entries {
        let Action::Cluster { size, .. } = entry.action else { continue };
        let out = (0..size as u32).filter(|&place| !kept.contains(&Element::Member(entry.id, place)));
        let left_out: Vec<u32> = out.collect();
        if left_out.len() == size {
            return None;
        }
        if left_out != entry.left_out {
            *entry = Rc::new(Entry { left_out, ..(**entry).clone() });
        }
    }
    Some(run)
}

pub(super) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
