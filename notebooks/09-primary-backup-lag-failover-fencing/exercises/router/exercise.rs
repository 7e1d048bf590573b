//! `router`: reads from copies that lag, without hiding anybody's own writes.

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Call, Cluster, Duration, NodeId, Outcome, Time, Traffic, ms, secs};

use super::given::*;

/// So long may a read take, in a world whose messages take about a millisecond.
const LONGEST: Duration = secs(1);

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    let bars = vec![(0.50, 0.5), (0.80, 0.8), (0.95, 1.0)];
    Exercise::new("router", "Read your own writes, from a copy", 15.0, Rule::Bars(bars))
        .service("ReadRouter", "Wish", "RouterAnswer")
        .calls(["LaggingDb"])
        .made_by(
            "ReadRouter::new(setup.into_iter().map(::netsplit::Address::new).collect())",
            "Vec<::netsplit::NodeId>",
        )
        .without(["replication", "consensus"])
        .visible("a good day", 1, |case| quiet_day(case, ms(50)))
        .visible("one copy is far behind", 2, one_far_behind)
        .visible("both copies are far behind, for a while", 3, both_far_behind)
        .visible("the router begins anew", 4, begins_anew)
}

/// Three databases, a router, and its users.
pub struct Scene<'c> {
    pub case: &'c mut Case,
    pub databases: Cluster<LaggingDb>,
    pub router: Cluster<Submitted<Wish, RouterAnswer>>,
    /// What each user has been told so far.
    seen: Vec<Lsn>,
    reads: Vec<Read>,
    values: u64,
}

struct Read {
    key: String,
    seen: Lsn,
    at: Time,
    call: Call<Submitted<Wish, RouterAnswer>>,
    /// Whether it has to be answered: the router lives on, and the primary is there.
    is_owed: bool,
}

