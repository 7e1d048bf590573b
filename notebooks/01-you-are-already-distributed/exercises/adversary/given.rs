//! What the statement of `adversary` gives: five servers, the night that they go through, and what counts as damage.

use std::collections::BTreeMap;

use netsplit::{CallId, Cluster, Context, FaultPlan, Lab, Latency, Node, Outcome, Service, Time, ms, secs};

/// What is wrong with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It charges whatever comes.
    NoTable,
    /// It knows which keys it has charged, until it crashes.
    TableInMemory,
    /// It answers, and makes durable afterwards what it has answered.
    AnswersFirst,
    /// It makes the charge durable, and then the table.
    TwoWrites,
    /// It knows for a second and a half which keys it has charged.
    ShortMemory,
    /// Nothing.
    None,
}

/// The servers, by their numbers from 1 on.
pub const SERVERS: [Flaw; 5] =
    [Flaw::NoTable, Flaw::TableInMemory, Flaw::AnswersFirst, Flaw::TwoWrites, Flaw::ShortMemory];

/// A server that charges cards: each charge is a line of its file `charges`, which holds the key.
#[derive(Clone, Debug)]
pub struct ChargeServer {
    flaw: Flaw,
    /// When each key was charged.
    table: BTreeMap<u64, Time>,
}

impl ChargeServer {
    /// Whether it knows that it has charged this key.
    fn knows(&self, key: u64, now: Time) -> bool {
        match self.flaw {
            Flaw::NoTable => false,
            Flaw::ShortMemory => self.table.get(&key).is_some_and(|at| now - *at < ms(1500)),
            _ => self.table.contains_key(&key),
        }
    }
}

impl Node for ChargeServer {
    type Message = ();
    type Timer = ();

    /// Reads back what it needs to know.
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let file = match self.flaw {
            Flaw::TableInMemory => return,
            Flaw::TwoWrites => "table",
            _ => "charges",
        };
        let lines = ctx.disk().read(file).unwrap_or_default();
        for key in String::from_utf8_lossy(&lines).lines().filter_map(|line| line.parse().ok()) {
            self.table.insert(key, ctx.now());
        }
    }
}

impl Service for ChargeServer {
    /// The key.
    type Request = u64;
    type Response = &'static str;

    fn on_request(&mut self, call: CallId, key: u64, ctx: &mut Context<Self>) {
        if self.knows(key, ctx.now()) {
            return ctx.reply(call, "charged");
        }
        self.table.insert(key, ctx.now());
        ctx.disk().append("charges", format!("{key}\n"));
        match self.flaw {
            Flaw::AnswersFirst => {
                ctx.reply(call, "charged");
                ctx.disk().sync();
            }
            Flaw::TwoWrites => {
                ctx.disk().sync();
                ctx.disk().append("table", format!("{key}\n"));
                ctx.disk().sync();
                ctx.reply(call, "charged");
            }
            _ => {
                ctx.disk().sync();
                ctx.reply(call, "charged");
            }
        }
    }
}

/// The night: the server is `n0`, and Ann is `n1`. Ann asks for key 1 after one second, for key 2 after eleven, for key 3 after
/// twenty-one. She waits a second for an answer and asks again, three times at most. Messages take 1 to 5 ms, a sync takes 50 ms. The plan
/// begins with the night. After forty seconds the server is started again if it is down, and a power cut ends the night.
pub fn night(lab: &Lab, flaw: Flaw, plan: FaultPlan) -> Cluster<ChargeServer> {
    lab.set_latency(Latency::Uniform(ms(1), ms(5)));
    lab.set_sync_time(ms(50));
    let make = move |_| ChargeServer { flaw, table: BTreeMap::new() };
    let server = lab.cluster("server", 1, make);
    let ann = server.client_of(0).named("ann").with_deadline(secs(1)).with_retries(3);
    lab.play(plan);
    lab.run_for(secs(1));
    for key in 1..=3 {
        ann.call(key);
        lab.run_for(secs(10));
    }
    lab.run_for(secs(9));
    if !server.is_up(0) {
        server.restart(0);
    }
    lab.run_for(secs(5));
    if server.is_up(0) {
        server.crash(0);
    }
    server
}

/// What went wrong: a key that was charged twice, or that Ann was told of and that is not charged.
pub fn damage(server: &Cluster<ChargeServer>) -> Option<String> {
    let charges = server.read_disk(0, "charges").unwrap_or_default();
    let charges = String::from_utf8_lossy(&charges).into_owned();
    let times = |key: u64| charges.lines().filter(|line| *line == key.to_string()).count();
    for operation in &server.history() {
        let (key, told) = (operation.request, &operation.outcome);
        match (times(key), told) {
            (0, Some(Outcome::Ok(_))) => {
                return Some(format!("key {key} is lost: Ann was told that it is charged"));
            }
            (0 | 1, _) => {}
            (times, _) => return Some(format!("key {key} is charged {times} times")),
        }
    }
    None
}
