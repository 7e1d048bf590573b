//! Every moment of a run as a place to go on from: snapshots, forks, and going back.

use std::fmt;

use netsplit_node::{Duration, Time};

use super::{HeldWorld, Lab};
use crate::action::{Action, Moment};
use crate::error::{LabError, expect};
use crate::replay::Replay;
use crate::run::Replaying;
use crate::world::World;

/// A laboratory as it was at one moment. Keeps everything: nodes, messages under way, disks, the trace.
#[derive(Clone)]
pub struct Snapshot {
    world: HeldWorld,
}

impl Snapshot {
    fn copy(&self) -> World {
        self.world.lock().clone()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let world = self.world.lock();
        write!(f, "snapshot of seed {} at {}, trace {}", world.seed, world.now, world.recorder.hash())
    }
}

/// A handle that a laboratory gave: [`Lab::of`] moves it to a copy of that laboratory.
pub trait Handle: Sized {
    /// The same, in another laboratory.
    fn in_lab(&self, lab: &Lab) -> Self;
}

impl Lab {
    /// The laboratory as it is now, to come back to with [`restore`](Lab::restore).
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { world: HeldWorld::new(self.world().clone()) }
    }

    /// Everything is again as it was. Handles from before the snapshot go on to work; what was made after it is gone.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::secs;
    /// use netsplit_sim::Lab;
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 3, |_id| EagerStore::default());
    /// let before = lab.snapshot();
    /// store.crash(0);
    /// lab.restore(&before);
    /// assert!(store.is_up(0));
    /// ```
    pub fn restore(&self, snapshot: &Snapshot) {
        let world = snapshot.copy();
        *self.world() = world;
    }

    /// A second laboratory that is now as this one, and goes its own way from here. [`of`](Lab::of) finds things in it.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::secs;
    /// use netsplit_sim::Lab;
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 3, |_id| EagerStore::default());
    /// let what_if = lab.fork();
    /// let twin = what_if.of(&store);
    /// twin.crash(0);
    /// assert!(store.is_up(0) && !twin.is_up(0));
    /// ```
    pub fn fork(&self) -> Lab {
        Lab { world: HeldWorld::new(self.world().clone()) }
    }

    /// The same cluster, client or call in this copy of its laboratory.
    ///
    /// # Panics
    /// If it is not in this laboratory.
    #[track_caller]
    pub fn of<H: Handle>(&self, handle: &H) -> H {
        handle.in_lab(self)
    }

    /// Runs everything again, from the seed and the actions, and says whether it was the same. If it was not, the nodes use something that is
    /// not their context's; the answer shows the first event that differs, and the likely cause.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::secs;
    /// use netsplit_sim::Lab;
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 3, |_id| EagerStore::default());
    /// store.client_of(0).put("x", 1);
    /// lab.run_for(secs(1));
    /// let replay = lab.verify_replay();
    /// assert!(replay.holds(), "{replay}");
    /// ```
    #[track_caller]
    pub fn verify_replay(&self) -> Replay {
        let verified = self.world().verify_replay();
        verified.unwrap_or_else(|stop| stop.tell())
    }

    /// Goes back to `time`: everything is as it was after the last event of that moment, by doing again all that was done. What was made
    /// later is gone.
    ///
    /// # Panics
    /// If `time` has not come yet.
    #[track_caller]
    pub fn rewind_to(&self, time: Time) {
        self.go_to(Moment::Time(time));
    }

    /// Goes back by `time` from now.
    ///
    /// # Panics
    /// If that is before the beginning, or `time` is negative.
    #[track_caller]
    pub fn rewind_by(&self, time: Duration) {
        let now = self.now();
        assert!(
            !time.is_negative() && now - Time::ZERO >= time,
            "cannot go back by {time} at {now}; expected a duration from 0s to {now}"
        );
        self.rewind_to(now - time);
    }

    /// Goes back to just before the first event after which `condition` holds, looking at this laboratory as it goes. Returns
    /// whether there is one; otherwise everything is as before. Looks from the moment on at which the last cluster, member or client
    /// was made, so that the condition finds its handles.
    #[track_caller]
    pub fn rewind_before(&self, mut condition: impl FnMut() -> bool) -> bool {
        let (end, last_made, now) = {
            let world = self.world();
            let makes = |action: &Action| {
                matches!(
                    action,
                    Action::Cluster { .. }
                        | Action::Client { .. }
                        | Action::Join { .. }
                        | Action::Call { .. }
                )
            };
            let last = world.log.iter().rev().find(|logged| makes(&logged.action));
            (world.handled(), last.map_or(0, |logged| logged.handled), world.now)
        };
        let (present, mut replaying) = (self.snapshot(), Replaying::new(end));
        for events in last_made..=end {
            if events == last_made {
                self.go_to(Moment::Events(events));
            } else {
                self.restore_step(&present, events, &mut replaying);
            }
            if condition() {
                self.restore(&present);
                self.go_to(Moment::Events(events.saturating_sub(1)));
                return true;
            }
        }
        self.restore(&present);
        debug_assert_eq!(self.now(), now);
        false
    }

    /// One event further, with the actions that were done after it in the `present`.
    #[track_caller]
    fn restore_step(&self, present: &Snapshot, events: u64, replaying: &mut Replaying) {
        let actions: Vec<_> = {
            let present = present.world.lock();
            let at = present.log.iter().filter(|logged| logged.handled == events);
            at.cloned().collect()
        };
        let mut world = self.world();
        let result = world.run_events(events, replaying);
        for logged in actions {
            world.now = logged.now;
            let _ = world.act(logged.action);
        }
        drop(world);
        if let Err(stop) = result {
            self.restore(present);
            stop.tell();
        }
    }

    #[track_caller]
    fn go_to(&self, moment: Moment) {
        let mut world = self.world();
        if let Moment::Time(time) = moment
            && time > world.now
        {
            let now = world.now;
            drop(world);
            expect::<()>(Err(LabError::NotYet { time, now }));
            return;
        }
        let replayed = world.replayed(moment);
        if let Ok(replayed) = replayed {
            *world = replayed;
            return;
        }
        drop(world);
        if let Err(stop) = replayed {
            stop.tell();
        }
    }
}
