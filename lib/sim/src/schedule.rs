//! What a world does by itself at some time, besides what happens to its participants: faults of plans, polls of clocks, workloads.

use netsplit_node::{CallId, Duration, NodeId, Time};

use crate::fault::Undo;
use crate::group::Group;
use crate::network::{Cut, Part};
use crate::queue::Coming;
use crate::world::World;

/// Something that is due.
#[derive(Clone, Debug)]
pub(crate) enum Job {
    /// A flapping partition comes or goes.
    Flap(Cut),
    /// A disciplined clock learns how far it is off; the number tells it from polls of a former discipline.
    PollClock { node: NodeId, number: u32 },
    /// An entry of a plan begins.
    Begin { plan: u32, entry: u32 },
    /// What an entry of a plan did ends.
    End { plan: u32, undo: Undo },
    /// All routers know how a part of the topology of this era is.
    Converge { part: Part, works: bool, era: u32 },
    /// A caller that found no name server says so.
    LookupFails { call: CallId },
    /// A workload asks, by this client of a closed loop or by any of an open one.
    Ask { workload: u32, client: Option<u32> },
    /// A timer of the schedule that is followed fires.
    Fire(u32),
    /// The next member of a cluster is upgraded.
    Upgrade { cluster: u32, next: u32, version: u32, every: Duration },
    /// Something should have come true by now. What there is to do is done after every event: properties are looked at.
    Due,
}

/// A partition that comes and goes.
#[derive(Clone, Debug)]
pub(crate) struct Flap {
    pub(crate) groups: Vec<Group>,
    pub(crate) down: Duration,
    pub(crate) up: Duration,
    pub(crate) is_down: bool,
}

impl World {
    pub(crate) fn schedule(&mut self, at: Time, job: Job) {
        let job = self.jobs.insert(job);
        self.queue.push(at.max(self.now), Coming::Job { job });
    }

    #[cold]
    pub(crate) fn do_job(&mut self, job: netsplit_node::Slot) {
        match self.jobs.take(job) {
            Job::Flap(cut) => self.flap(cut),
            Job::PollClock { node, number } => self.poll_clock(node, number),
            Job::Begin { plan, entry } => self.begin_entry(plan, entry),
            Job::End { plan, undo } => self.end_entry(plan, &undo),
            Job::Converge { part, works, era } => self.converge(part, works, era),
            Job::LookupFails { call } => self.lookup_fails(call),
            Job::Ask { workload, client } => self.ask(workload, client),
            Job::Upgrade { cluster, next, version, every } => {
                self.upgrade_next(cluster, next, version, every)
            }
            Job::Fire(number) => self.fire_scheduled(number),
            Job::Due => {}
        }
    }
}
