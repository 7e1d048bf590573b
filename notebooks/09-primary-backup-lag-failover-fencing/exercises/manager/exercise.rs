//! `manager`: observers that appoint a primary by a majority of their own, one for each epoch.

use std::collections::BTreeMap;

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Address, Cluster, Context, Duration, Group, Node, NodeId, Outcome, Time, Traffic, ms, secs};

use super::given::*;

/// An observer, as tests hold it.
pub type Observer = Submitted<Beat, Reign>;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("manager", "One primary for each epoch", 30.0, Rule::SafetyGate)
        .service("Observer", "Beat", "Reign")
        .made_by("Observer::new(setup)", "ObserverSetup")
        .without(["replication", "consensus"])
        .visible("the primary crashes", 1, |case| primary_crashes(case, &[1, 2]))
        .visible("43 seconds", 2, |case| forty_three_seconds(case, &[1, 2]))
        .visible("one observer misses the primary", 3, one_observer_misses)
        .visible("a minority stays alone", 4, minority)
}

/// A database: it says once a second that it is there, and believes what it is told of later epochs.
#[derive(Clone, Debug)]
pub struct Database {
    observers: Vec<Address<Observer>>,
    /// What it was told, when, and by which observer.
    pub told: Vec<(Time, NodeId, Reign)>,
}

impl Node for Database {
    type Message = Outcome<Reign>;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(ms(100), ());
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        let heartbeat = Beat { from: ctx.id() };
        for observer in self.observers.clone() {
            ctx.call(observer, heartbeat, ms(900), |told| told);
        }
        ctx.set_timer(secs(1), ());
    }

    fn on_message(&mut self, from: NodeId, told: Outcome<Reign>, ctx: &mut Context<Self>) {
        if let Outcome::Ok(told) = told {
            self.told.push((ctx.now(), from, told));
        }
    }
}

/// Observers, three databases, and what was heard of an appointment.
pub struct Scene<'c> {
    pub case: &'c mut Case,
    pub observers: Cluster<Observer>,
    pub databases: Cluster<Database>,
}

