//! Faults: crash, restart, pause; and the start that a restart shares with the beginning.

use std::collections::VecDeque;

use netsplit_node::trace::EventKind;
use netsplit_node::{NodeId, Time};

use crate::disturbances::Source;
use crate::error::LabError;
use crate::handler_panic::NodesRun;
use crate::queue::Coming;
use crate::recorder::FROM_OUTSIDE;
use crate::world::{World, kind};

impl World {
    /// Makes the node anew from its factory and lets it begin.
    pub(crate) fn start(&mut self, node: NodeId, again: bool) {
        self.disturbances.end(Source::Node(node), self.now);
        let event =
            self.record(kind::STARTED, (node, None), FROM_OUTSIDE, |_| EventKind::Started { node, again });
        self.run_step(node, event, |population, member, step| population.start(member, step));
    }

    /// The node stops at once: what it had not synced, its timers, its calls and what waited for it are gone.
    pub(crate) fn crash(&mut self, node: NodeId, reason: &str, cause: u64) {
        let participant = &mut self.participants[node.0 as usize];
        if !participant.up {
            return;
        }
        participant.up = false;
        participant.went_down = self.now;
        participant.life += 1;
        if let Some(special) = &mut participant.special {
            special.crash_after = None;
        }
        let belongings = &mut *participant.belongings;
        belongings.disk.crash_with(&mut belongings.random);
        participant.unanswered.clear();
        let timers = std::mem::take(&mut participant.timers);
        let blocked = participant.blocked.take();
        self.open_calls.retain(|_, open| open.caller != node);
        self.dns.forget(node);
        let text = format!("{} {reason}", self.name_of(node));
        self.disturbances.begin(Source::Node(node), self.now, text);
        self.record(kind::CRASHED, (node, None), cause, |_| EventKind::Crashed {
            node,
            reason: reason.to_owned(),
        });
        for (timer, _) in timers {
            self.population_of(node).release_timer(timer);
        }
        if let Some(blocked) = blocked {
            self.release_effects(node, blocked.rest.into_iter());
            for coming in blocked.inbox {
                if let Coming::Arrival { to, from, cargo, sent } = coming {
                    self.lose(from, to, cargo, sent, "the receiver crashed before it looked");
                }
            }
        }
    }

    /// The node crashes in a later step, after `effects` more effects and before the next one.
    pub(crate) fn crash_after_effects(&mut self, node: NodeId, effects: u32) -> Result<(), LabError> {
        self.check_up(node)?;
        self.special(node).crash_after = Some(effects);
        Ok(())
    }

    pub(crate) fn restart(&mut self, node: NodeId) -> Result<(), LabError> {
        if self.participants[node.0 as usize].up {
            return Err(LabError::NotCrashed { name: self.name_of(node) });
        }
        let random = self.stream_of(node.0, self.participants[node.0 as usize].life);
        let participant = &mut self.participants[node.0 as usize];
        participant.up = true;
        participant.belongings.random = random;
        let _nodes_run = NodesRun::begin();
        self.start(node, true);
        Ok(())
    }

    /// The node takes no step before `until`; what arrives waits for it.
    pub(crate) fn pause(&mut self, node: NodeId, until: Time) -> Result<(), LabError> {
        self.check_up(node)?;
        let text = format!("{} is paused", self.name_of(node));
        self.disturbances.pause(node, self.now, until, text);
        self.record(kind::PAUSED, (node, None), FROM_OUTSIDE, |_| EventKind::Paused { node, until });
        let participant = &mut self.participants[node.0 as usize];
        match &mut participant.blocked {
            Some(blocked) => {
                blocked.until = blocked.until.max(until);
                let (until, life) = (blocked.until, participant.life);
                self.queue.push(until, Coming::Unblock { node, life });
            }
            None => self.block(node, until, None, VecDeque::new(), FROM_OUTSIDE),
        }
        Ok(())
    }

    pub(crate) fn check_up(&self, node: NodeId) -> Result<(), LabError> {
        if self.participants[node.0 as usize].up {
            Ok(())
        } else {
            Err(LabError::AlreadyDown { name: self.name_of(node) })
        }
    }
}
