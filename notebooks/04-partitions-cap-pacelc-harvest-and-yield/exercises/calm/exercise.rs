//! `calm`: a detector that notices cuts of every kind, and changes its mind at most twice for each.

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Client, Cluster, Duration, Outcome, Time, Traffic, ms, secs};

use super::given::*;

/// A pair of detectors, as tests hold it.
pub type Pair = Cluster<Submitted<HowIsTheLink, Link>>;

/// How often both are asked.
const EVERY: Duration = ms(500);

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    // The measure is how many changes there were too many, below zero.
    let bars = vec![(-6.0, 0.5), (-2.0, 0.8), (0.0, 1.0)];
    Exercise::new("calm", "Notice it, and stay calm", 20.0, Rule::Bars(bars))
        .service("Detector", "HowIsTheLink", "Link")
        .without(["replication"])
        .visible("a cut", 1, |case| troubles(case, &[Trouble::Cut]))
        .visible("some messages are lost", 2, |case| troubles(case, &[Trouble::Noise]))
        .visible("a link that comes and goes", 3, |case| troubles(case, &[Trouble::Flapping]))
        .visible("one direction is cut", 4, |case| troubles(case, &[Trouble::OneWay]))
        .visible("an answer takes two seconds", 5, |case| troubles(case, &[Trouble::Gray]))
}

/// What becomes of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Cut,
    /// Cut and whole in turns, each for some seconds: one trouble.
    Flapping,
    OneWay,
    /// What one of them sends takes two seconds longer.
    Gray,
    /// One message in ten is lost, and some are late by less than half a second: no trouble at all.
    Noise,
}

/// What both say, and when.
struct Watched<'c> {
    case: &'c mut Case,
    pair: Pair,
    asking: [Client<Submitted<HowIsTheLink, Link>>; 2],
    said: [Vec<(Time, Option<Link>)>; 2],
}

impl Watched<'_> {
    fn watch(&mut self, time: Duration) {
        let end = self.case.lab().now() + time;
        while self.case.lab().now() < end {
            let now = self.case.lab().now();
            let calls = [0, 1].map(|node| self.asking[node].call(HowIsTheLink));
            self.case.lab().run_for(EVERY);
            for (said, call) in self.said.iter_mut().zip(calls) {
                said.push((now, call.outcome().and_then(Outcome::ok)));
            }
        }
    }

    /// Whether both say this, and nothing else, from one moment to another.
    fn all_say(&self, link: Link, from: Time, to: Time) -> Result<(), String> {
        for (node, said) in self.said.iter().enumerate() {
            let other = said.iter().find(|(at, it)| (from..to).contains(at) && *it != Some(link));
            if let Some((at, it)) = other {
                let it = it.map_or("nothing".to_owned(), |it| format!("{it:?}"));
                return Err(format!("at {at} node {node} says {it}"));
            }
        }
        Ok(())
    }

    fn changes(&self, from: Time) -> [usize; 2] {
        let changes = |said: &Vec<(Time, Option<Link>)>| {
            let answers = said.iter().filter(|(at, it)| *at >= from && it.is_some());
            let answers: Vec<Option<Link>> = answers.map(|(_, it)| *it).collect();
            answers.windows(2).filter(|two| two[0] != two[1]).count()
        };
        [changes(&self.said[0]), changes(&self.said[1])]
    }
}

/// One trouble after the other, with twelve good seconds after each.
pub fn troubles(case: &mut Case, troubles: &[Trouble]) {
    let pair = case.submitted::<HowIsTheLink, Link>("Detector").start(2);
    let asking = [0, 1].map(|node| pair.client_of(node).with_deadline(ms(200)));
    let mut watched = Watched { case, pair, asking, said: [Vec::new(), Vec::new()] };
    watched.watch(secs(12));
    let begun = watched.case.lab().now();
    let (mut noticed, mut over) = (Ok(()), Ok(()));
    for trouble in troubles {
        let from = watched.case.lab().now();
        let length = secs(12 + watched.case.random().below(5) as i64);
        bring_about(&mut watched, *trouble, length);
        let to = watched.case.lab().now();
        if matches!(trouble, Trouble::Cut | Trouble::OneWay | Trouble::Gray) {
            noticed = noticed.and_then(|()| watched.all_say(Link::Cut, from + NOTICED + EVERY, to));
        }
        watched.watch(secs(12));
        let now = watched.case.lab().now();
        over = over.and_then(|()| watched.all_say(Link::Whole, to + OVER + EVERY, now));
    }
    let real = troubles.iter().filter(|it| **it != Trouble::Noise).count();
    let too_many =
        watched.changes(begun).iter().map(|changes| changes.saturating_sub(2 * real)).sum::<usize>();
    let silent = watched.said.iter().flatten().find(|(_, it)| it.is_none());
    let silent = silent.map_or(Ok(()), |(at, _)| Err(format!("at {at} there is no answer")));
    let case = watched.case;
    case.liveness("the question is answered at once", silent);
    case.liveness("a cut is noticed within three seconds", noticed);
    case.liveness("after ten good seconds it is over", over);
    // What fails this reaches no bar; it is here to say the number.
    let calm = if too_many <= 6 { Ok(()) } else { Err(format!("{too_many} changes are too many")) };
    case.liveness("there are at most six changes too many", calm);
    case.measure(-(too_many as f64));
}

fn bring_about(watched: &mut Watched, trouble: Trouble, length: Duration) {
    let lab = watched.case.lab().clone();
    let (one, other) = (watched.pair.nodes([0]), watched.pair.nodes([1]));
    let (one, other) = if watched.case.random().chance(0.5) { (one, other) } else { (other, one) };
    let all = || Traffic::all().messages();
    match trouble {
        Trouble::Cut => {
            let cut = lab.partition([one, other]);
            watched.watch(length);
            lab.heal(cut);
        }
        Trouble::OneWay => {
            let cut = lab.cut_one_way(one, other);
            watched.watch(length);
            lab.heal(cut);
        }
        Trouble::Gray => {
            let slow = lab.delay(secs(2), all().from(one));
            watched.watch(length);
            lab.remove_rule(slow);
        }
        Trouble::Noise => {
            let rules = [lab.lose(0.1, all()), lab.reorder(0.2, ms(200), all())];
            watched.watch(length);
            rules.into_iter().for_each(|rule| lab.remove_rule(rule));
        }
        Trouble::Flapping => {
            for _ in 0..5 {
                let (down, up) = (watched.case.random().below(2_000), watched.case.random().below(4_000));
                let cut = lab.partition([one.clone(), other.clone()]);
                watched.watch(ms(3_200 + down as i64));
                lab.heal(cut);
                watched.watch(ms(500 + up as i64));
            }
        }
    }
}
