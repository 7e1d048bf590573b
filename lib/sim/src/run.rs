//! Running: the loop over events, what ends it before its time, and how much one run may take.

use std::fmt;

use netsplit_node::interrupt::{self, Interrupted};
use netsplit_node::progress::Progress;
use netsplit_node::{Duration, Time, ns, secs};

use crate::handler_panic::NodesRun;
use crate::property::{Touched, Violation};
use crate::queue::Coming;
use crate::world::{NodePanic, World};

/// How many events may happen at one instant before the run is taken for a livelock.
const EVENTS_AT_ONE_INSTANT: u64 = 10_000_000;

/// After so many events a run looks at the machine's clock and memory, and tells how far it is.
const EVENTS_BETWEEN_LOOKS: u64 = 8192;

/// How much one run may take (one `run_for`, `run_until` or `step`), or all of them together. What is not said is not bounded, but for the number of events,
/// which is 10 billion: more than a run that somebody waits for.
///
/// A run that reaches its budget ends between two events, with a sentence; the laboratory can go on from there. Events and virtual time are
/// the same on every machine; real time and memory are not, so what must come out the same everywhere should not rest on them.
///
/// ```
/// use netsplit_node::{Context, Node, NodeId, mins, secs};
/// use netsplit_sim::{Budget, Lab, Stopped};
///
/// #[derive(Clone, Debug)]
/// struct Echo;
/// impl Node for Echo {
///     type Message = ();
///     type Timer = ();
///     fn on_start(&mut self, ctx: &mut Context<Self>) { ctx.broadcast(()); }
///     fn on_message(&mut self, _from: NodeId, (): (), ctx: &mut Context<Self>) { ctx.broadcast(()); }
/// }
/// let lab = Lab::new(42);
/// lab.cluster("echo", 3, |_id| Echo);
/// lab.set_budget(Budget::new().events(100_000));
/// let stopped = lab.try_run_for(mins(1)).unwrap_err(); // each message makes two
/// assert!(matches!(stopped, Stopped::OverBudget { .. }), "{stopped}");
/// assert_eq!(lab.events_handled(), 100_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    events: u64,
    is_for_all_runs: bool,
    runs: Option<u64>,
    simulated: Option<Duration>,
    real: Option<Duration>,
    memory: Option<u64>,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            events: 10_000_000_000,
            is_for_all_runs: false,
            runs: None,
            simulated: None,
            real: None,
            memory: None,
        }
    }
}

impl Budget {
    /// Bounds nothing but the number of events, by 10 billion.
    pub fn new() -> Budget {
        Budget::default()
    }

    /// At most so many events.
    pub fn events(self, events: u64) -> Budget {
        Budget { events, is_for_all_runs: false, ..self }
    }

    /// At most so many events in all runs together, from the world's beginning, instead of in each of them.
    ///
    /// ```
    /// use netsplit_node::secs;
    /// use netsplit_sim::{Budget, Lab, Stopped};
    /// let lab = Lab::new(42);
    /// lab.set_budget(Budget::new().events_in_all(1_000).runs(100));
    /// let stopped = (0..).find_map(|_| lab.try_run_for(secs(1)).err()).unwrap(); // waits for what never comes
    /// assert!(stopped.to_string().starts_with("the run's budget of 100 runs was used up"), "{stopped}");
    /// ```
    pub fn events_in_all(self, events: u64) -> Budget {
        Budget { events, is_for_all_runs: true, ..self }
    }

    /// At most so many runs in all: a program that waits in a loop for what never comes is ended by this where nothing happens in the world.
    pub fn runs(self, runs: u64) -> Budget {
        Budget { runs: Some(runs), ..self }
    }

    /// At most so much virtual time.
    pub fn simulated(self, time: Duration) -> Budget {
        Budget { simulated: Some(time), ..self }
    }

    /// At most about so much time by the machine's clock.
    pub fn real(self, time: Duration) -> Budget {
        Budget { real: Some(time), ..self }
    }

    /// The process may grow by about so many bytes. Bounds nothing where the machine does not tell (it does on Linux).
    pub fn memory(self, bytes: u64) -> Budget {
        Budget { memory: Some(bytes), ..self }
    }

