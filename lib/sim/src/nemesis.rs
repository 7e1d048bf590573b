//! The nemesis: an opponent that makes plans of faults from a seed.
//!
//! Each plan uses its own random subset of the faults, with its own rates: a run that never crashes a node finds bugs that crashes
//! would hide (Groce and others, "Swarm testing", 2012). A plan is a value: print it, play it again, cut it down.

use netsplit_node::{Duration, NodeId, Random, ms, secs, us};

use crate::fault::Fault;
use crate::group::Group;
use crate::network::{Bandwidth, Topology, Traffic};
use crate::plan::{Entry, FaultPlan, When};

/// A kind of faults that a nemesis uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is explained where the fault of its name is")]
pub enum FaultKind {
    Crash,
    CrashMidStep,
    PowerCut,
    Pause,
    Slow,
    Overload,
    ConnectionLimit,
    DnsStale,
    Partition,
    Isolate,
    OneWay,
    Ring,
    Flap,
    Loss,
    Duplicate,
    Delay,
    Reorder,
    Bandwidth,
    ClockOffset,
    ClockDrift,
    ClockJump,
    ClockFreeze,
    LeapSecond,
    BadTimeServer,
    TornWrites,
    WriteReorder,
    FsyncError,
    FsyncLie,
    BitRot,
    SlowDisk,
    RouterDown,
    LinkDown,
    RouteWithdraw,
}

impl FaultKind {
    /// What a protocol of the crash-recovery model withstands: all that stops, delays or loses, and nothing that lies (no torn or
    /// rotten disks, no lying syncs) or misleads clocks.
    pub const CRASH_RECOVERY: [FaultKind; 15] = [
        FaultKind::Crash,
        FaultKind::CrashMidStep,
        FaultKind::Pause,
        FaultKind::Slow,
        FaultKind::Partition,
        FaultKind::Isolate,
        FaultKind::OneWay,
        FaultKind::Ring,
        FaultKind::Flap,
        FaultKind::Loss,
        FaultKind::Duplicate,
        FaultKind::Delay,
        FaultKind::Reorder,
        FaultKind::Bandwidth,
        FaultKind::SlowDisk,
    ];

    /// What is worse: queues and connections that overflow, resolvers that know better, clocks and disks that lie.
    pub const WORSE: [FaultKind; 15] = [
        FaultKind::PowerCut,
        FaultKind::Overload,
        FaultKind::ConnectionLimit,
        FaultKind::DnsStale,
        FaultKind::ClockOffset,
        FaultKind::ClockDrift,
        FaultKind::ClockJump,
        FaultKind::ClockFreeze,
        FaultKind::LeapSecond,
        FaultKind::BadTimeServer,
        FaultKind::TornWrites,
        FaultKind::WriteReorder,
        FaultKind::FsyncError,
        FaultKind::FsyncLie,
        FaultKind::BitRot,
    ];

    /// What befalls the routers of a topology, for a nemesis that has one ([`Nemesis::over`]).
    pub const ROUTES: [FaultKind; 3] = [FaultKind::RouterDown, FaultKind::LinkDown, FaultKind::RouteWithdraw];

    /// All of them that need no topology.
    pub fn all() -> Vec<FaultKind> {
        FaultKind::CRASH_RECOVERY.into_iter().chain(FaultKind::WORSE).collect()
    }
}

/// An opponent of some nodes.
///
/// ```
/// use netsplit_algorithms::replication::EagerStore;
/// use netsplit_node::secs;
/// use netsplit_sim::{Lab, Nemesis};
/// let lab = Lab::new(42);
/// let store = lab.cluster("store", 5, |_id| EagerStore::default());
/// let plan = Nemesis::swarm(store.all()).plan(lab.seed(), secs(60));
/// lab.play(plan.clone());
/// lab.run_for(secs(60));
/// assert_eq!(plan.to_string().parse(), Ok(plan), "what happened can be sent to somebody else");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Nemesis {
    nodes: Group,
    kinds: Vec<FaultKind>,
    /// Whose routers and links fail.
    topology: Option<Topology>,
    /// Whether each plan draws its own kinds and rate.
    swarm: bool,
    between: Duration,
    lasting: Duration,
}

