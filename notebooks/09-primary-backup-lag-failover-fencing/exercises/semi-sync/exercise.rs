//! `semi-sync`: a primary with two backups that acknowledges what is on two disks, and lets backups catch up.

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Call, Cluster, Duration, Outcome, ms, secs};

use super::given::*;

/// The members, as tests hold them: the first is the primary.
pub type Members = Cluster<Submitted<ReplicaAsk, ReplicaTold>>;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("semi-sync", "On two disks before you say so", 25.0, Rule::SafetyGate)
        .service("SyncReplica", "ReplicaAsk", "ReplicaTold")
        .without(["replication", "consensus"])
        .visible("five puts", 1, five_puts)
        .visible("one backup is down, then back", 2, one_backup_down)
        .visible("the primary is cut off, and burns", 3, |case| cut_off(case, true))
        .visible("everybody begins anew", 4, power_cut)
}

/// A primary, two backups, and what was asked.
pub struct Scene<'c> {
    pub case: &'c mut Case,
    pub members: Members,
    puts: Vec<Put>,
    /// Puts that were owed an answer, and had none after a second.
    late: Vec<u64>,
}

struct Put {
    key: String,
    value: u64,
    call: Call<Submitted<ReplicaAsk, ReplicaTold>>,
    /// Whether it has to be answered within a second: the primary and one backup are well.
    is_owed: bool,
}

