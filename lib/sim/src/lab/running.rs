//! Letting time pass, and what ends a run before its time.

use netsplit_node::{Duration, Time};

use super::Lab;
use crate::error::{LabError, expect, forwards};
use crate::run::{Budget, Meter, Stopped};
use crate::world::{NodePanic, World};

impl Lab {
    /// Lets `time` pass.
    ///
    /// # Panics
    /// If `time` is negative; and where [`try_run_for`](Lab::try_run_for) gives an error, with that as its message.
    #[track_caller]
    pub fn run_for(&self, time: Duration) {
        if let Err(stopped) = self.try_run_for(time) {
            stopped.tell();
        }
    }

    /// Lets `time` pass, or less: the error says why the run ended early. The state is kept, and the next run goes on from there.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::secs;
    /// use netsplit_sim::{Lab, Stopped};
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 3, |_id| EagerStore::default());
    /// store.never("a store is full", |members| members.iter().any(|store| store.state != &EagerStore::default()));
    /// store.client_of(0).put("x", 1);
    /// let stopped = lab.try_run_for(secs(1)).unwrap_err();
    /// assert!(stopped.to_string().starts_with("a store is full is violated at"), "{stopped}");
    /// lab.run_for(secs(1)); // goes on: the violation has been told
    /// ```
    ///
    /// # Errors
    /// A property that is violated, a budget that is used up, a livelock (events go on and on at one instant), a node's panic after
    /// [`end_on_panic`](Lab::end_on_panic), the user's interrupt.
    ///
    /// # Panics
    /// If `time` is negative.
    #[track_caller]
    pub fn try_run_for(&self, time: Duration) -> Result<(), Stopped> {
        let time = expect(forwards("a run", time));
        let mut world = self.world();
        world.states.begin_run();
        let mut meter = watch_over(&mut world, time);
        world.run(&mut meter)
    }

    /// Runs until `condition` holds, looking between any two events, but no longer than `limit`. Returns whether it holds.
    ///
    /// # Panics
    /// If `limit` is negative; and where [`try_run_for`](Lab::try_run_for) gives an error, with that as its message.
    #[track_caller]
    pub fn run_until(&self, condition: impl FnMut() -> bool, limit: Duration) -> bool {
        self.try_run_until(condition, limit).unwrap_or_else(|stopped| stopped.tell())
    }

    /// Runs until `condition` holds, but no longer than `limit`: whether it holds, or why the run ended early.
    ///
    /// # Errors
    /// As of [`try_run_for`](Lab::try_run_for).
    ///
    /// # Panics
    /// If `limit` is negative.
    #[track_caller]
    pub fn try_run_until(
        &self,
        mut condition: impl FnMut() -> bool,
        limit: Duration,
    ) -> Result<bool, Stopped> {
        let limit = expect(forwards("a limit", limit));
        let mut meter = {
            let mut world = self.world();
            world.states.begin_run();
            watch_over(&mut world, limit)
        };
        loop {
            if condition() {
                return Ok(true);
            }
            let stepped = self.world().step(&mut meter);
            if !stepped? {
                return self.world().run(&mut meter).map(|()| false);
            }
        }
    }

    /// Runs the next event. Returns whether there was one.
    ///
    /// # Panics
    /// Where [`try_run_for`](Lab::try_run_for) gives an error, with that as its message.
    #[track_caller]
    pub fn step(&self) -> bool {
        let mut meter = Meter::new(&mut self.world(), Time::MAX);
        let stepped = self.world().step(&mut meter);
        stepped.unwrap_or_else(|stopped| stopped.tell())
    }

    /// From now on no run takes more than this, nor all of them together where it says so.
    ///
    /// # Panics
    /// If a time of it is negative.
    #[track_caller]
    pub fn set_budget(&self, budget: Budget) {
        if let Some(given) = budget.is_negative() {
            expect::<()>(Err(LabError::NegativeDuration { what: "a budget", given }));
        }
        self.world().budget = budget;
    }

    /// The panics of nodes so far. A node that panics crashes, as in life, and the laboratory goes on; so look here, or at the diagram.
    pub fn panics(&self) -> Vec<NodePanic> {
        self.world().panics.clone()
    }

    /// From now on a node that panics ends the run, with its message, instead of crashing quietly; the laboratory can go on from
    /// there.
    ///
    /// ```
    /// # use netsplit_node::{Context, Node, secs};
    /// # use netsplit_sim::Lab;
    /// #[derive(Clone, Debug)]
    /// struct Hasty;
    /// impl Node for Hasty {
    ///     type Message = ();
    ///     type Timer = ();
    ///     fn on_start(&mut self, ctx: &mut Context<Self>) { ctx.set_timer(secs(1), ()); }
    ///     fn on_timer(&mut self, (): (), _ctx: &mut Context<Self>) { panic!("no leader yet"); }
    /// }
    /// let lab = Lab::new(42);
    /// let nodes = lab.cluster("hasty", 2, |_id| Hasty);
    /// lab.run_for(secs(2));
    /// assert!(lab.panics()[1].text.starts_with("no leader yet"));
    /// assert!(format!("{nodes:?}").contains("down, it panicked: no leader yet"));
    /// ```
    pub fn end_on_panic(&self) {
        let mut world = self.world();
        world.ends_on_panic = true;
        world.refresh_extras();
    }
}

/// Watches over a run of `world` for so long.
fn watch_over(world: &mut World, time: Duration) -> Meter {
    let until = world.now + time;
    Meter::new(world, until)
}
