//! A store keeps what it has acknowledged, also when it crashes.

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::*;

use super::given::{Ask, Answered};

pub fn exercise() -> Exercise {
    Exercise::new("memory", "A store that remembers", 10.0, Rule::SafetyGate)
        .service("Store", "Ask", "Answered")
        .visible("no crash", 1, |case| story(case, 0))
        .visible("one crash", 2, |case| story(case, 1))
}

/// Puts and gets one after the other, with so many crashes between them.
pub fn story(case: &mut Case, crashes: u64) {
    let store = case.submitted::<Ask, Answered>("Store").start(1);
    let client = store.client_of(0).with_deadline(secs(1));
    let mut kept = std::collections::BTreeMap::new();
    let (mut answered, mut right) = (true, true);
    for round in 0..8 {
        let (key, value) = (case.random().below(4) as u32, case.random().below(1_000_000) as u32);
        let put = client.call(Ask::Put { key, value });
        case.lab().run_for(ms(100));
        match put.outcome() {
            Some(Outcome::Ok(_)) => drop(kept.insert(key, value)),
            _ => answered = false,
        }
        if round < crashes {
            store.crash(0);
            store.restart(0);
        }
        let key = case.random().below(4) as u32;
        let get = client.call(Ask::Get { key });
        case.lab().run_for(ms(100));
        match get.outcome() {
            Some(Outcome::Ok(told)) => right &= told == Answered::Value(kept.get(&key).copied()),
            _ => answered = false,
        }
    }
    case.safety("what was acknowledged is kept", right);
    case.liveness("every request is answered", answered);
}
