//! One run of a replicated key-value store under a plan of faults that its seed draws: clients with sessions, all invariants, the clients'
//! history, and progress at the end. It knows no type of Raft, so that wrong variants of it are tried in the same runs.

use netsplit_check::{Check, linearizable, spec};
use netsplit_node::{
    Duration, History, KeyValueRequest, KeyValueResponse, NodeId, Outcome, Random, Service, ms, secs,
};
use netsplit_sim::{Call, Client, Cluster, FaultKind, Lab, Latency, Nemesis};

/// A replicated key-value store with client sessions.
pub trait Subject: Service {
    /// Begin a session.
    fn register() -> Self::Request;
    /// Do this once.
    fn once(client: u64, sequence: u64, command: KeyValueRequest) -> Self::Request;
    /// Answer this read.
    fn query(read: KeyValueRequest) -> Self::Request;
    /// What a request does to the store, if anything.
    fn asked(request: &Self::Request) -> Option<KeyValueRequest>;
    /// What a response says.
    fn told(response: Self::Response) -> Told;
    /// Requires of the cluster everything that the algorithm promises of its nodes.
    fn require_all(cluster: &Cluster<Self>);
}

/// What a response says.
pub enum Told {
    /// The session's number.
    Registered(u64),
    /// What the store answered.
    Response(KeyValueResponse),
    /// Nothing of the request's effect.
    Nothing,
}

/// What a run is made of, besides its seed.
#[derive(Clone)]
pub struct Scenario {
    /// How many servers there are.
    pub servers: usize,
    /// How many clients ask them.
    pub clients: usize,
    /// How long a message takes at most.
    pub latency: Duration,
    /// How long there are faults.
    pub time: Duration,
    /// Which.
    pub faults: Vec<FaultKind>,
    /// The time between two of them on average, and how long they last, before the swarm draws its own from that.
    pub every: Duration,
    /// See there.
    pub lasting: Duration,
}

impl Scenario {
    /// Everything that Raft withstands, for three seconds.
    pub fn swarm(servers: usize) -> Scenario {
        let (every, lasting) = (ms(400), ms(400));
        Scenario { servers, clients: 3, latency: ms(2), time: secs(3), faults: tolerated(), every, lasting }
    }

    /// A slow network and these faults only, which last about as long as an election takes.
    pub fn churn(servers: usize, faults: impl IntoIterator<Item = FaultKind>) -> Scenario {
        let faults = faults.into_iter().collect();
        let (latency, every, lasting) = (ms(30), ms(150), ms(150));
        Scenario { latency, time: secs(4), faults, every, lasting, ..Scenario::swarm(servers) }
    }
}

/// How a run went wrong.
#[derive(Debug)]
pub struct Failure {
    /// The property.
    pub property: String,
    /// What is wrong, and the seed.
    pub text: String,
}

/// How a run went.
#[derive(Default)]
pub struct Report {
    /// Commands that were answered.
    pub answered: usize,
    /// Commands of which nobody knows.
    pub unknown: usize,
}

/// All that stops, delays or loses, disks that a crash tears or reorders, and clocks of oscillators that drift or are set wrong.
pub fn tolerated() -> Vec<FaultKind> {
    let disks_and_clocks = [
        FaultKind::PowerCut,
        FaultKind::TornWrites,
        FaultKind::WriteReorder,
        FaultKind::FsyncError,
        FaultKind::ClockDrift,
        FaultKind::ClockJump,
        FaultKind::ClockOffset,
        FaultKind::ClockFreeze,
        FaultKind::LeapSecond,
    ];
    FaultKind::CRASH_RECOVERY.into_iter().chain(disks_and_clocks).collect()
}

/// A client with a session, which asks one thing after the other.
struct Asker<S: Subject> {
    client: Client<S>,
    session: u64,
    sequence: u64,
    open: Option<Call<S>>,
}

/// Runs `servers` under the faults of `seed`, and judges what came of it.
pub fn run<S: Subject>(
    scenario: &Scenario,
    seed: u64,
    factory: impl Fn(NodeId) -> S + Send + 'static,
) -> Result<Report, Failure> {
    let lab = Lab::new(seed);
    lab.keep_events(0);
    lab.set_latency(Latency::Uniform(scenario.latency / 2, scenario.latency));
    let cluster = lab.cluster("raft", scenario.servers, factory);
    S::require_all(&cluster);
    let mut random = Random::stream(seed, &[7]);
    let mut askers = begin_sessions(&lab, &cluster, scenario.clients)?;
    let nemesis = Nemesis::swarm(cluster.all()).only(scenario.faults.clone());
    let nemesis = nemesis.every(scenario.every).lasting(scenario.lasting);
    lab.play(nemesis.plan(seed, scenario.time));
    let end = lab.now() + scenario.time;
    let mut number = 0;
    while lab.now() < end {
        for asker in &mut askers {
            if asker.open.as_ref().is_none_or(|call| !call.is_pending()) {
                number += 1;
                asker.ask(number, &mut random);
            }
        }
        lab.try_run_for(random.between(ms(5), ms(60))).map_err(|stopped| violated(stopped.to_string()))?;
    }
    progress(&lab, &cluster, &mut random)?;
    judge(&lab, &cluster)
}