impl<'c> Scene<'c> {
    pub fn new(case: &'c mut Case, observers: usize) -> Scene<'c> {
        let first = observers as u32;
        let databases: Vec<NodeId> = (first..first + 3).map(NodeId).collect();
        let setup = ObserverSetup { databases };
        let observers =
            case.submitted::<Beat, Reign>("Observer").named("observer").setup(setup).start(observers);
        let watched: Vec<_> = (0..observers.size()).map(|index| observers.address(index)).collect();
        let databases = case
            .lab()
            .cluster("database", 3, move |_id| Database { observers: watched.clone(), told: Vec::new() });
        case.lab().run_for(secs(6));
        Scene { case, observers, databases }
    }

    pub fn wait(&mut self, time: Duration) {
        self.case.lab().run_for(time);
    }

    /// These observers and databases.
    pub fn group(&self, observers: &[usize], databases: &[usize]) -> Group {
        self.observers.nodes(observers.iter().copied()).and(self.databases.nodes(databases.iter().copied()))
    }

    /// The latest that these databases were told in the last three seconds, each by each observer.
    fn latest(&self, databases: &[usize]) -> Vec<(NodeId, Reign)> {
        let since = self.case.lab().now() - secs(3);
        let mut latest = BTreeMap::new();
        for index in databases {
            for (at, observer, told) in self.databases.node(*index).told {
                if at >= since {
                    latest.insert(observer, told);
                }
            }
        }
        latest.into_iter().collect()
    }

    /// The primary is gone since half a minute at least, a majority is well: it has appointed one of these databases.
    pub fn recovered(&mut self, alive: &[usize]) {
        let told = self.latest(alive);
        let majority = self.observers.size() / 2 + 1;
        let ids: Vec<NodeId> = alive.iter().map(|index| self.databases.id(*index)).collect();
        let newest = told.iter().map(|(_, appointed)| *appointed).max();
        let agree = told.iter().filter(|(_, appointed)| Some(*appointed) == newest).count();
        let well = newest.is_some_and(|it| it.epoch > 1 && ids.contains(&it.primary)) && agree >= majority;
        let why = format!("{ids:?} are there, and were told {told:?}");
        self.case.liveness("within 30 s another database is appointed", well.then_some(()).ok_or(why));
    }

    /// So far the first primary was heard by a majority all the time.
    pub fn still_first(&mut self) {
        let all = [0, 1, 2].map(|index| self.databases.node(index).told);
        let newer = all.iter().flatten().find(|(_, _, told)| told.epoch > 1);
        let why = newer.map(|(at, who, told)| format!("at {at} {who} told of {told:?}"));
        self.case.safety("who is heard by a majority stays", why.map_or(Ok(()), Err));
    }

    /// Everything heals; ten seconds later all say the same. Then all that was ever told is compared.
    pub fn close(mut self) {
        self.case.lab().heal_all();
        for index in 0..self.observers.size() {
            if !self.observers.is_up(index) {
                self.observers.restart(index);
            }
        }
        self.wait(secs(10));
        let alive: Vec<usize> = (0..3).filter(|index| self.databases.is_up(*index)).collect();
        let told = self.latest(&alive);
        let all_equal = told.len() == self.observers.size() && told.iter().all(|it| it.1 == told[0].1);
        let why = format!("ten seconds after the healing observers say {told:?}");
        self.case.liveness("in the end all say the same", all_equal.then_some(()).ok_or(why));
        self.judge();
    }

    fn judge(&mut self) {
        let first = Reign { epoch: 1, primary: self.databases.id(0) };
        let mut primaries: BTreeMap<u64, NodeId> = BTreeMap::from([(first.epoch, first.primary)]);
        let (mut two, mut back) = (Vec::new(), Vec::new());
        for index in 0..3 {
            let mut last: BTreeMap<NodeId, u64> = BTreeMap::new();
            for (at, observer, told) in self.databases.node(index).told {
                let known = *primaries.entry(told.epoch).or_insert(told.primary);
                if known != told.primary {
                    two.push(format!("epoch {} has {known} and {}", told.epoch, told.primary));
                }
                let before = last.insert(observer, told.epoch).unwrap_or(0);
                if told.epoch < before {
                    back.push(format!("at {at} {observer} says epoch {}, and had said {before}", told.epoch));
                }
            }
        }
        two.dedup();
        self.case.safety("no epoch has two primaries", all_well(two));
        self.case.safety("no observer goes back to an earlier epoch", all_well(back));
    }
}

fn all_well(mut complaints: Vec<String>) -> Result<(), String> {
    complaints.truncate(3);
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ")) }
}

/// The primary is gone for good; of the others only these are there.
pub fn primary_crashes(case: &mut Case, alive: &[usize]) {
    let mut scene = Scene::new(case, 3);
    scene.still_first();
    (0..3).filter(|index| !alive.contains(index)).for_each(|index| scene.databases.crash(index));
    scene.wait(secs(30));
    scene.recovered(alive);
    scene.close();
}

/// GitHub's cut: the primary and one observer on one side, everybody else on the other, as far as it is there.
pub fn forty_three_seconds(case: &mut Case, alive: &[usize]) {
    let mut scene = Scene::new(case, 3);
    (1..3).filter(|index| !alive.contains(index)).for_each(|index| scene.databases.crash(index));
    let (east, west) = (scene.group(&[0], &[0]), scene.group(&[1, 2], &[1, 2]));
    scene.case.lab().partition([east, west]);
    scene.wait(secs(30));
    scene.recovered(alive);
    scene.wait(secs(13));
    scene.close();
}

/// What the primary sends to one observer is lost; the two others hear it.
pub fn one_observer_misses(case: &mut Case) {
    let mut scene = Scene::new(case, 3);
    let blind = scene.case.random().below(3) as usize;
    let (from, to) = (scene.group(&[], &[0]), scene.group(&[blind], &[]));
    scene.case.lab().cut_one_way(from, to);
    scene.wait(secs(30));
    scene.still_first();
    scene.close();
}

/// Two of three observers and the primary are cut off together: the third may appoint nobody.
pub fn minority(case: &mut Case) {
    let mut scene = Scene::new(case, 3);
    let (many, one) = (scene.group(&[0, 1], &[0]), scene.group(&[2], &[1, 2]));
    scene.case.lab().lose(0.1, Traffic::all().messages());
    scene.case.lab().partition([many, one]);
    scene.wait(secs(30));
    scene.still_first();
    scene.close();
}
