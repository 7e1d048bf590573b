//! `fence`: a store that keeps out former holders, also after a crash.

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Call, Cluster, Duration, Outcome, Time, Traffic, ms, secs};

use super::given::*;

/// The store, as tests hold it.
pub type FencedFiles = Cluster<Submitted<StoreAsk, StoreTold>>;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("fence", "Keep the past out", 15.0, Rule::SafetyGate)
        .service("FencedFiles", "StoreAsk", "StoreTold")
        .without(["replication", "consensus"])
        .visible("42, 43, 42", 1, three_tokens)
        .visible("a holder that only opens", 2, only_opens)
        .visible("a crash between two holders", 3, crash_between)
        .visible("a letter that is late", 4, late_letter)
}

/// A store in a world, and what was asked of it.
pub struct Scene<'c> {
    pub case: &'c mut Case,
    pub store: FencedFiles,
    asked: Vec<Asked>,
    values: u64,
}

struct Asked {
    ask: StoreAsk,
    call: Call<Submitted<StoreAsk, StoreTold>>,
    at: Time,
    /// Whether the store is up from here until long after the answer.
    is_calm: bool,
}

/// The token of a request that has one.
fn token(ask: &StoreAsk) -> Option<u64> {
    match ask {
        StoreAsk::Open { token } | StoreAsk::Write { token, .. } => Some(*token),
        StoreAsk::Read { .. } => None,
    }
}