    /// A budget of negative time is none.
    pub(crate) fn is_negative(&self) -> Option<Duration> {
        [self.simulated, self.real].into_iter().flatten().find(|time| time.is_negative())
    }
}

/// Why a run ended before its time. The laboratory is as it stands between two events, and can go on from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Events went on and on at one instant.
    Livelock {
        /// The instant.
        at: Time,
        /// The seed of the world.
        seed: u64,
    },
    /// A node panicked, where that ends the run.
    Panicked {
        /// When.
        at: Time,
        /// The seed of the world.
        seed: u64,
        /// The node's name.
        node: String,
        /// What it said, and where.
        text: String,
    },
    /// A property does not hold.
    Violated(Violation),
    /// The run took more than it may.
    OverBudget {
        /// When.
        at: Time,
        /// The seed of the world.
        seed: u64,
        /// What there was too much of: "1,000 events".
        limit: String,
    },
    /// The user wants no more.
    Interrupted {
        /// When.
        at: Time,
    },
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stopped::Livelock { at, seed } => write!(
                f,
                "more than {EVENTS_AT_ONE_INSTANT} events at {at} (seed {seed}): time stands still. A node that answers itself \
                 without delay (a latency or a timer of 0) does this; give it a delay"
            ),
            Stopped::Panicked { at, seed, node, text } => write!(
                f,
                "{node} panicked at {at} (seed {seed}): {text}. The laboratory can go on from here; without end_on_panic the node \
                 alone crashes"
            ),
            Stopped::Violated(violation) => write!(f, "{violation}"),
            Stopped::OverBudget { at, seed, limit } => write!(
                f,
                "the run's budget of {limit} was used up at {at} (seed {seed}): the state is kept; run again to go on, or \
                 give a run more with lab.set_budget(..)"
            ),
            Stopped::Interrupted { at } => write!(f, "{}", Interrupted { at: at.to_string(), goes_on: true }),
        }
    }
}

impl std::error::Error for Stopped {}

impl Stopped {
    /// Tells the cell. The world must not be locked any more.
    #[track_caller]
    pub(crate) fn tell(self) -> ! {
        match self {
            Stopped::Interrupted { at } => Interrupted { at: at.to_string(), goes_on: true }.unwind(),
            told => panic!("{told}"),
        }
    }
}

/// Watches over one run: its budget, and how far it is.
pub(crate) struct Meter {
    budget: Budget,
    began: Time,
    until: Time,
    /// From which event on they count.
    first: u64,
    /// At which event to look next.
    next: u64,
    progress: Progress,
    /// What the process held in memory at the beginning, where that matters.
    memory: Option<u64>,
}

impl Meter {
    /// For a run of `world` that begins now, until a time.
    pub(crate) fn new(world: &mut World, until: Time) -> Meter {
        let memory = world.budget.memory.and_then(|_| resident_memory());
        let budget = world.budget;
        world.runs += 1;
        let first = if budget.is_for_all_runs { 0 } else { world.handled };
        let left = budget.events.saturating_sub(world.handled - first);
        // One run too many looks before its first event.
        let is_one_too_many = budget.runs.is_some_and(|runs| world.runs > runs);
        let next = if is_one_too_many { 0 } else { world.handled + left.min(EVENTS_BETWEEN_LOOKS) };
        Meter { budget, began: world.now, until, first, next, progress: Progress::begin(), memory }
    }

    /// When the run ends: at the time that was asked for, or where its virtual time is used up.
    fn end(&self) -> Time {
        self.budget.simulated.map_or(self.until, |budget| self.until.min(self.began + budget))
    }

    /// The clock shows where this run was to end, at the latest.
    fn finish(&self, world: &mut World) -> Result<(), Stopped> {
        world.now = world.now.max(self.end());
        match self.budget.simulated {
            Some(budget) if self.end() < self.until => {
                Err(self.over(world, format!("{budget} of virtual time")))
            }
            _ => Ok(()),
        }
    }

    fn over(&self, world: &World, limit: String) -> Stopped {
        Stopped::OverBudget { at: world.now, seed: world.seed, limit }
    }

