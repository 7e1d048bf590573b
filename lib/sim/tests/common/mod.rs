//! A node that shows every fault: it counts with its neighbours, writes what it counts to its disk, and looks at its clock.
#![allow(dead_code, reason = "each test binary uses its part of this")]

use netsplit_node::{CallId, Context, Interval, Node, NodeId, Random, Service, Time, ms};
use netsplit_sim::{
    Bandwidth, Behaviour, Cluster, Fault, FaultPlan, Group, Lab, Latency, LinkProfile, Name, Nemesis,
    Topology, Traffic, Workload,
};

/// Every 10 ms it sends a number to all, which they confirm; every second number is synced to its disk.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    pub sent: u32,
    /// Numbers that came, by whom, in the order in which they came.
    pub heard: Vec<(NodeId, u32)>,
    pub confirmed: u32,
    /// What its disk held when it last began.
    pub recovered: Vec<u8>,
    /// What its clock showed at each tick.
    pub ticks: Vec<(Time, Interval, Time)>,
    /// How long it ever waited for a confirmation.
    pub served: u32,
    pub version: u32,
}

#[derive(Clone, Debug)]
pub enum Message {
    Number(u32, [u8; 64]),
    Confirmed(u32),
}

impl Node for Witness {
    type Message = Message;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recovered = ctx.disk().read("log").unwrap_or_default();
        ctx.set_timer(ms(10), ());
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.sent += 1;
        self.ticks.push((ctx.now(), ctx.now_interval(), ctx.monotonic()));
        ctx.broadcast(Message::Number(self.sent, [0; 64]));
        ctx.disk().append("log", [self.sent as u8]);
        if self.sent.is_multiple_of(4) {
            ctx.disk().sync();
        }
        ctx.set_timer(ms(10), ());
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Number(number, _) => {
                self.heard.push((from, number));
                ctx.send(from, Message::Confirmed(number));
            }
            Message::Confirmed(_) => self.confirmed += 1,
        }
    }
}

impl Service for Witness {
    type Request = u64;
    type Response = u64;
    fn on_request(&mut self, call: CallId, request: u64, ctx: &mut Context<Self>) {
        self.served += 1;
        ctx.reply(call, request);
    }
}

/// Two networks of witnesses with two ways between them.
pub fn networks(cluster: &Cluster<Witness>) -> Topology {
    let way = LinkProfile::new(Latency::Constant(ms(1)));
    Topology::new(ms(100))
        .network("east", cluster.nodes([0, 1]))
        .network("west", cluster.nodes([2, 3, 4]))
        .router("north")
        .link("east", "west", way)
        .link("east", "north", way)
        .link("north", "west", way)
}

/// Five witnesses, with messages that can be changed, in two networks; "w" is a name of the first.
pub fn witnesses(seed: u64) -> (Lab, Cluster<Witness>) {
    let (lab, cluster, _) = named_witnesses(seed);
    (lab, cluster)
}

/// The same with the name. There is a second version of their code.
pub fn named_witnesses(seed: u64) -> (Lab, Cluster<Witness>, Name<Witness>) {
    let lab = Lab::new(seed);
    let cluster = lab.cluster("witness", 5, |_| Witness::default());
    lab.set_topology(networks(&cluster));
    cluster.set_mutator(|message, random: &mut Random| {
        let (Message::Number(number, _) | Message::Confirmed(number)) = message;
        *number ^= 1 << (16 + random.below(8));
    });
    cluster.add_version(|_| Witness { version: 1, ..Witness::default() });
    let name = cluster.dns("w", [0], ms(50));
    (lab, cluster, name)
}