impl<'c> Scene<'c> {
    pub fn new(case: &'c mut Case, lag: Duration) -> Scene<'c> {
        let databases = case.lab().cluster("database", 3, |_id| LaggingDb::default());
        let ids: Vec<NodeId> = (0..3).map(|index| databases.id(index)).collect();
        case.lab().delay(lag, Traffic::all().from(databases.all()).messages());
        let router =
            case.submitted::<Wish, RouterAnswer>("ReadRouter").setup(ids).calling(&databases).start(1);
        Scene { case, databases, router, seen: vec![0; 4], reads: Vec::new(), values: 0 }
    }

    /// Somebody writes, and waits for the answer.
    pub fn write(&mut self, user: usize) {
        self.values += 1;
        let wish = Wish::Write { key: self.key(), value: self.values };
        let call = self.router.client_of(0).call(wish);
        self.case.lab().run_until(|| !call.is_pending(), secs(2));
        if let Some(Outcome::Ok(RouterAnswer::Stored { lsn })) = call.outcome() {
            self.seen[user] = self.seen[user].max(lsn);
        }
        let log = self.databases.node(0).log;
        let is_right = call.outcome().and_then(Outcome::ok) == Some(RouterAnswer::Stored { lsn: log.len() })
            && log.last().map(|(_, value)| *value) == Some(self.values);
        let told = format!("{:?}, and the primary's log has {} writes", call.outcome(), log.len());
        self.case.liveness("a write is stored, and its position told", is_right.then_some(()).ok_or(told));
    }

    fn key(&mut self) -> String {
        ["basket", "address", "name"][self.case.random().below(3) as usize].to_owned()
    }

    /// Somebody reads, and waits.
    pub fn read(&mut self, user: usize) {
        self.ask(user, true);
        let call = self.reads.last().map(|it| it.call.clone()).expect("it was just asked");
        self.case.lab().run_until(|| !call.is_pending(), secs(3));
        if let Some(Outcome::Ok(RouterAnswer::Found { lsn, .. })) = call.outcome() {
            self.seen[user] = self.seen[user].max(lsn);
        }
    }

    /// Somebody asks, and nobody waits.
    pub fn ask(&mut self, user: usize, is_owed: bool) {
        let (key, seen) = (self.key(), self.seen[user]);
        let call = self.router.client_of(0).call(Wish::Read { key: key.clone(), seen });
        self.reads.push(Read { key, seen, at: self.case.lab().now(), call, is_owed });
    }

    pub fn wait(&mut self, time: Duration) {
        self.case.lab().run_for(time);
    }

    /// A visit: somebody writes, and reads at once and some more.
    pub fn visit(&mut self, user: usize) {
        self.write(user);
        for read in 0..24 {
            self.read((user + usize::from(read % 6 == 5)) % 4);
            let pause = 20 + self.case.random().below(60) as i64;
            self.wait(ms(pause));
        }
    }

    pub fn close(mut self) {
        self.wait(secs(3));
        let log = self.databases.node(0).log;
        let (mut hidden, mut made_up, mut slow) = (Vec::new(), Vec::new(), Vec::new());
        for read in &self.reads {
            let told = read.call.outcome();
            if read.is_owed && read.call.returned().is_none_or(|returned| returned - read.at > LONGEST) {
                slow.push(format!("asked at {}, told {told:?} at {:?}", read.at, read.call.returned()));
            }
            let Some(Outcome::Ok(RouterAnswer::Found { value, lsn })) = told else { continue };
            if lsn < read.seen {
                hidden.push(format!("at {}: had seen {}, was shown {lsn}", read.at, read.seen));
            }
            let newest = log.iter().take(lsn).rev().find(|(key, _)| *key == read.key);
            if lsn > log.len() || newest.map(|(_, value)| *value) != value {
                made_up.push(format!("{} at position {lsn} is {newest:?}, told was {value:?}", read.key));
            }
        }
        self.case.safety("nobody is shown less than what he has seen", all_well(hidden));
        self.case.safety("what is shown stands in the log at that position", all_well(made_up));
        self.case.liveness("a read is answered within a second", all_well(slow));
        let on_primary = self.databases.node(0).reads as f64 / self.reads.len().max(1) as f64;
        self.case.measure(1.0 - on_primary);
    }
}

fn all_well(mut complaints: Vec<String>) -> Result<(), String> {
    let count = complaints.len();
    complaints.truncate(3);
    if count == 0 { Ok(()) } else { Err(format!("{count} times: {}", complaints.join("; "))) }
}

/// Copies follow after `lag`.
pub fn quiet_day(case: &mut Case, lag: Duration) {
    let mut scene = Scene::new(case, lag);
    for user in 0..4 {
        scene.visit(user);
    }
    scene.close();
}

/// One of the copies follows after five seconds.
pub fn one_far_behind(case: &mut Case) {
    let mut scene = Scene::new(case, ms(50));
    let far = 1 + scene.case.random().below(2) as usize;
    let group = scene.databases.nodes([far]);
    scene.case.lab().delay(secs(5), Traffic::all().to(group).messages());
    for user in 0..3 {
        scene.visit(user);
    }
    scene.close();
}

/// For one visit of many both copies follow after three seconds.
pub fn both_far_behind(case: &mut Case) {
    let mut scene = Scene::new(case, ms(50));
    for user in 0..4 {
        scene.visit(user);
    }
    let slow = scene.case.lab().delay(secs(3), Traffic::all().from(scene.databases.all()).messages());
    scene.write(0);
    scene.read(0);
    scene.read(1);
    scene.case.lab().remove_rule(slow);
    scene.wait(secs(4));
    for user in 0..2 {
        scene.visit(user);
    }
    scene.close();
}

/// The router crashes right after a write, and forgets whatever it had in memory.
pub fn begins_anew(case: &mut Case) {
    let mut scene = Scene::new(case, ms(300));
    for user in 0..3 {
        scene.visit(user);
        scene.write(user);
        if scene.router.is_up(0) {
            scene.router.crash(0);
        }
        scene.router.restart(0);
        scene.read(user);
    }
    scene.close();
}