impl<'c> Scene<'c> {
    pub fn new(case: &'c mut Case) -> Scene<'c> {
        case.lab().set_sync_time(ms(5));
        let store = case.submitted::<StoreAsk, StoreTold>("FencedFiles").start(1);
        Scene { case, store, asked: Vec::new(), values: 0 }
    }

    /// Asks, by a client of its own, and does not wait.
    pub fn send(&mut self, ask: StoreAsk, is_calm: bool) {
        let at = self.case.lab().now();
        let call = self.store.client_of(0).call(ask.clone());
        self.asked.push(Asked { ask, call, at, is_calm });
    }

    /// Opens in calm weather, and waits.
    pub fn open(&mut self, token: u64) {
        self.send(StoreAsk::Open { token }, true);
        self.wait(secs(1));
    }

    /// A new value under a key.
    pub fn letter(&mut self, token: u64, key: &str) -> StoreAsk {
        self.values += 1;
        StoreAsk::Write { token, key: key.to_owned(), value: self.values }
    }

    /// Writes in calm weather, and waits.
    pub fn write(&mut self, token: u64, key: &str) {
        let letter = self.letter(token, key);
        self.send(letter, true);
        self.wait(secs(1));
    }

    pub fn wait(&mut self, time: Duration) {
        self.case.lab().run_for(time);
    }

    /// Crashes the store, if it is up, and starts it again.
    pub fn restart(&mut self) {
        if self.store.is_up(0) {
            self.store.crash(0);
        }
        self.wait(ms(20));
        self.store.restart(0);
        self.wait(ms(50));
    }

    /// A power cut; then every key is read, and everything that was told is compared.
    pub fn close(mut self) {
        self.restart();
        let mut keys: Vec<String> = self.asked.iter().filter_map(|it| key(&it.ask)).collect();
        keys.sort();
        keys.dedup();
        let reads: Vec<_> = keys
            .iter()
            .map(|key| self.store.client_of(0).call(StoreAsk::Read { key: key.clone() }))
            .collect();
        self.wait(secs(2));
        let (mut lost, mut unread) = (Vec::new(), Vec::new());
        for (key, read) in keys.iter().zip(&reads) {
            match read.outcome() {
                Some(Outcome::Ok(StoreTold::Value(value))) => lost.extend(self.is_wrong(key, value)),
                other => unread.push(format!("{key} was told {other:?}")),
            }
        }
        self.case.liveness("whoever reads is answered", all_well(unread));
        self.case.safety("what was told written is there, and nothing of the past after it", all_well(lost));
        self.judge_order();
        self.judge_service();
    }

    /// Why this value cannot be under this key in the end.
    fn is_wrong(&self, key_read: &str, value: Option<u64>) -> Option<String> {
        let of_key = || self.asked.iter().filter(|it| key(&it.ask).as_deref() == Some(key_read));
        let written = |it: &&Asked| it.call.outcome() == Some(Outcome::Ok(StoreTold::Written));
        let last = of_key().filter(written).max_by_key(|it| (it.call.returned(), it.at));
        let Some(found) = of_key().find(|it| Some(value_of(&it.ask)) == value) else {
            let was_told = last.map(|it| format!("{:?} was told Written", it.ask));
            return match (value, was_told) {
                (None, None) => None,
                (value, told) => Some(format!("{key_read} is {value:?}; {}", told.unwrap_or_default())),
            };
        };
        let last = last?;
        if found.call.outcome().is_some_and(|it| matches!(it, Outcome::Ok(StoreTold::Refused { .. }))) {
            return Some(format!("{:?} was refused, and is there", found.ask));
        }
        // Of one holder, what overlaps in time may come in any order.
        let overlaps = found.call.returned().is_none_or(|returned| returned >= last.at);
        let is_possible = token(&found.ask) >= token(&last.ask) && overlaps;
        let wrong = !std::ptr::eq(found, last) && !is_possible;
        wrong.then(|| format!("{key_read} is of {:?}, and {:?} was told Written", found.ask, last.ask))
    }

    /// Nobody is accepted after a later holder was.
    fn judge_order(&mut self) {
        let mut wrong = Vec::new();
        let accepted = |it: &&Asked| {
            matches!(it.call.outcome(), Some(Outcome::Ok(StoreTold::Opened | StoreTold::Written)))
        };
        for late in self.asked.iter().filter(accepted) {
            let after = |it: &&Asked| it.call.returned().is_some_and(|returned| returned <= late.at);
            let higher = self.asked.iter().filter(accepted).filter(after);
            if let Some(higher) = higher.filter(|it| token(&it.ask) > token(&late.ask)).last() {
                wrong.push(format!("{:?} was accepted after {:?}", late.ask, higher.ask));
            }
        }
        self.case.safety("nobody is accepted after a later holder", all_well(wrong));
    }

    /// The present holder is served; former ones are told who is.
    fn judge_service(&mut self) {
        let (mut unserved, mut mute) = (Vec::new(), Vec::new());
        let mut highest_sent = 0;
        for (place, asked) in self.asked.iter().enumerate().filter(|(_, it)| it.is_calm) {
            let Some(own) = token(&asked.ask) else { continue };
            highest_sent =
                self.asked[..place].iter().filter_map(|it| token(&it.ask)).fold(highest_sent, u64::max);
            let told = asked.call.outcome();
            let is_accepted = matches!(told, Some(Outcome::Ok(StoreTold::Opened | StoreTold::Written)));
            if own >= highest_sent && !is_accepted {
                unserved.push(format!("{:?} was told {told:?}", asked.ask));
            }
            match told {
                Some(Outcome::Ok(StoreTold::Refused { highest }))
                    if highest > own && highest <= highest_sent => {}
                _ if is_accepted => {}
                other => mute.push(format!("{:?} was told {other:?}", asked.ask)),
            }
        }
        self.case.liveness("the present holder is served, as often as it asks", all_well(unserved));
        self.case.liveness("a former holder is told who came after", all_well(mute));
    }
}

fn key(ask: &StoreAsk) -> Option<String> {
    match ask {
        StoreAsk::Write { key, .. } => Some(key.clone()),
        _ => None,
    }
}

fn value_of(ask: &StoreAsk) -> u64 {
    match ask {
        StoreAsk::Write { value, .. } => *value,
        _ => 0,
    }
}

fn all_well(complaints: Vec<String>) -> Result<(), String> {
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ")) }
}

/// The old holder comes once more; the new one writes twice.
pub fn three_tokens(case: &mut Case) {
    let mut scene = Scene::new(case);
    for token in [42, 43, 42, 43] {
        scene.write(token, "file");
    }
    scene.write(42, "other file");
    scene.close();
}

/// The new holder has written nothing yet, and the old one is over.
pub fn only_opens(case: &mut Case) {
    let mut scene = Scene::new(case);
    scene.write(42, "file");
    scene.open(43);
    scene.write(42, "file");
    scene.open(42);
    scene.write(43, "file");
    scene.close();
}

/// The store crashes after the new holder has opened, or has written.
pub fn crash_between(case: &mut Case) {
    let mut scene = Scene::new(case);
    scene.write(42, "file");
    scene.open(43);
    scene.restart();
    scene.write(42, "file");
    scene.write(44, "file");
    scene.restart();
    scene.write(43, "other file");
    scene.write(44, "other file");
    scene.close();
}

/// The old holder's letter takes ten seconds.
pub fn late_letter(case: &mut Case) {
    let mut scene = Scene::new(case);
    scene.open(42);
    let slow = scene.case.lab().delay(secs(10), Traffic::all().requests());
    let letter = scene.letter(42, "file");
    scene.send(letter, false);
    scene.wait(ms(100));
    scene.case.lab().remove_rule(slow);
    scene.write(43, "file");
    scene.wait(secs(15));
    scene.write(43, "other file");
    scene.close();
}