/// Some value of every fault, for witnesses 0 to 4.
pub fn one_of_each() -> Vec<Fault> {
    let all = || Traffic::all();
    let one: Group = NodeId(1).into();
    let group = |ids: &[u32]| Group::new(ids.iter().map(|&id| NodeId(id)));
    let halves = vec![group(&[0, 1]), group(&[2, 3, 4])];
    let nodes = one.clone();
    vec![
        Fault::Crash { nodes: one.clone() },
        Fault::CrashAfterEffects { node: NodeId(1), effects: 3 },
        Fault::CrashAtByte { node: NodeId(1), bytes: 1 },
        Fault::Restart { nodes: NodeId(4).into() },
        Fault::Pause { nodes: one.clone(), time: ms(300) },
        Fault::Slow { nodes: one.clone(), factor: 30 },
        Fault::ServiceTime { nodes: one.clone(), time: Latency::Exponential { least: ms(0), mean: ms(2) } },
        Fault::Overload { nodes: NodeId(3).into(), limit: 2 },
        Fault::Partition { groups: halves.clone() },
        Fault::Isolate { nodes: one.clone() },
        Fault::OneWay { from: one.clone(), to: group(&[2]) },
        Fault::Ring { nodes: group(&[0, 1, 2, 3, 4]) },
        Fault::Flap { groups: halves, down: ms(50), up: ms(25) },
        Fault::Loss { probability: 0.3, traffic: all().from(one.clone()) },
        Fault::Duplicate { probability: 0.3, traffic: all() },
        Fault::Delay { by: ms(30), traffic: all().to(one.clone()).messages() },
        Fault::Reorder { probability: 0.5, by: ms(40), traffic: all() },
        Fault::Corrupt { probability: 0.2, traffic: all() },
        Fault::Bandwidth { rate: Bandwidth::kbit(50), queue: 500, traffic: all() },
        Fault::MtuDrop { bytes: 20, traffic: all() },
        Fault::DnsChange { name: "w".to_owned(), to: NodeId(2).into() },
        Fault::DnsStale { nodes: group(&[5, 6]), on: true },
        Fault::ConnectionLimit { nodes: NodeId(0).into(), limit: 0 },
        Fault::VersionSkew { nodes: one.clone(), version: 1 },
        Fault::RouterDown { router: "east".to_owned(), on: true },
        Fault::LinkDown { one: "west".to_owned(), other: "east".to_owned(), on: true },
        Fault::RouteWithdraw { network: "east".to_owned(), on: true },
        Fault::ClockOffset { nodes: nodes.clone(), by: -ms(400) },
        Fault::ClockDrift { nodes: nodes.clone(), ppb: 50_000_000 },
        Fault::ClockJump { nodes: nodes.clone(), by: ms(700) },
        Fault::ClockFreeze { nodes: nodes.clone(), frozen: true },
        Fault::LeapSecond { nodes: nodes.clone(), smear: ms(0) },
        Fault::BadTimeServer { nodes: nodes.clone(), by: ms(900) },
        Fault::TornWrites { nodes: nodes.clone(), on: true },
        Fault::WriteReorder { nodes: nodes.clone(), on: true },
        Fault::FsyncError { nodes: nodes.clone(), count: 1 },
        Fault::FsyncLie { nodes: nodes.clone(), on: true },
        Fault::BitRot { nodes: nodes.clone(), bits: 1 },
        Fault::DiskFull { nodes: nodes.clone(), bytes: 60 },
        Fault::SlowDisk { nodes: nodes.clone(), by: ms(35) },
        Fault::Misbehave { nodes, behaviour: Behaviour::Forging(0.5) },
    ]
}

/// A run under a random plan of everything that can go wrong, with clients, members that come and go, and an upgrade.
pub fn scenario(seed: u64) -> (Lab, Cluster<Witness>, FaultPlan) {
    let (lab, cluster, name) = named_witnesses(seed);
    let mut random = Random::stream(seed, &[77]);
    lab.discipline_clocks(cluster.nodes([0, 3]), ms(200), ms(1));
    name.load(Workload::closed(2).thinking(ms(10)).with_deadline(ms(40)), |_, number| number);
    cluster.load(Workload::open(50).with_deadline(ms(40)).with_retries(1), |_, number| number);
    let mut plan = Nemesis::swarm(cluster.all())
        .over(&networks(&cluster))
        .every(ms(100))
        .lasting(ms(100))
        .plan(seed, ms(1500));
    let faults = one_of_each();
    for _ in 0..5 {
        let fault = faults[random.below(faults.len() as u64) as usize].clone();
        plan = plan.at(ms(random.below(1500) as i64), fault).lasting(ms(1 + random.below(200) as i64));
    }
    lab.play(plan.clone());
    lab.run_for(ms(400));
    if random.chance(0.5) {
        cluster.join();
    }
    lab.run_for(ms(400));
    if random.chance(0.5) {
        cluster.rolling_upgrade(ms(100), |_| Witness::default());
    }
    lab.run_for(ms(400));
    if random.chance(0.5) {
        cluster.leave(2);
    }
    lab.run_for(ms(400));
    (lab, cluster, plan)
}

/// Remembers when each message came, and from whom.
#[derive(Clone, Debug, Default)]
pub struct Listener {
    pub came: Vec<(NodeId, u32, Time)>,
}

/// A message with a size.
#[derive(Clone, Debug)]
pub struct Sized {
    number: u32,
    bytes: usize,
}

impl Node for Listener {
    type Message = Sized;
    type Timer = ();
    fn on_message(&mut self, from: NodeId, message: Sized, ctx: &mut Context<Self>) {
        self.came.push((from, message.number, ctx.now()));
    }
    fn message_size(message: &Sized) -> usize {
        message.bytes
    }
}

impl Service for Listener {
    type Request = (NodeId, u32, usize);
    type Response = ();
    fn on_request(&mut self, _: CallId, (to, number, bytes): Self::Request, ctx: &mut Context<Self>) {
        ctx.send(to, Sized { number, bytes });
    }
}

/// Lets member `from` send a message of so many bytes.
pub fn send(cluster: &Cluster<Listener>, from: usize, to: usize, bytes: usize) {
    let number = cluster.node(to).came.len() as u32;
    cluster.client_of(from).call((cluster.id(to), number, bytes));
}
