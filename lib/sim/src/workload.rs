//! Workloads: many requests without a line of code for each, from closed loops (each client waits for its answer, thinks, and asks
//! again) or open ones (requests come at a rate, whatever happens to the earlier ones).
//!
//! The difference decides what overload looks like: a closed loop slows down with its service, an open one does not (Schroeder,
//! Wierman and Harchol-Balter, "Open versus closed: a cautionary tale", 2006).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use netsplit_node::{Duration, KeyValueRequest, NodeId, Outcome, Payload, Random, Time, Value, Zipf};

use netsplit_view::Chart;

use crate::action::{Action, Made};
use crate::error::{LabError, expect, forwards};
use crate::lab::{Handle, Lab};
use crate::participants::OperationId;
use crate::schedule::Job;
use crate::world::World;

/// How requests come: from how many clients, how often, how patient.
///
/// ```
/// use netsplit_algorithms::replication::EagerStore;
/// use netsplit_node::{ms, secs};
/// use netsplit_sim::{Keys, Lab, Workload};
/// let lab = Lab::new(42);
/// let store = lab.cluster("store", 3, |_id| EagerStore::default());
/// let load = store.load(Workload::closed(5).thinking(ms(10)), Keys::zipf(100, 0.99).reads_and_writes(0.9));
/// lab.run_for(secs(10));
/// let report = load.report();
/// assert!(report.ok > 3_000 && report.fail == 0, "{report}");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    arrivals: Arrivals,
    deadline: Option<Duration>,
    retries: u32,
    at_most: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
enum Arrivals {
    Closed {
        clients: u32,
        thinking: Duration,
    },
    /// At most so many requests wait for answers at once: each takes a client of its own.
    Open {
        mean_between: Duration,
        clients: u32,
    },
}

impl Workload {
    /// So many clients, each of which asks, waits for the outcome, and asks again.
    pub fn closed(clients: u32) -> Workload {
        Workload {
            arrivals: Arrivals::Closed { clients, thinking: Duration::ZERO },
            deadline: None,
            retries: 0,
            at_most: None,
        }
    }

    /// So many requests a second on average, at independent random times (a Poisson process), whether the earlier ones were
    /// answered or not.
    ///
    /// # Panics
    /// If the rate is 0.
    #[track_caller]
    pub fn open(per_second: u32) -> Workload {
        assert!(per_second > 0, "a workload of 0 requests a second; expected at least 1");
        let mean_between = netsplit_node::secs(1) / i64::from(per_second);
        Workload { arrivals: Arrivals::Open { mean_between, clients: 10_000 }, ..Workload::closed(1) }
    }

    /// Each client of a closed loop thinks so long on average (exponentially distributed) before it asks again.
    pub fn thinking(mut self, mean: Duration) -> Workload {
        if let Arrivals::Closed { thinking, .. } = &mut self.arrivals {
            *thinking = mean;
        }
        self
    }

    /// Clients wait so long for an answer and no longer.
    pub fn with_deadline(mut self, deadline: Duration) -> Workload {
        self.deadline = Some(deadline);
        self
    }

    /// Clients ask so many times again when a deadline has passed.
    pub fn with_retries(mut self, retries: u32) -> Workload {
        self.retries = retries;
        self
    }

    /// It ends after so many requests.
    pub fn at_most(mut self, requests: u64) -> Workload {
        self.at_most = Some(requests);
        self
    }
}

/// Which keys are asked for.
///
/// ```
/// use netsplit_node::Random;
/// use netsplit_sim::Keys;
/// let (keys, mut random) = (Keys::hot(1000, 10, 0.9), Random::new(1));
/// let hot = (0..1000).filter(|_| keys.draw(&mut random).len() <= 2).count();
/// assert!((870..930).contains(&hot), "k0 to k9 get nine tenths: {hot}");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Keys {
    count: u64,
    skew: Skew,
}

#[derive(Clone, Debug, PartialEq)]
enum Skew {
    Uniform,
    Zipf(Zipf),
    Hot { keys: u64, share: f64 },
}