    /// A closer look, now and then.
    #[cold]
    fn look(&mut self, world: &World) -> Result<(), Stopped> {
        let handled = world.handled - self.first;
        if handled >= self.budget.events {
            return Err(self.over(world, format!("{} events", grouped(self.budget.events))));
        }
        if let Some(runs) = self.budget.runs.filter(|runs| world.runs > *runs) {
            return Err(self.over(world, format!("{} runs", grouped(runs))));
        }
        self.next = world.handled + EVENTS_BETWEEN_LOOKS.min(self.budget.events - handled);
        let taken = self.progress.taken();
        if let Some(budget) = self.budget.real
            && taken.as_nanos() as i128 > i128::from(budget.as_nanos())
        {
            return Err(self.over(world, format!("{budget} of real time")));
        }
        if let (Some(budget), Some(before)) = (self.budget.memory, self.memory)
            && resident_memory().is_some_and(|now| now.saturating_sub(before) > budget)
        {
            return Err(self.over(world, format!("{} MB of memory", grouped(budget.div_ceil(1_000_000)))));
        }
        let (began, until, now) = (self.began, self.until, world.now);
        self.progress.tell(|| {
            let rate = handled as f64 / taken.as_secs_f64() / 1e6;
            let of =
                if until == Time::MAX { String::new() } else { format!(" of {}", rounded(until - began)) };
            format!(
                "running: {}{of}, {} events, {rate:.1} million a second",
                rounded(now - began),
                grouped(handled)
            )
        });
        Ok(())
    }
}

/// Where a trial of a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Went {
    /// To the time.
    There,
    /// As many events as it may.
    Far,
    /// To a violated property, or to a panic that ends runs: it can go on.
    Wrong,
    /// Time stands still.
    Round,
    Interrupted,
}

/// Says how far a replay is.
pub(crate) struct Replaying {
    progress: Progress,
    events: u64,
}

impl Replaying {
    /// Of a run of so many events.
    pub(crate) fn new(events: u64) -> Replaying {
        Replaying { progress: Progress::begin(), events }
    }

    #[cold]
    fn tell(&mut self, handled: u64) {
        let events = self.events;
        self.progress.tell(|| format!("replaying: {} of {} events", grouped(handled), grouped(events)));
    }
}

/// A time without digits that nobody follows.
fn rounded(time: Duration) -> Duration {
    let unit = if time >= secs(10) { 100_000_000 } else { 1_000_000 };
    ns(time.as_nanos() / unit * unit)
}

/// "1,234,567".
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

/// How many bytes of memory the process holds, where the machine tells.
fn resident_memory() -> Option<u64> {
    /// What Linux counts in; larger pages exist and make this an underestimate.
    const PAGE: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split(' ').nth(1)?.parse::<u64>().ok()? * PAGE)
}

impl World {
    /// Runs everything that is due before the meter's end, then lets the clock show that.
    pub(crate) fn run(&mut self, meter: &mut Meter) -> Result<(), Stopped> {
        let _nodes_run = NodesRun::begin();
        self.tell_violation()?;
        let end = meter.end();
        while !interrupt::is_asked() {
            if self.handled >= meter.next {
                meter.look(self)?;
            }
            let Some((time, coming)) = self.queue.pop_until(end) else {
                meter.finish(self)?;
                return self.at_rest();
            };
            if !self.happen(time, coming) {
                return Err(self.stopped());
            }
        }
        Err(Stopped::Interrupted { at: self.now })
    }

    /// Runs the next event, if one is due before the meter's end. Returns whether one was.
    pub(crate) fn step(&mut self, meter: &mut Meter) -> Result<bool, Stopped> {
        let _nodes_run = NodesRun::begin();
        self.tell_violation()?;
        if interrupt::is_asked() {
            return Err(Stopped::Interrupted { at: self.now });
        }
        if self.handled >= meter.next {
            meter.look(self)?;
        }
        match self.queue.pop_until(meter.end()) {
            Some((time, coming)) if self.happen(time, coming) => Ok(true),
            Some(_) => Err(self.stopped()),
            None => Ok(false),
        }
    }