impl Nemesis {
    /// A nemesis that uses these kinds of faults, one about every five seconds, lasting about two.
    pub fn of(nodes: impl Into<Group>, kinds: impl IntoIterator<Item = FaultKind>) -> Nemesis {
        Nemesis {
            nodes: nodes.into(),
            kinds: kinds.into_iter().collect(),
            topology: None,
            swarm: false,
            between: secs(5),
            lasting: secs(2),
        }
    }

    /// A nemesis that draws all of this from the seed: which kinds, how often, how long.
    pub fn swarm(nodes: impl Into<Group>) -> Nemesis {
        Nemesis { swarm: true, ..Nemesis::of(nodes, FaultKind::all()) }
    }

    /// Only these kinds; a swarm draws from them.
    pub fn only(mut self, kinds: impl IntoIterator<Item = FaultKind>) -> Nemesis {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// Also routers and links of this topology fail, and networks are withdrawn ([`FaultKind::ROUTES`]).
    pub fn over(mut self, topology: &Topology) -> Nemesis {
        self.kinds.extend(FaultKind::ROUTES);
        self.topology = Some(topology.clone());
        self
    }

    /// A fault about every `time` on average, instead of every five seconds.
    pub fn every(mut self, time: Duration) -> Nemesis {
        self.between = time;
        self
    }

    /// Faults last about `time` on average, instead of two seconds.
    pub fn lasting(mut self, time: Duration) -> Nemesis {
        self.lasting = time;
        self
    }

    /// The plan for `seed`, for so long: the same for the same seed. Everything that can be undone is undone at the end.
    pub fn plan(&self, seed: u64, time: Duration) -> FaultPlan {
        let mut random = Random::stream(seed, &[NEMESIS_STREAM]);
        let mut plan = FaultPlan::new();
        if self.nodes.ids().is_empty() {
            return plan;
        }
        let mut kinds = self.kinds.clone();
        let (mut between, mut lasting) = (self.between, self.lasting);
        if self.swarm {
            kinds.retain(|_| random.chance(0.5));
            between = random.between(between / 5, between * 2);
            lasting = random.between(lasting / 10, lasting * 3);
        }
        let mut now = Duration::ZERO;
        loop {
            now = now + random.exponential(between).max(ms(1));
            let Some(&kind) = random.pick(&kinds).filter(|_| now < time) else { return plan };
            let lasts = random.exponential(lasting).max(ms(1)).min(time - now);
            let fault = self.fault(kind, &mut random);
            plan.entries.push(Entry { when: When::At(now), lasts: Some(lasts), fault });
        }
    }

    fn fault(&self, kind: FaultKind, random: &mut Random) -> Fault {
        let ids = self.nodes.ids();
        let one = ids[random.below(ids.len() as u64) as usize];
        let nodes: Group = if random.chance(0.7) { one.into() } else { self.some(random) };
        match kind {
            FaultKind::Crash => Fault::Crash { nodes },
            FaultKind::CrashMidStep => {
                Fault::CrashAfterEffects { node: one, effects: random.below(4) as u32 }
            }
            FaultKind::PowerCut => Fault::CrashAtByte { node: one, bytes: random.below(100) },
            FaultKind::Pause => Fault::Pause { nodes, time: random.exponential(secs(1)) },
            FaultKind::Slow => Fault::Slow { nodes, factor: 2 + random.below(50) as u32 },
            FaultKind::Overload => Fault::Overload { nodes, limit: random.below(20) as u32 },
            FaultKind::ConnectionLimit => Fault::ConnectionLimit { nodes, limit: random.below(5) as u32 },
            FaultKind::DnsStale => Fault::DnsStale { nodes, on: true },
            FaultKind::Partition
            | FaultKind::Flap
            | FaultKind::OneWay
            | FaultKind::Isolate
            | FaultKind::Ring => self.cut(kind, nodes, random),
            FaultKind::Loss
            | FaultKind::Duplicate
            | FaultKind::Delay
            | FaultKind::Reorder
            | FaultKind::Bandwidth => of_messages(kind, nodes, random),
            FaultKind::ClockOffset => Fault::ClockOffset { nodes, by: either_way(random, secs(3)) },
            FaultKind::ClockDrift => {
                let ppb = random.below(2_000_000) as i64 - 1_000_000;
                Fault::ClockDrift { nodes, ppb }
            }
            FaultKind::ClockJump => Fault::ClockJump { nodes, by: either_way(random, secs(3)) },
            FaultKind::ClockFreeze => Fault::ClockFreeze { nodes, frozen: true },
            FaultKind::LeapSecond => {
                let smear = if random.chance(0.5) { Duration::ZERO } else { netsplit_node::hours(24) };
                Fault::LeapSecond { nodes, smear }
            }
            FaultKind::BadTimeServer => Fault::BadTimeServer { nodes, by: either_way(random, secs(2)) },
            FaultKind::TornWrites => Fault::TornWrites { nodes, on: true },
            FaultKind::WriteReorder => Fault::WriteReorder { nodes, on: true },
            FaultKind::FsyncError => Fault::FsyncError { nodes, count: 1 },
            FaultKind::FsyncLie => Fault::FsyncLie { nodes, on: true },
            FaultKind::BitRot => Fault::BitRot { nodes, bits: 1 + random.below(3) as u32 },
            FaultKind::RouterDown | FaultKind::LinkDown | FaultKind::RouteWithdraw => {
                self.of_routes(kind, random).unwrap_or(Fault::Isolate { nodes })
            }
            FaultKind::SlowDisk => Fault::SlowDisk { nodes, by: random.exponential(ms(50)) },
        }
    }

    /// A fault of the topology's routers; nothing where there are none.
    fn of_routes(&self, kind: FaultKind, random: &mut Random) -> Option<Fault> {
        let (routers, links) = self.topology.as_ref()?.parts();
        let router = (*random.pick(&routers)?).to_owned();
        Some(match kind {
            FaultKind::LinkDown => {
                let (one, other) = *random.pick(&links)?;
                Fault::LinkDown { one: one.to_owned(), other: other.to_owned(), on: true }
            }
            FaultKind::RouteWithdraw => Fault::RouteWithdraw { network: router, on: true },
            _ => Fault::RouterDown { router, on: true },
        })
    }

    /// Some of the nodes, at least one.
    fn some(&self, random: &mut Random) -> Group {
        let mut ids: Vec<NodeId> = self.nodes.ids().to_vec();
        random.shuffle(&mut ids);
        ids.truncate(1 + random.below(ids.len() as u64) as usize);
        Group::new(ids)
    }

    fn cut(&self, kind: FaultKind, nodes: Group, random: &mut Random) -> Fault {
        let all = self.nodes.ids();
        let mut side = self.some(random).ids().to_vec();
        side.truncate(all.len() - 1);
        let others = Group::new(all.iter().copied().filter(|id| !side.contains(id)));
        let side = Group::new(side);
        match kind {
            _ if all.len() < 2 => Fault::Isolate { nodes },
            FaultKind::Partition => Fault::Partition { groups: vec![side, others] },
            FaultKind::Flap => {
                let (down, up) = (random.between(ms(10), secs(1)), random.between(ms(10), secs(1)));
                Fault::Flap { groups: vec![side, others], down, up }
            }
            FaultKind::OneWay => Fault::OneWay { from: side, to: others },
            FaultKind::Ring if all.len() >= 4 => Fault::Ring { nodes: self.nodes.clone() },
            _ => Fault::Isolate { nodes },
        }
    }
}

/// The nemesis draws from a stream of its own, away from those of the world with the same seed.
const NEMESIS_STREAM: u64 = 100;

fn of_messages(kind: FaultKind, nodes: Group, random: &mut Random) -> Fault {
    let traffic = if random.chance(0.5) { Traffic::all() } else { Traffic::all().from(nodes) };
    let probability = random.below(40) as f64 / 100.0;
    match kind {
        FaultKind::Loss => Fault::Loss { probability, traffic },
        FaultKind::Duplicate => Fault::Duplicate { probability, traffic },
        FaultKind::Reorder => Fault::Reorder { probability, by: random.between(us(100), ms(100)), traffic },
        FaultKind::Bandwidth => {
            let rate = Bandwidth::kbit(10 + random.below(1000));
            Fault::Bandwidth { rate, queue: random.below(100_000), traffic }
        }
        _ => Fault::Delay { by: random.exponential(ms(50)), traffic },
    }
}

fn either_way(random: &mut Random, most: Duration) -> Duration {
    random.between(-most, most)
}