impl<'c> Scene<'c> {
    pub fn new(case: &'c mut Case) -> Scene<'c> {
        case.lab().set_sync_time(ms(2));
        let members = case.submitted::<ReplicaAsk, ReplicaTold>("SyncReplica").named("member").start(3);
        Scene { case, members, puts: Vec::new(), late: Vec::new() }
    }

    /// A put that nobody waits for.
    pub fn put(&mut self, is_owed: bool) {
        let (key, value) = (format!("k{}", self.case.random().below(4)), self.puts.len() as u64);
        let call = self.members.client_of(0).call(ReplicaAsk::Put { key: key.clone(), value });
        self.puts.push(Put { key, value, call, is_owed });
    }

    /// A put, and a second in which it is answered if it is owed.
    pub fn put_and_wait(&mut self, is_owed: bool) {
        self.put(is_owed);
        self.wait(secs(1));
        if let Some(put) = self.puts.last().filter(|put| put.is_owed && put.call.is_pending()) {
            self.late.push(put.value);
        }
    }

    pub fn wait(&mut self, time: Duration) {
        self.case.lab().run_for(time);
    }

    pub fn restart(&mut self, index: usize) {
        if self.members.is_up(index) {
            self.members.crash(index);
        }
        self.wait(ms(10));
        self.members.restart(index);
    }

    /// What this member says is in its log.
    fn log_of(&self, index: usize) -> Option<Vec<(String, u64)>> {
        let call = self.members.client_of(index).call(ReplicaAsk::Log);
        self.case.lab().run_until(|| !call.is_pending(), secs(1));
        match call.outcome() {
            Some(Outcome::Ok(ReplicaTold::Log(log))) => Some(log),
            _ => None,
        }
    }

    /// Everything heals: three seconds later all logs are equal.
    pub fn heals(&mut self) {
        self.case.lab().heal_all();
        for index in 0..3 {
            if !self.members.is_up(index) {
                self.members.restart(index);
            }
        }
        self.wait(secs(3));
        let logs: Vec<_> = (0..3).map(|index| self.log_of(index)).collect();
        let all_equal = logs[0].is_some() && logs.iter().all(|log| *log == logs[0]);
        let lengths: Vec<_> = logs.iter().map(|log| log.as_ref().map(Vec::len)).collect();
        let why = format!("three seconds after all has healed the logs have these lengths: {lengths:?}");
        self.case.liveness("who was away catches up", all_equal.then_some(()).ok_or(why));
        let whole = logs[0].as_ref().is_some_and(|log| self.acknowledged().all(|put| log.contains(&put)));
        self.case.safety("what was acknowledged is in the primary's log", whole);
    }

    fn acknowledged(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        let stored = |put: &&Put| put.call.outcome() == Some(Outcome::Ok(ReplicaTold::Stored));
        self.puts.iter().filter(stored).map(|put| (put.key.clone(), put.value))
    }

    /// The primary burns with its disk; the power of both backups is cut; then they say what they have.
    pub fn burns(mut self) {
        let primary = if self.members.is_up(0) { self.log_of(0) } else { None };
        if self.members.is_up(0) {
            self.members.crash(0);
        }
        self.case.lab().heal_all();
        self.wait(ms(500));
        (1..3).for_each(|index| self.restart(index));
        self.wait(ms(500));
        let logs: Vec<_> = (1..3).filter_map(|index| self.log_of(index)).collect();
        self.case.liveness("backups say what they have", logs.len() == 2);
        let longest = logs.iter().max_by_key(|log| log.len()).cloned().unwrap_or_default();
        let lost: Vec<_> = self.acknowledged().filter(|put| !longest.contains(put)).collect();
        let told = format!("{lost:?} was told Stored, and no backup has it");
        self.case.safety("NoLostAck", lost.is_empty().then_some(()).ok_or(told));
        let mut differing = Vec::new();
        for log in logs.iter().chain(&primary) {
            if !(longest.starts_with(log) || log.starts_with(&longest)) {
                differing.push(format!("{log:?} and {longest:?} differ"));
            }
        }
        self.case.safety("of two logs one is the beginning of the other", all_well(differing));
        let mut made_up: Vec<String> = Vec::new();
        for (place, entry) in longest.iter().enumerate() {
            let is_asked = self.puts.get(entry.1 as usize).is_some_and(|put| put.key == entry.0);
            if !is_asked || longest[..place].contains(entry) {
                made_up.push(format!("{entry:?} is there twice, or nobody asked for it"));
            }
        }
        self.case.safety("only what was asked for is there, once", all_well(made_up));
        let late = &self.late;
        let why = format!("puts {late:?} were not answered within a second");
        self.case.liveness("one backup is enough", late.is_empty().then_some(()).ok_or(why));
    }
}

fn all_well(complaints: Vec<String>) -> Result<(), String> {
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ")) }
}

/// Nothing goes wrong until the end.
pub fn five_puts(case: &mut Case) {
    let mut scene = Scene::new(case);
    (0..5).for_each(|_| scene.put_and_wait(true));
    scene.heals();
    scene.burns();
}

/// A backup is down for three puts, and then the other one.
pub fn one_backup_down(case: &mut Case) {
    let mut scene = Scene::new(case);
    scene.put_and_wait(true);
    let first = 1 + scene.case.random().below(2) as usize;
    for down in [first, 3 - first] {
        scene.members.crash(down);
        let puts = 1 + scene.case.random().below(3);
        (0..puts).for_each(|_| scene.put_and_wait(true));
        scene.members.restart(down);
        scene.wait(secs(3));
    }
    scene.heals();
    scene.burns();
}

/// The primary is cut off from both backups, and goes on being asked; then it burns, or the network heals.
pub fn cut_off(case: &mut Case, burns: bool) {
    let mut scene = Scene::new(case);
    scene.put_and_wait(true);
    let (primary, backups) = (scene.members.nodes([0]), scene.members.nodes([1, 2]));
    scene.case.lab().partition([primary, backups]);
    (0..3).for_each(|_| scene.put_and_wait(false));
    if !burns {
        scene.heals();
        scene.put_and_wait(true);
    }
    scene.burns();
}

/// All three crash at once, twice.
pub fn power_cut(case: &mut Case) {
    let mut scene = Scene::new(case);
    for _ in 0..2 {
        (0..2).for_each(|_| scene.put_and_wait(true));
        scene.put(false);
        let moment = scene.case.random().below(12) as i64;
        scene.wait(ms(moment));
        (0..3).for_each(|index| scene.restart(index));
        scene.wait(secs(1));
    }
    scene.put_and_wait(true);
    scene.heals();
    scene.burns();
}