impl Keys {
    /// Keys k0, k1 and so on, each equally often.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn uniform(count: u64) -> Keys {
        assert!(count > 0, "0 keys to choose from; expected at least 1");
        Keys { count, skew: Skew::Uniform }
    }

    /// Keys of which the first are asked for most ([`Zipf`]).
    ///
    /// # Panics
    /// If there are none, or `s` is negative.
    #[track_caller]
    pub fn zipf(count: u64, s: f64) -> Keys {
        Keys { skew: Skew::Zipf(Zipf::new(count as usize, s)), ..Keys::uniform(count) }
    }

    /// The first `hot` keys get this share of the requests, the others the rest.
    ///
    /// # Panics
    /// If there are no keys, not that many, or `share` is no probability.
    #[track_caller]
    pub fn hot(count: u64, hot: u64, share: f64) -> Keys {
        assert!(
            (1..=count).contains(&hot) && (0.0..=1.0).contains(&share),
            "{hot} hot keys of {count} with a share of {share}; expected 1 to {count} keys and a share from 0.0 to 1.0"
        );
        Keys { skew: Skew::Hot { keys: hot, share }, ..Keys::uniform(count) }
    }

    /// Draws a key.
    pub fn draw(&self, random: &mut Random) -> String {
        let number = match &self.skew {
            Skew::Uniform => random.below(self.count),
            Skew::Zipf(zipf) => zipf.draw(random) as u64,
            Skew::Hot { keys, share } => {
                if *keys == self.count || random.chance(*share) {
                    random.below(*keys)
                } else {
                    keys + random.below(self.count - keys)
                }
            }
        };
        format!("k{number}")
    }

    /// Requests for these keys to a key-value store: with this probability a get, otherwise a put of a value that was never put before.
    pub fn reads_and_writes(
        self,
        share_of_reads: f64,
    ) -> impl FnMut(&mut Random, u64) -> KeyValueRequest + Send + 'static {
        move |random, number| {
            let key = self.draw(random);
            if random.chance(share_of_reads) {
                KeyValueRequest::Get { key }
            } else {
                KeyValueRequest::Put { key, value: Value::Number(number as i64) }
            }
        }
    }
}

/// Makes the requests of a workload, one by one.
pub(crate) type Requests = Box<dyn FnMut(&mut Random, u64) -> Box<dyn Payload> + Send>;

/// A workload with its requests, as the log keeps it.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) workload: Workload,
    pub(crate) services: Vec<NodeId>,
    /// Shared by the copies of a world.
    requests: Arc<Mutex<Requests>>,
}

impl Load {
    pub(crate) fn new(workload: Workload, services: Vec<NodeId>, requests: Requests) -> Load {
        Load { workload, services, requests: Arc::new(Mutex::new(requests)) }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.workload.arrivals {
            Arrivals::Closed { clients, thinking } => {
                write!(f, "{clients} clients that think {thinking} between two requests")
            }
            Arrivals::Open { mean_between, .. } => write!(f, "a request every {mean_between} on average"),
        }
    }
}

/// A workload that runs.
#[derive(Clone)]
pub(crate) struct RunningLoad {
    load: Load,
    random: Random,
    /// Its clients, by their numbers among all clients.
    pub(crate) clients: Vec<u32>,
    /// Those of an open loop that wait for nothing.
    idle: Vec<u32>,
    pub(crate) operations: Vec<OperationId>,
    pub(crate) asked: u64,
    /// Requests of an open loop that found no client free.
    pub(crate) turned_away: u64,
    stopped: bool,
}

impl World {
    pub(crate) fn start_load(&mut self, load: Load) -> Result<u32, LabError> {
        forwards("a deadline", load.workload.deadline.unwrap_or(Duration::ZERO))?;
        let number = self.loads.len() as u32;
        let random = Random::stream(self.seed, &[crate::world::WORKLOAD_STREAM, u64::from(number)]);
        self.loads.push(RunningLoad {
            load,
            random,
            clients: Vec::new(),
            idle: Vec::new(),
            operations: Vec::new(),
            asked: 0,
            turned_away: 0,
            stopped: false,
        });
        match self.loads[number as usize].load.workload.arrivals {
            Arrivals::Closed { clients, thinking } => {
                forwards("a time to think", thinking)?;
                for _ in 0..clients {
                    let client = self.add_load_client(number);
                    self.think(number, client, thinking);
                }
            }
            Arrivals::Open { .. } => self.schedule_arrival(number),
        }
        Ok(number)
    }

