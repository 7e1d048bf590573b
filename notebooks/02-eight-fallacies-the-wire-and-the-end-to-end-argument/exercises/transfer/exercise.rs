//! `transfer`: files over a path that loses, doubles, delays, reorders and changes packets, kept byte for byte at the other end.

use netsplit::grade::{Case, Exercise, Message, Rule, Submitted};
use netsplit::{Call, Cluster, Latency, Outcome, Random, Time, Traffic, ms, secs};

use super::given::*;

/// Both ends, as tests hold them: the sender is the first.
pub type Ends = Cluster<Submitted<File, Delivered>>;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("transfer", "End to end", 25.0, Rule::SafetyGate)
        .service("End", "File", "Delivered")
        .without(["end_to_end", "links"])
        .budgets(netsplit::grade::Budgets { steps: 400_000, ..Default::default() })
        .visible("a good path", 1, |case| files(case, &Weather::default()))
        .visible("every third packet is lost", 2, |case| {
            files(case, &Weather { loss: 0.33, ..Weather::default() })
        })
        .visible("packets come twice, and late", 3, |case| {
            files(case, &Weather { duplicate: 0.3, reorder: 0.4, ..Weather::default() });
        })
        .visible("a router's memory", 4, |case| files(case, &Weather { corrupt: 0.2, ..Weather::default() }))
        .visible("all of it", 5, |case| files(case, &BAD))
}

/// What the path does, as probabilities for each packet.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub loss: f64,
    pub duplicate: f64,
    /// Held back for up to two seconds.
    pub reorder: f64,
    /// Changed where no link notices.
    pub corrupt: f64,
    /// Whether only what goes back to the sender is lost and changed.
    pub only_back: bool,
}

pub const BAD: Weather = Weather { loss: 0.2, duplicate: 0.2, reorder: 0.2, corrupt: 0.2, only_back: false };

/// Three files: the first alone, then two at once. After ninety seconds of bad weather it clears up.
pub fn files(case: &mut Case, weather: &Weather) {
    case.lab().set_latency(Latency::Uniform(ms(5), ms(30)));
    case.lab().set_sync_time(ms(40));
    let ends: Ends = case.submitted::<File, Delivered>("End").start(2);
    storm(case, &ends, weather);
    let wanted: Vec<File> =
        (1..=3).map(|number| File { number: number * 7, bytes: content(case.random()) }).collect();
    let client = ends.client_of(0).named("client");
    case.lab().set_link_latency(&client, ends.all(), Latency::Constant(ms(1)));
    let mut told = vec![client.call(wanted[0].clone())];
    let mut harm = Vec::new();
    watch(case, &ends, &wanted, &told, &mut harm, Time::ZERO + secs(40));
    told.extend(wanted[1..].iter().map(|file| client.call(file.clone())));
    watch(case, &ends, &wanted, &told, &mut harm, Time::ZERO + secs(90));
    case.lab().heal_all();
    watch(case, &ends, &wanted, &told, &mut harm, Time::ZERO + secs(120));

    let missing = wanted.iter().zip(&told).filter(|(_, call)| call.outcome() != Some(Outcome::Ok(Delivered)));
    let missing: Vec<String> =
        missing.map(|(file, _)| format!("nobody was told of file {}", file.number)).collect();
    if ends.is_up(1) {
        ends.crash(1);
    }
    for (file, call) in wanted.iter().zip(&told) {
        let is_told = matches!(call.outcome(), Some(Outcome::Ok(_)));
        if is_told && ends.read_disk(1, &File::name(file.number)).is_none() {
            harm.push(("told", format!("file {} is not there after a power cut", file.number)));
        }
    }
    let of = |kind: &str| -> Result<(), String> {
        let first = harm.iter().find(|(which, _)| *which == kind).map(|(_, what)| what.clone());
        first.map_or(Ok(()), Err)
    };
    case.safety("what is stored is what was sent", of("stored"));
    case.safety("who was told finds the file", of("told"));
    case.liveness("every file arrives", if missing.is_empty() { Ok(()) } else { Err(missing.join("; ")) });
    let sent = case.lab().traffic().sent;
    case.liveness(
        "nobody floods the path",
        if sent < 40_000 { Ok(()) } else { Err(format!("{sent} packets")) },
    );
}

/// Lets time pass, and looks at the receiver's disk again and again.
fn watch(
    case: &Case,
    ends: &Ends,
    wanted: &[File],
    told: &[Call<Submitted<File, Delivered>>],
    harm: &mut Vec<(&'static str, String)>,
    until: Time,
) {
    while case.lab().now() < until {
        let all_told = told.iter().all(|call| !call.is_pending());
        if all_told && case.lab().now() > Time::ZERO && case.lab().traffic().in_flight == 0 {
            return;
        }
        case.lab().run_for(ms(200));
        for (place, file) in wanted.iter().enumerate() {
            let stored = ends.read_disk(1, &File::name(file.number));
            let is_told = told.get(place).is_some_and(|call| matches!(call.outcome(), Some(Outcome::Ok(_))));
            match stored {
                Some(bytes) if bytes != file.bytes => {
                    harm.push((
                        "stored",
                        format!("file {} has {} bytes, other ones than were sent", file.number, bytes.len()),
                    ));
                }
                None if is_told => harm.push(("told", format!("file {} is not on the disk", file.number))),
                _ => {}
            }
        }
    }
}

fn storm(case: &mut Case, ends: &Ends, weather: &Weather) {
    let lab = case.lab();
    let between = || match weather.only_back {
        true => Traffic::all().from(ends.nodes([1])).to(ends.nodes([0])),
        false => Traffic::all().from(ends.all()).to(ends.all()),
    };
    // A byte or two say how long the packet is.
    lab.drop_larger_than(MTU as u64 + 2, Traffic::all().from(ends.all()).to(ends.all()));
    lab.lose(weather.loss, between());
    lab.duplicate(weather.duplicate, between());
    lab.reorder(weather.reorder, secs(2), between());
    lab.corrupt(weather.corrupt, between());
    ends.set_mutator(spoil);
}

/// What a router's memory does to a packet: a bit, a byte, two bytes that change places, some that are zero.
fn spoil(message: &mut Message, random: &mut Random) {
    let Ok(Packet(content)) = message.read::<Packet>() else { return };
    let Message::Packet(packet) = message else { return };
    if content.is_empty() {
        return;
    }
    let head = packet.bytes.len() - content.len();
    let bytes = &mut packet.bytes[head..];
    let mut place = || random.below(content.len() as u64) as usize;
    let (one, other) = (place(), place());
    match random.below(4) {
        0 => bytes[one] ^= 1 << random.below(8),
        1 => bytes[one] = random.next_u64() as u8,
        2 => bytes.swap(one, other),
        _ => bytes[one.min(other)..=one.max(other)].fill(0),
    }
}

fn content(random: &mut Random) -> Vec<u8> {
    let length = [0, 40, 700, 2_000][random.below(4) as usize] * random.below(1_000) / 1_000;
    // Long runs of one byte: much of it looks alike.
    (0..length)
        .map(|place| if random.chance(0.3) { random.below(256) as u8 } else { (place / 50) as u8 })
        .collect()
}
