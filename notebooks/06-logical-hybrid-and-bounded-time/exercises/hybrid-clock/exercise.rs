//! `hybrid-clock`: timestamps that put no effect before its cause, stay as near to the time of day as the clocks allow, and do not
//! believe everything.

use std::collections::BTreeMap;

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::{Duration, Random, Time, hours, ms, secs, us};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("hybrid-clock", "The best of both", 15.0, Rule::SafetyGate)
        .function("hybrid_clock", "Vec<HybridStep>", "Vec<Option<HybridStamp>>")
        .without(["clocks"])
        .visible("clocks that agree", 1, |case| random(case, 40, Duration::ZERO, 0.0))
        .visible("a clock that is ahead", 2, |case| random(case, 40, ms(50), 0.0))
        .visible("a clock that is set back", 3, set_back)
        .visible("strangers", 4, |case| random(case, 40, ms(50), 0.2))
}

/// Events at four nodes whose physical clocks differ by up to `apart`, stand still at times, and are set back at times. Some messages come
/// from strangers, whose clocks may be wrong by hours.
pub fn random(case: &mut Case, events: usize, apart: Duration, strangers: f64) {
    let random = case.random();
    let offsets: Vec<Duration> = (0..4).map(|_| random.between(Duration::ZERO, apart)).collect();
    let (mut now, mut run, mut sendings) = (Time::ZERO + secs(10), Vec::<HybridStep>::new(), Vec::new());
    for event in 0..events {
        // Often no time passes between two events, so that the logical part has something to do.
        now += if random.chance(0.5) { Duration::ZERO } else { random.between(us(1), ms(3)) };
        let at = random.below(4) as usize;
        let message = match (random.chance(0.5), random.chance(strangers), random.pick(&sendings)) {
            (_, true, _) => Some(Arrival::Stranger(stranger(random, now))),
            (true, _, Some(&sending)) => Some(Arrival::Of(sending)),
            _ => None,
        };
        if message.is_none() {
            sendings.push(event);
            sendings.drain(..sendings.len().saturating_sub(8)); // only recent messages are under way
        }
        let shows = now + offsets[at] - if random.chance(0.05) { apart } else { Duration::ZERO };
        run.push(HybridStep { at: at as u32, now: shows, message });
    }
    judge(case, run);
}

fn stranger(random: &mut Random, now: Time) -> HybridStamp {
    let ahead = match random.below(3) {
        0 => random.between(-secs(1), ms(300)),
        1 => random.between(ms(600), secs(2)),
        _ => random.between(secs(2), hours(2)),
    };
    HybridStamp { time: now + ahead, logical: random.below(5) as u32 }
}

fn set_back(case: &mut Case) {
    let at = |time| Time::ZERO + ms(time);
    let times = [1_000, 1_001, 700, 701, 702, 1_001, 1_002];
    let step = |time| HybridStep { at: 0, now: at(time), message: None };
    let mut run: Vec<HybridStep> = times.map(step).to_vec();
    run.push(HybridStep { at: 1, now: at(690), message: Some(Arrival::Of(4)) });
    run.push(HybridStep { at: 0, now: at(1_100), message: Some(Arrival::Of(0)) });
    judge(case, run);
}

/// Looks at every timestamp of the run.
pub fn judge(case: &mut Case, run: Vec<HybridStep>) {
    let Some(said) = case.evaluate::<Vec<HybridStep>, Vec<Option<HybridStamp>>>("hybrid_clock", &run) else {
        return;
    };
    let whole = if said.len() == run.len() { Ok(()) } else { Err("a step has no timestamp".to_owned()) };
    case.safety("every step is answered", whole);
    if said.len() != run.len() {
        return;
    }
    // What each step could know: of every physical clock the greatest reading, of strangers the timestamps.
    let (mut known, mut knows) = (Vec::new(), BTreeMap::<u32, Time>::new());
    let (mut gullible, mut timid, mut early, mut far, mut idle) = (vec![], vec![], vec![], vec![], vec![]);
    let mut latest = BTreeMap::<u32, HybridStamp>::new();
    for (index, step) in run.iter().enumerate() {
        let heard = match step.message {
            Some(Arrival::Of(sending)) => known[sending],
            Some(Arrival::Stranger(stamp)) => Some(stamp.time),
            None => None,
        };
        let is_refused = heard.is_some_and(|time: Time| time - step.now > MOST_AHEAD);
        let Some(stamp) = said[index] else {
            if !is_refused {
                timid.push(format!("step {index} refuses {heard:?} at {}", step.now));
            }
            known.push(None);
            continue;
        };
        if is_refused {
            gullible.push(format!("step {index} accepts {heard:?} at {}", step.now));
        }
        let here = knows.entry(step.at).or_default();
        *here = (*here).max(step.now).max(heard.unwrap_or_default());
        if stamp.time != *here {
            far.push(format!("step {index} says {stamp:?}; the latest that it knows of is {here}"));
        }
        let before = latest.insert(step.at, stamp).unwrap_or_default();
        let sent = match step.message {
            Some(Arrival::Stranger(stamp)) => stamp,
            Some(Arrival::Of(sending)) => said[sending].unwrap_or_default(),
            None => HybridStamp::default(),
        };
        // An order that holds at every step and along every message holds from any cause to any effect.
        if stamp <= before || stamp <= sent {
            early.push(format!("step {index} says {stamp:?} after {:?}", before.max(sent)));
        }
        let moved_on = step.now > before.time && heard.is_none_or(|heard| step.now > heard);
        if moved_on && stamp.logical != 0 {
            idle.push(format!("step {index} says {stamp:?}, and its physical clock has moved on"));
        }
        known.push(Some(*here));
    }
    case.safety("no effect is before its cause", first(early));
    case.safety("the time is the latest that the node knows of", first(far));
    case.safety("what is too far ahead is refused", first(gullible));
    case.liveness("what is not too far ahead is accepted", first(timid));
    case.liveness("the logical part is 0 when the physical clock has moved on", first(idle));
}

fn first(wrong: Vec<String>) -> Result<(), String> {
    wrong.into_iter().next().map_or(Ok(()), Err)
}