    pub(crate) fn stop_load(&mut self, load: u32) {
        self.loads[load as usize].stopped = true;
    }

    /// One more client of a workload, of the services in turn.
    fn add_load_client(&mut self, number: u32) -> u32 {
        let running = &self.loads[number as usize];
        let service = running.load.services[running.clients.len() % running.load.services.len()];
        let (deadline, retries) = (running.load.workload.deadline, running.load.workload.retries);
        let client = self.add_client(service);
        let state = &mut self.clients[client as usize];
        (state.deadline, state.retries, state.load) = (deadline, retries, Some(number));
        self.loads[number as usize].clients.push(client);
        client
    }

    fn think(&mut self, workload: u32, client: u32, mean: Duration) {
        let pause = self.loads[workload as usize].random.exponential(mean);
        self.schedule(self.now + pause, Job::Ask { workload, client: Some(client) });
    }

    fn schedule_arrival(&mut self, workload: u32) {
        let running = &mut self.loads[workload as usize];
        if let Arrivals::Open { mean_between, .. } = running.load.workload.arrivals {
            let pause = running.random.exponential(mean_between);
            self.schedule(self.now + pause, Job::Ask { workload, client: None });
        }
    }

    /// A request of a workload is due.
    pub(crate) fn ask(&mut self, workload: u32, client: Option<u32>) {
        let running = &mut self.loads[workload as usize];
        let done = running.load.workload.at_most.is_some_and(|most| running.asked >= most);
        if running.stopped || done {
            return;
        }
        let client = match (client, &running.load.workload.arrivals) {
            (Some(client), _) => client,
            (None, Arrivals::Open { clients, .. }) => {
                let full = running.clients.len() as u32 >= *clients;
                self.schedule_arrival(workload);
                let running = &mut self.loads[workload as usize];
                match running.idle.pop() {
                    Some(client) => client,
                    None if full => return running.turned_away += 1,
                    None => self.add_load_client(workload),
                }
            }
            (None, Arrivals::Closed { .. }) => return,
        };
        let running = &mut self.loads[workload as usize];
        let mut requests = running.load.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let request = requests(&mut running.random, running.asked);
        drop(requests);
        running.asked += 1;
        let id = self.clients[client as usize].id;
        let operation = self.invoke(id, request);
        self.loads[workload as usize].operations.push(operation);
    }

    /// A client of a workload has learned an outcome.
    #[cold]
    pub(crate) fn goes_on(&mut self, workload: u32, client: u32) {
        match self.loads[workload as usize].load.workload.arrivals {
            Arrivals::Closed { thinking, .. } => self.think(workload, client, thinking),
            Arrivals::Open { .. } => self.loads[workload as usize].idle.push(client),
        }
    }

    pub(crate) fn load_report(&mut self, load: u32) -> LoadReport {
        let running = &self.loads[load as usize];
        let (asked, turned_away) = (running.asked, running.turned_away);
        let operations = running.operations.clone();
        let mut report = LoadReport { asked, turned_away, ..LoadReport::default() };
        let mut first: Option<Time> = None;
        for id in operations {
            let operation = self.operation(id);
            first = first.or(Some(operation.invoked));
            match &operation.outcome {
                None => report.pending += 1,
                Some(Outcome::Ok(_)) => {
                    report.ok += 1;
                    report.times.extend(operation.returned.map(|returned| returned - operation.invoked));
                }
                Some(Outcome::Fail(_)) => report.fail += 1,
                Some(Outcome::Unknown) => report.unknown += 1,
            }
        }
        report.times.sort_unstable();
        report.span = first.map_or(Duration::ZERO, |first| self.now - first);
        report
    }
}

