//! `placement`: for ten functions, whether the ends, the hops or both should do them; a small model prices each place.

use netsplit::Random;
use netsplit::grade::{Case, Exercise, Rule};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("placement", "End, hop, or both", 20.0, Rule::Diagnosis)
        .function("place", "Job", "Place")
        .visible("ten functions", 1, |case| ask_all(case, &mut Random::new(1)))
        .visible("ten functions on other ways", 2, |case| ask_all(case, &mut Random::new(2)))
}

/// What makes a function's right place what it is.
#[derive(Clone, Copy)]
enum Kind {
    /// The links are good: whoever repairs at the ends alone is quickest.
    GoodLinks,
    /// The links are bad, and a message has far to go: hops repair early, ends make sure.
    BadLinks,
    /// Only the ends know what is meant.
    Meaning,
    /// Only the network can do it.
    Network,
    /// Links are bad, machines are trusted: hops are enough.
    Trusted,
}

/// The functions; nothing where any of three kinds of ways may be the function's.
const FUNCTIONS: [(&str, Option<Kind>); 10] = [
    ("the checksum of a file", None),
    ("the checksum of a backup", None),
    ("retransmission of a software update", None),
    ("retransmission over a radio link", None),
    ("error correction of a telephone call", None),
    ("error correction of a live picture", None),
    ("charging an order once", Some(Kind::Meaning)),
    ("telling the customer that the order was carried out", Some(Kind::Meaning)),
    ("a way around a broken link", Some(Kind::Network)),
    ("dropping packets with a forged sender", Some(Kind::Network)),
];

/// Asks about all ten.
pub fn ask_all(case: &mut Case, random: &mut Random) {
    for (function, fixed) in FUNCTIONS {
        let any = [Kind::GoodLinks, Kind::BadLinks, Kind::Trusted][random.below(3) as usize];
        let job = job(function, fixed.unwrap_or(any), random);
        let right = cheapest(&job);
        let Some(said) = case.evaluate::<Job, Place>("place", &job) else { continue };
        let why = || Err(format!("{said:?} takes {}, {right:?} {}", words(&job, said), words(&job, right)));
        // Whoever only reads the names gets half of the points.
        let weight = if fixed.is_some() { 1.0 } else { 2.0 };
        case.part(function, weight, if said == right { Ok(()) } else { why() });
    }
}

/// A way on which the right place is clear: no rounding makes another one better.
fn job(function: &str, kind: Kind, random: &mut Random) -> Job {
    loop {
        let mut share = |least: u64, most: u64| (least + random.below(most - least)) as f64 / 10_000.0;
        let (good, bad, hidden) = (share(1, 40), share(900, 3_000), share(3, 60));
        let (ends_can, hops_can) = (!matches!(kind, Kind::Network), !matches!(kind, Kind::Meaning));
        let (link_spoils, machine_spoils, tolerated) = match kind {
            Kind::GoodLinks => (good, hidden, 0.000_01),
            Kind::BadLinks => (bad, hidden, 0.000_01),
            Kind::Meaning => (bad, hidden, 0.000_01),
            Kind::Network => (bad, hidden, 0.5),
            Kind::Trusted => (bad, hidden / 100.0, 0.02),
        };
        let job = Job {
            function: function.to_owned(),
            ends_can,
            hops_can,
            links: 4 + random.below(8) as u32,
            link_ms: 1.0 + random.below(200) as f64 / 10.0,
            link_spoils,
            machine_spoils,
            hop_work_ms: 0.2 + random.below(20) as f64 / 20.0,
            tolerated,
        };
        let right = cheapest(&job);
        let fits = match kind {
            Kind::GoodLinks | Kind::Meaning => right == Place::End,
            Kind::BadLinks => right == Place::Both,
            Kind::Network | Kind::Trusted => right == Place::Hop,
        };
        if fits && is_clear(&job, right) {
            return job;
        }
    }
}

/// How likely a message arrives spoilt without anybody noticing, and how many milliseconds it takes on average until one is there
/// that nobody has to send again. Nothing if the place cannot do it.
pub fn price(job: &Job, place: Place) -> Option<(f64, f64)> {
    let links = f64::from(job.links);
    let link_right = 1.0 - job.link_spoils;
    let machines_right = (1.0 - job.machine_spoils).powf(links - 1.0);
    let through_hops = links * (job.link_ms + job.hop_work_ms) / link_right;
    match place {
        Place::End => {
            let attempts = 1.0 / (link_right.powf(links) * machines_right);
            job.ends_can.then_some((0.0, attempts * links * job.link_ms))
        }
        Place::Hop => job.hops_can.then_some((1.0 - machines_right, through_hops)),
        Place::Both => (job.ends_can && job.hops_can).then_some((0.0, through_hops / machines_right)),
    }
}

/// The quickest place of those that can do it and let through no more than is tolerated.
fn cheapest(job: &Job) -> Place {
    let allowed = |place: &Place| price(job, *place).is_some_and(|(spoilt, _)| spoilt <= job.tolerated);
    let time = |place: &Place| price(job, *place).map_or(f64::INFINITY, |(_, time)| time);
    let places = [Place::End, Place::Hop, Place::Both].into_iter().filter(allowed);
    places.min_by(|one, other| time(one).total_cmp(&time(other))).unwrap_or(Place::End)
}

fn is_clear(job: &Job, right: Place) -> bool {
    let Some((_, best)) = price(job, right) else { return false };
    [Place::End, Place::Hop, Place::Both].into_iter().filter(|place| *place != right).all(|place| {
        let Some((spoilt, time)) = price(job, place) else { return true };
        // Both take hardly longer than the hops alone where machines can be trusted.
        let margin = if (right, place) == (Place::Hop, Place::Both) { 1.0001 } else { 1.02 };
        spoilt > 1.5 * job.tolerated || (spoilt <= job.tolerated && time > margin * best)
    })
}

fn words(job: &Job, place: Place) -> String {
    match price(job, place) {
        None => "for ever: it cannot".to_owned(),
        Some((spoilt, time)) => format!("{time:.2} ms and lets {:.4} % through spoilt", 100.0 * spoilt),
    }
}
