//! What is out of the ordinary about single nodes: their clocks, their speed, their queues.

use std::collections::VecDeque;

use netsplit_node::{Duration, Effect, NodeId, Step, Time};

use crate::clock::{Clock, Discipline};
use crate::error::{LabError, forwards};
use crate::group::Group;
use crate::participants::{Participant, Special};
use crate::schedule::Job;
use crate::world::World;

impl World {
    pub(crate) fn special(&mut self, node: NodeId) -> &mut Special {
        self.participants[node.0 as usize].special.get_or_insert_default()
    }

    pub(crate) fn clock(&mut self, node: NodeId) -> &mut Clock {
        let now = self.now;
        self.special(node).clock.get_or_insert_with(|| Clock::new(now))
    }

    /// Lets clocks be kept right from now on, or no longer.
    pub(crate) fn discipline(
        &mut self,
        nodes: &Group,
        discipline: Option<Discipline>,
    ) -> Result<(), LabError> {
        self.check_members(nodes)?;
        if let Some(Discipline { poll, error }) = discipline {
            forwards("the time between two polls less 1ms", poll - netsplit_node::ms(1))?;
            forwards("the error of a poll", error)?;
        }
        for &node in nodes.ids() {
            let now = self.now;
            let number = self.clock(node).set_discipline(now, discipline);
            if discipline.is_some() {
                self.schedule(now, Job::PollClock { node, number });
            }
        }
        Ok(())
    }

    pub(crate) fn poll_clock(&mut self, node: NodeId, number: u32) {
        let now = self.now;
        let Some(clock) =
            self.participants[node.0 as usize].special.as_mut().and_then(|it| it.clock.as_mut())
        else {
            return;
        };
        if clock.poll_number == number
            && let Some(next) = clock.poll(now, &mut self.fault_random)
        {
            self.schedule(next, Job::PollClock { node, number });
        }
    }

    /// When a timer that is set now runs out.
    #[inline]
    pub(crate) fn timer_due(&self, node: NodeId, after: Duration) -> Time {
        let after = after.max(Duration::ZERO);
        match self.participants[node.0 as usize].clock() {
            None => self.now + after,
            Some(clock) => self.now + clock.true_time(after),
        }
    }

    /// When a sync that begins now ends.
    pub(crate) fn sync_ends(&self, node: NodeId) -> Time {
        match &self.participants[node.0 as usize].special {
            None => self.now + self.sync_time,
            Some(special) => self.now + (self.sync_time + special.disk_delay) * i64::from(special.slowness),
        }
    }

    /// A node that takes time for its steps: what the step asked for happens when that time is over. Returns whether it is so.
    #[cold]
    pub(crate) fn takes_time(&mut self, node: NodeId, cause: u64) -> bool {
        let Some(special) = &self.participants[node.0 as usize].special else { return false };
        let Some(time) = special.service_time else { return false };
        let time = time.draw(&mut self.fault_random) * i64::from(special.slowness);
        let effects: VecDeque<Effect> = self.step.effects().drain(..).collect();
        self.block(node, self.now + time, None, effects, cause);
        true
    }
}

impl Special {
    /// Shows a step what this node sees: its own clock, and a twin the other's name.
    #[inline(never)]
    pub(crate) fn prepare(&self, step: &mut Step, now: Time) {
        step.uncertainty = Duration::ZERO;
        if let Some(clock) = &self.clock {
            step.now = clock.read(now);
            step.uncertainty = clock.uncertainty(now);
            step.monotonic = clock.monotonic(now);
        }
        if let Some(other) = self.stands_for {
            step.node = other;
        }
    }
}

impl Participant {
    #[inline]
    pub(crate) fn clock(&self) -> Option<&Clock> {
        self.special.as_ref()?.clock.as_ref()
    }
}