/// A workload that was begun, as a cell keeps it.
#[derive(Clone)]
pub struct RunningWorkload {
    lab: Lab,
    number: u32,
}

/// Requests as the core keeps them.
pub(crate) fn boxed<Q: Payload>(
    mut requests: impl FnMut(&mut Random, u64) -> Q + Send + 'static,
) -> Requests {
    Box::new(move |random, number| Box::new(requests(random, number)))
}

impl RunningWorkload {
    /// Begins a workload that asks these services.
    #[track_caller]
    pub(crate) fn begin(
        lab: &Lab,
        workload: Workload,
        services: Vec<NodeId>,
        requests: Requests,
    ) -> RunningWorkload {
        let Made::Load(number) = lab.act(Action::Load(Load::new(workload, services, requests))) else {
            unreachable!("a load makes a load")
        };
        RunningWorkload { lab: lab.clone(), number }
    }

    /// What became of its requests so far.
    #[track_caller]
    pub fn report(&self) -> LoadReport {
        let mut world = self.lab.world();
        let here = (self.number as usize) < world.loads.len();
        let report = here.then(|| world.load_report(self.number));
        drop(world);
        expect(report.ok_or_else(|| LabError::NotHere { what: "the workload".to_owned() }))
    }

    /// No more requests from now on; those that wait for an answer go on waiting.
    #[track_caller]
    pub fn stop(&self) {
        self.report();
        self.lab.act(Action::StopLoad(self.number));
    }
}

impl Handle for RunningWorkload {
    fn in_lab(&self, lab: &Lab) -> Self {
        let number = lab.renumbered(&self.lab, self.number, |renumbered| &renumbered.loads);
        RunningWorkload { lab: lab.clone(), number }
    }
}

impl fmt::Debug for RunningWorkload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.report())
    }
}

/// What became of the requests of a workload.
#[derive(Clone, Default, PartialEq)]
pub struct LoadReport {
    /// How many requests there were.
    pub asked: u64,
    /// Those that were answered.
    pub ok: u64,
    /// Those that definitely did not happen.
    pub fail: u64,
    /// Those of which nobody knows.
    pub unknown: u64,
    /// Those that wait for an outcome.
    pub pending: u64,
    /// Requests of an open loop that were not made, since 10,000 others waited.
    pub turned_away: u64,
    /// From the first request to now.
    pub span: Duration,
    /// How long the answered ones took, sorted.
    pub times: Vec<Duration>,
}

impl LoadReport {
    /// Answers per second.
    pub fn throughput(&self) -> f64 {
        self.ok as f64 * 1e9 / self.span.as_nanos().max(1) as f64
    }

    /// The time within which this share of the answers came (0.5 is the median, 0.99 the 99th percentile); nothing without an answer.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let last = self.times.len().checked_sub(1)?;
        let rank = (self.times.len() as f64 * share.clamp(0.0, 1.0)).ceil() as usize;
        Some(self.times[rank.saturating_sub(1).min(last)])
    }
}

impl LoadReport {
    /// Which share of the answers came within each time, as a chart.
    pub fn distribution_chart(&self) -> Chart {
        let title = format!("How fast {} answers came", self.times.len());
        let chart = Chart::new(title).x("latency").y("share of answers");
        chart.distribution("answers", self.times.iter().copied())
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoadReport { asked, ok, fail, unknown, pending, .. } = self;
        write!(f, "{asked} asked: {ok} ok, {fail} fail, {unknown} unknown, {pending} pending")?;
        if self.turned_away > 0 {
            write!(f, ", {} turned away", self.turned_away)?;
        }
        write!(f, "; {:.1} answers a second", self.throughput())?;
        if let (Some(p50), Some(p99), Some(most)) =
            (self.percentile(0.5), self.percentile(0.99), self.times.last())
        {
            write!(f, "; p50 {p50}, p99 {p99}, max {most}")?;
        }
        Ok(())
    }
}

/// The same: a notebook shows a report as its line.
impl fmt::Debug for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