    /// Runs on in a trial of a run: until a time, or so many events since the world began.
    pub(crate) fn go_on(&mut self, until: Time, events: u64) -> Went {
        let _nodes_run = NodesRun::begin();
        while self.handled < events {
            if interrupt::is_asked() {
                return Went::Interrupted;
            }
            let Some((time, coming)) = self.queue.pop_until(until) else {
                self.now = self.now.max(until);
                return Went::There;
            };
            if !self.happen(time, coming) {
                if self.violated || std::mem::take(&mut self.panicked) {
                    return Went::Wrong;
                }
                return Went::Round;
            }
        }
        Went::Far
    }

    /// Runs again what has been run before: until so many events have been handled since the world began, or none is left. What was
    /// violated then has been told.
    pub(crate) fn run_events(&mut self, handled: u64, replaying: &mut Replaying) -> Result<(), Stopped> {
        self.run_again(Time::MAX, handled, replaying)
    }

    /// Runs again everything up to and including `until`.
    pub(crate) fn run_again_to(&mut self, until: Time, replaying: &mut Replaying) -> Result<(), Stopped> {
        self.run_again(until, u64::MAX, replaying)?;
        self.now = self.now.max(until);
        Ok(())
    }

    fn run_again(&mut self, until: Time, handled: u64, replaying: &mut Replaying) -> Result<(), Stopped> {
        let _nodes_run = NodesRun::begin();
        while self.handled < handled {
            if interrupt::is_asked() {
                return Err(Stopped::Interrupted { at: self.now });
            }
            let Some((time, coming)) = self.queue.pop_until(until) else { break };
            self.again(time, coming)?;
            if self.handled.is_multiple_of(EVENTS_BETWEEN_LOOKS) {
                replaying.tell(self.handled);
            }
        }
        Ok(())
    }

    fn again(&mut self, time: Time, coming: Coming) -> Result<(), Stopped> {
        if self.happen(time, coming) {
            return Ok(());
        }
        match self.stopped() {
            Stopped::Violated(_) | Stopped::Panicked { .. } => Ok(()),
            stopped => Err(stopped),
        }
    }

    /// Lets one event happen. Returns whether the run goes on.
    #[inline(always)]
    fn happen(&mut self, time: Time, coming: Coming) -> bool {
        let mut goes_on = true;
        if time == self.now {
            self.instant_events += 1;
            if self.instant_events > EVENTS_AT_ONE_INSTANT {
                self.instant_events = 0;
                goes_on = false;
            }
        } else {
            self.instant_events = 0;
        }
        self.now = time;
        self.handled += 1;
        if self.looks {
            return goes_on & self.happen_under_observation(coming);
        }
        self.dispatch(coming);
        goes_on
    }

    /// The same where plans wait for something, something must hold, or panics end the run.
    #[cold]
    fn happen_under_observation(&mut self, coming: Coming) -> bool {
        let touched = self.touched_by(&coming);
        self.dispatch(coming);
        if self.watching {
            self.check_watches();
        }
        let is_well = self.properties.is_empty() || self.look_at_properties(touched);
        is_well && !self.panicked
    }

    /// The end of a run: what is looked at after events is looked at once more, since what was done from outside is no event.
    fn at_rest(&mut self) -> Result<(), Stopped> {
        if !self.properties.is_empty() {
            self.look_at_properties(Touched::Everybody);
        }
        self.tell_violation()
    }

    /// What was found violated outside of a run, ends the next one.
    fn tell_violation(&mut self) -> Result<(), Stopped> {
        if self.violated { Err(self.stopped()) } else { Ok(()) }
    }

    /// Why the run ends here.
    #[cold]
    fn stopped(&mut self) -> Stopped {
        if std::mem::take(&mut self.violated)
            && let Some(violation) = self.newest_violation()
        {
            return Stopped::Violated(violation);
        }
        match self.panics.last() {
            Some(NodePanic { time, node, text }) if std::mem::take(&mut self.panicked) => {
                let (at, node, text) = (*time, self.name_of(*node), text.clone());
                Stopped::Panicked { at, seed: self.seed, node, text }
            }
            _ => Stopped::Livelock { at: self.now, seed: self.seed },
        }
    }
}
