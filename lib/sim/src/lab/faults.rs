//! What a notebook breaks, and how it makes it whole again.

use netsplit_node::{Duration, Time};

use super::Lab;
use crate::action::{Action, Made};
use crate::clock::Discipline;
use crate::error::{expect, forwards};
use crate::fault::{Fault, Undo};
use crate::group::Group;
use crate::liveness::Progress;
use crate::plan::FaultPlan;

/// A fault that was injected: [`Lab::undo`] takes it back, where it can be.
#[derive(Clone, Debug, PartialEq)]
pub struct Injected {
    undo: Undo,
}

impl Lab {
    /// Makes a fault happen now.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::secs;
    /// use netsplit_sim::{Fault, Lab};
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 3, |_id| EagerStore::default());
    /// let crash = lab.inject(Fault::Crash { nodes: store.nodes([1]) });
    /// assert!(!store.is_up(1));
    /// lab.undo(crash);
    /// assert!(store.is_up(1));
    /// ```
    ///
    /// # Panics
    /// If it cannot happen (a probability that is none, a node that is not here); nothing has changed then.
    #[track_caller]
    pub fn inject(&self, fault: Fault) -> Injected {
        match self.act(Action::Inject(fault)) {
            Made::Undo(undo) => Injected { undo },
            other => unreachable!("a fault makes a way to undo it, not {other:?}"),
        }
    }

    /// Takes a fault back: nodes restart, cuts heal, rules end, clocks run as before. What is lost stays lost.
    #[track_caller]
    pub fn undo(&self, fault: Injected) {
        self.act(Action::Undo(fault.undo));
    }

    /// Lets a plan of faults happen from now on.
    ///
    /// # Panics
    /// If a time of it is negative. A fault that cannot happen when its time has come is left out.
    #[track_caller]
    pub fn play(&self, plan: FaultPlan) {
        self.act(Action::Play(plan));
    }

    /// Ends all plans, cuts and rules, restarts and repairs the members of `core`, and cuts all other nodes off: what the core then does
    /// not get done, it never will.
    #[track_caller]
    pub fn heal_core(&self, core: impl Into<Group>) {
        self.act(Action::HealCore(core.into()));
    }

    /// Heals a core ([`heal_core`](Lab::heal_core)) and requires that `progress` comes true `within` a bound.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::secs;
    /// use netsplit_sim::Lab;
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 3, |_id| EagerStore::default());
    /// lab.partition([store.nodes([0]), store.nodes([1]), store.nodes([2])]);
    /// let ann = store.client_of(0).with_deadline(secs(1)).with_retries(9);
    /// let put = ann.put("x", 1);
    /// let progress = lab.require_progress(store.nodes([0, 1]), || !put.is_pending(), secs(5));
    /// assert!(progress.holds(), "{progress}");
    /// ```
    #[track_caller]
    pub fn require_progress(
        &self,
        core: impl Into<Group>,
        progress: impl FnMut() -> bool,
        within: Duration,
    ) -> Progress {
        self.heal_core(core);
        let (seed, start) = (self.seed(), self.now());
        let holds = self.run_until(progress, within);
        Progress { seed, within, after: holds.then(|| self.now() - start) }
    }

    /// From now on a sync of a disk takes this long.
    #[track_caller]
    pub fn set_sync_time(&self, time: Duration) {
        self.act(Action::SyncTime(expect(forwards("a sync", time))));
    }

    /// From now on these nodes' clocks are kept right: every `poll` they learn how far they are off, with an error of up to
    /// `error`, and correct themselves as `ntpd` does.
    #[track_caller]
    pub fn discipline_clocks(&self, nodes: impl Into<Group>, poll: Duration, error: Duration) {
        let discipline = Some(Discipline { poll, error });
        self.act(Action::Discipline { nodes: nodes.into(), discipline });
    }

    /// From now on nobody keeps these nodes' clocks right.
    #[track_caller]
    pub fn free_clocks(&self, nodes: impl Into<Group>) {
        self.act(Action::Discipline { nodes: nodes.into(), discipline: None });
    }

    /// What was done to this laboratory from outside, one line for each, with its time.
    pub fn actions(&self) -> Vec<(Time, String)> {
        self.world().log.iter().map(|logged| (logged.now, logged.action.to_string())).collect()
    }
}
