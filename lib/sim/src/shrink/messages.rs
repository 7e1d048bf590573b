//! Which messages a failure needs: all others are lost, or in a calm network take as long as any.

use std::collections::BTreeMap;
use std::rc::Rc;

use netsplit_node::NodeId;

use super::schedule::{Delivery, Firing, MessageKey, Others, Schedule};
use super::search::Search;
use super::trial::Run;
use super::{Tried, ddmin};
use crate::follow::{Routed, Sending};

impl Search<'_> {
    /// Leaves out messages that arrive, or what is special about messages.
    pub(super) fn fewer_messages(&mut self, is_calm: bool) {
        let others = match (is_calm, self.best.schedule.others) {
            (false, _) => Others::Lost,
            (true, others @ Others::After(_)) => others,
            (true, _) => Others::After(super::times::CALM),
        };
        let is_said = |it: &Routed| match (&it.delivery, others) {
            (None, _) => false,
            (Some(delivery), Others::After(time)) => {
                *delivery != Delivery::after(time) || self.best.schedule.messages.contains_key(&it.key)
            }
            (Some(delivery), _) => !delivery.after.is_empty(),
        };
        let all = self.routes().messages.into_iter().filter(is_said);
        let all: Vec<(Sending, MessageKey, Delivery)> =
            all.filter_map(|it| Some((it.sending, it.key, it.delivery?))).collect();
        let base = self.best.clone();
        let by_time = |kept: &[(Sending, MessageKey, Delivery)]| {
            let named = kept.iter().map(|(sending, _, delivery)| (*sending, delivery.clone()));
            let schedule = Schedule { others, messages: BTreeMap::new(), ..(*base.schedule).clone() };
            Run { by_time: Some(Rc::new(named.collect())), ..base.following(schedule) }
        };
        let by_number = |kept: &[(Sending, MessageKey, Delivery)]| {
            let messages = kept.iter().map(|(_, key, delivery)| (*key, delivery.clone())).collect();
            base.following(Schedule { others, messages, ..(*base.schedule).clone() })
        };
        if self.says_the_same(by_time(&all)) {
            ddmin(all, |kept| self.fails_either(kept.len(), by_time(kept), || by_number(kept)));
        }
    }

    /// Leaves out timers that fire, since one that fires late enough is none, and of random choices those that are not the first.
    pub(super) fn fewer_timers(&mut self, is_calm: bool) {
        if is_calm {
            return;
        }
        let fired = match &self.best.schedule.timers {
            Some(timers) => timers.clone(),
            None => self.routes().fired,
        };
        if self.best.schedule.timers.is_some() || !fired.is_empty() {
            let (by_number, by_time) = (self.best.clone(), self.best_by_time());
            let with = |base: &Run, kept: &[Firing]| {
                base.following(Schedule { timers: Some(kept.to_vec()), ..(*base.schedule).clone() })
            };
            if self.says_the_same(with(&by_time, &fired)) {
                ddmin(fired, |kept| {
                    self.fails_either(kept.len(), with(&by_time, kept), || with(&by_number, kept))
                });
            }
        }
        let Some(choices) = self.best.schedule.choices.clone() else { return };
        let base = self.best.clone();
        let with = |kept: &[((NodeId, u32), u64)]| {
            let choices = Some(kept.iter().copied().collect());
            base.following(Schedule { choices, ..(*base.schedule).clone() })
        };
        ddmin(choices.into_iter().collect(), |kept| self.fails(&with(kept)));
    }

    /// Where no timer is left and no random choice, the schedule need not speak of them.
    pub(super) fn say_less(&mut self) {
        let (timers, choices) = (self.best.schedule.timers.clone(), self.best.schedule.choices.clone());
        let less = Schedule {
            clocks_stand: false,
            timers: timers.filter(|timers| !timers.is_empty()),
            choices: choices.filter(|choices| !choices.is_empty()),
            ..(*self.best.schedule).clone()
        };
        let before = self.best.clone();
        let run = before.following(less);
        if *run.schedule != *before.schedule
            && self.fails(&run) == Tried::Fails
            && run.schedule.timers.is_none()
            && !self.routes().fired.is_empty()
        {
            self.best = before;
        }
    }

    /// Whether a run fails that should be the best, said in another way. Where it is not the same after all, what was drawn stays drawn.
    fn says_the_same(&mut self, run: Run) -> bool {
        if run.by_time.is_none() && *run.schedule == *self.best.schedule {
            return true;
        }
        let has_changed = self.has_changed;
        let fails = self.fails(&run) == Tried::Fails;
        if fails {
            self.has_changed = has_changed;
        }
        fails
    }
}