/// All clients begin a session before the first fault.
fn begin_sessions<S: Subject>(
    lab: &Lab,
    cluster: &Cluster<S>,
    clients: usize,
) -> Result<Vec<Asker<S>>, Failure> {
    let mut askers = Vec::new();
    for index in 0..clients {
        let client = cluster.client_of(index % cluster.size()).with_deadline(ms(300)).with_retries(20);
        let call = client.call(S::register());
        let registered = lab.try_run_until(|| !call.is_pending(), secs(10));
        registered.map_err(|stopped| violated(stopped.to_string()))?;
        let session = match call.outcome().and_then(Outcome::ok).map(S::told) {
            Some(Told::Registered(session)) => session,
            _ => return Err(failure("Progress", format!("no session without faults (seed {})", lab.seed()))),
        };
        askers.push(Asker { client: client.with_retries(2), session, sequence: 0, open: None });
    }
    Ok(askers)
}

impl<S: Subject> Asker<S> {
    fn ask(&mut self, number: i64, random: &mut Random) {
        let key = ["x", "y"][random.below(2) as usize].to_owned();
        let request = if random.chance(0.5) {
            S::query(KeyValueRequest::Get { key })
        } else {
            self.sequence += 1;
            let put = KeyValueRequest::Put { key, value: number.into() };
            S::once(self.session, self.sequence, put)
        };
        self.open = Some(self.client.call(request));
    }
}

/// A majority is healed and the rest cut off: a new client must be answered within a minute. It mostly is within a second, but a sync
/// that a slow node began on a slow disk takes its time: of 30,000 runs two had one of more than ten seconds.
fn progress<S: Subject>(lab: &Lab, cluster: &Cluster<S>, random: &mut Random) -> Result<(), Failure> {
    let mut indices: Vec<usize> = (0..cluster.size()).collect();
    random.shuffle(&mut indices);
    indices.truncate(cluster.size() / 2 + 1);
    let core = cluster.nodes(indices.clone());
    lab.heal_core(core);
    let client = cluster.client_of(indices[0]).with_deadline(ms(500)).with_retries(120);
    let call = client.call(S::register());
    let held = lab.try_run_until(|| !call.is_pending(), secs(60));
    held.map_err(|stopped| violated(stopped.to_string()))?;
    match call.outcome() {
        Some(Outcome::Ok(_)) => Ok(()),
        other => Err(failure(
            "Progress",
            format!("a healed majority came to {other:?} (seed {}): {cluster:?}", lab.seed()),
        )),
    }
}

fn judge<S: Subject>(lab: &Lab, cluster: &Cluster<S>) -> Result<Report, Failure> {
    if let Some(panic) = lab.panics().first() {
        return Err(failure("Panic", format!("{panic:?} (seed {})", lab.seed())));
    }
    let history = history_of(cluster);
    let verdict = history.check(linearizable(spec::KeyValue));
    if !verdict.holds() {
        return Err(failure("Linearizability", verdict.to_string()));
    }
    let is_answered = |outcome: &Option<_>| matches!(outcome, Some(Outcome::Ok(_)));
    let answered = history.iter().filter(|operation| is_answered(&operation.outcome)).count();
    Ok(Report { answered, unknown: history.len() - answered })
}

/// What the clients saw of the store: without the sessions, and with a retry and its first attempt as one.
pub fn history_of<S: Subject>(cluster: &Cluster<S>) -> History<KeyValueRequest, KeyValueResponse> {
    let all = cluster.history();
    let (service, seed) = (all.service.clone(), all.seed);
    let asked = all.operations.into_iter().filter_map(|operation| {
        let request = S::asked(&operation.request)?;
        let outcome = operation.outcome.map(|outcome| match outcome {
            Outcome::Ok(response) => match S::told(response) {
                Told::Response(response) => Outcome::Ok(response),
                Told::Registered(_) | Told::Nothing => Outcome::Unknown,
            },
            Outcome::Fail(reason) => Outcome::Fail(reason),
            Outcome::Unknown => Outcome::Unknown,
        });
        Some(netsplit_node::Operation {
            call: operation.call,
            caller: operation.caller,
            caller_name: operation.caller_name,
            request,
            invoked: operation.invoked,
            outcome,
            returned: operation.returned,
            served: operation.served,
        })
    });
    History { service, seed, operations: asked.collect(), disturbances: all.disturbances }
}

/// The laboratory's sentence on a violation begins with the property's name.
fn violated(text: String) -> Failure {
    let property = text.split(" is violated").next().unwrap_or_default().to_owned();
    Failure { property, text }
}

fn failure(property: &str, text: String) -> Failure {
    Failure { property: property.to_owned(), text }
}
