//! A link as one value: how long it takes, what it loses, doubles and changes, how much it carries.

use std::fmt;
use std::str::FromStr;

use netsplit_node::{Chance, Duration, Random, Time};

use super::bandwidth::{Bandwidth, Pipe};
use super::latency::Latency;
use super::region::Region;
use super::{LOST, More, QUEUE_FULL, TOO_LARGE};
use crate::error::{LabError, forwards};
use crate::fault::{FaultError, Fields};

/// What a link does to what crosses it: everything that `tc netem` knows of, as one value. A link has two directions, each with a
/// queue of its own.
///
/// ```
/// use netsplit_node::ms;
/// use netsplit_sim::{Bandwidth, Latency, LinkProfile};
/// let mobile = LinkProfile {
///     loss: 0.01,
///     bandwidth: Some(Bandwidth::mbit(10)),
///     queue: 64_000,
///     mtu: Some(1400),
///     ..LinkProfile::new(Latency::Uniform(ms(20), ms(60)))
/// };
/// let text = "link latency=uniform:20ms,60ms loss=0.01 bandwidth=10mbit queue=64000 mtu=1400";
/// assert_eq!(mobile.to_string(), text);
/// assert_eq!(text.parse(), Ok(mobile));
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct LinkProfile {
    /// How long it takes, one way.
    pub latency: Latency,
    /// The probability with which a message is lost.
    pub loss: f64,
    /// The probability with which it arrives twice.
    pub duplicate: f64,
    /// The probability with which it is held back, so that later ones overtake it.
    pub reorder: f64,
    /// It is held back for up to so long.
    pub reorder_by: Duration,
    /// The probability with which it is changed ([`Fault::Corrupt`](crate::Fault::Corrupt) tells how).
    pub corrupt: f64,
    /// How much it carries; nothing for no limit.
    pub bandwidth: Option<Bandwidth>,
    /// How many bytes may wait in front of it, where it carries only so much.
    pub queue: u64,
    /// The largest size that passes; what is larger is lost, and nobody is told.
    pub mtu: Option<u64>,
}

/// What Linux lets wait in front of an interface, about: a thousand packets of 1,500 bytes.
const QUEUE: u64 = 1_500_000;

impl LinkProfile {
    /// A link that takes so long and does nothing else to what crosses it.
    pub const fn new(latency: Latency) -> LinkProfile {
        LinkProfile {
            latency,
            loss: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            reorder_by: Duration::ZERO,
            corrupt: 0.0,
            bandwidth: None,
            queue: QUEUE,
            mtu: None,
        }
    }

    /// So much optical fibre ([`Latency::fibre`]).
    pub const fn fibre(kilometres: u32) -> LinkProfile {
        LinkProfile::new(Latency::fibre(kilometres))
    }

    /// The way between two places: as measured between two cloud regions, otherwise what fibre takes along the great circle.
    pub fn between(one: Region, other: Region) -> LinkProfile {
        LinkProfile::new(one.latency_to(&other))
    }

    pub(crate) fn validated(self) -> Result<LinkProfile, LabError> {
        for given in [self.loss, self.duplicate, self.reorder, self.corrupt] {
            if !(0.0..=1.0).contains(&given) {
                return Err(LabError::NotAProbability { given });
            }
        }
        forwards("how long a link holds back", self.reorder_by)?;
        match (self.bandwidth, self.mtu) {
            (Some(rate), _) if rate == Bandwidth::bits(0) => Err(LabError::NoBandwidth),
            (_, Some(0)) => Err(LabError::NoMtu),
            _ => Ok(LinkProfile { latency: self.latency.validated()?, ..self }),
        }
    }

    pub(crate) fn needs_size(&self) -> bool {
        self.bandwidth.is_some() || self.mtu.is_some()
    }

    pub(crate) fn fields(&self) -> Fields {
        let plain = LinkProfile::new(self.latency);
        let mut fields = Fields::of("link").with("latency", &self.latency);
        for (name, probability) in
            [("loss", self.loss), ("duplicate", self.duplicate), ("reorder", self.reorder)]
        {
            if probability != 0.0 {
                fields = fields.with(name, &probability);
            }
        }
        if self.reorder_by != Duration::ZERO {
            fields = fields.with("reorder-by", &self.reorder_by);
        }
        if self.corrupt != 0.0 {
            fields = fields.with("corrupt", &self.corrupt);
        }
        if let Some(rate) = &self.bandwidth {
            fields = fields.with("bandwidth", rate);
        }
        if self.queue != plain.queue {
            fields = fields.with("queue", &self.queue);
        }
        match &self.mtu {
            Some(bytes) => fields.with("mtu", bytes),
            None => fields,
        }
    }

    fn from_fields(fields: &Fields) -> Result<LinkProfile, FaultError> {
        let plain = LinkProfile::new(fields.get("latency")?);
        let probability = |name| Ok(fields.find(name)?.unwrap_or(0.0));
        Ok(LinkProfile {
            loss: probability("loss")?,
            duplicate: probability("duplicate")?,
            reorder: probability("reorder")?,
            reorder_by: fields.find("reorder-by")?.unwrap_or(Duration::ZERO),
            corrupt: probability("corrupt")?,
            bandwidth: fields.find("bandwidth")?,
            queue: fields.find("queue")?.unwrap_or(plain.queue),
            mtu: fields.find("mtu")?,
            ..plain
        })
    }

    /// The same link for a real machine, as commands for Linux's `tc` (iproute2) that somebody may run; nothing here runs them. What
    /// netem cannot express is said in comments.
    ///
    /// ```
    /// use netsplit_node::ms;
    /// use netsplit_sim::{Latency, LinkProfile};
    /// let slow = LinkProfile { loss: 0.01, mtu: Some(1400), ..LinkProfile::new(Latency::Constant(ms(15))) };
    /// assert_eq!(slow.netem("eth0"), "tc qdisc add dev eth0 root netem delay 15ms loss 1%\nip link set dev eth0 mtu 1400");
    /// ```
    pub fn netem(&self, device: &str) -> String {
        let mut netem = format!("tc qdisc add dev {device} root netem {}", self.latency.netem());
        let percent = |probability: f64| super::percent(Chance::new(probability));
        for (name, probability) in
            [("loss", self.loss), ("duplicate", self.duplicate), ("corrupt", self.corrupt)]
        {
            if probability > 0.0 {
                netem += &format!(" {name} {}", percent(probability));
            }
        }
        if let Some(rate) = self.bandwidth {
            netem += &format!(" rate {rate} limit {}", (self.queue / 1500).max(1));
        }
        if let Some(bytes) = self.mtu {
            netem += &format!("\nip link set dev {device} mtu {bytes}");
        }
        let mut comments = self.latency.netem_comment().to_owned();
        if self.bandwidth.is_some() {
            comments += "# limit counts packets, here of 1500 bytes\n";
        }
        if self.reorder > 0.0 {
            comments += "# netem reorders by sending packets at once, not by holding them back: left out\n";
        }
        comments + &netem
    }
}

impl fmt::Display for LinkProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields().fmt(f)
    }
}

/// The same: a notebook shows a profile as its text.
impl fmt::Debug for LinkProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for LinkProfile {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<LinkProfile, FaultError> {
        let fields: Fields = text.parse()?;
        if fields.name != "link" {
            return Err(FaultError::new("a link, like \"link latency=5ms loss=0.01\"", text));
        }
        LinkProfile::from_fields(&fields)
    }
}

/// One direction of a link, with what waits in front of it.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) profile: LinkProfile,
    pipe: Option<Pipe>,
}

impl Link {
    pub(crate) fn new(profile: LinkProfile) -> Link {
        let pipe = profile.bandwidth.map(|rate| Pipe::new(rate, profile.queue));
        Link { profile, pipe }
    }

    /// What becomes of a message of `size` bytes that begins to cross it at `now`.
    pub(crate) fn cross(&mut self, now: Time, size: u64, random: &mut Random) -> More {
        let mut draw = |probability: f64| probability > 0.0 && Chance::new(probability).happens(random);
        let (lost, doubled, held_back) =
            (draw(self.profile.loss), draw(self.profile.duplicate), draw(self.profile.reorder));
        let corrupted = draw(self.profile.corrupt);
        let mut more = More { doubled, corrupted, ..More::default() };
        if self.profile.mtu.is_some_and(|bytes| size > bytes) {
            more.lost = Some(TOO_LARGE);
        } else if lost {
            more.lost = Some(LOST);
        }
        if more.lost.is_some() {
            return more;
        }
        more.later = self.profile.latency.draw(random);
        if held_back {
            more.later = more.later + random.between(Duration::ZERO, self.profile.reorder_by);
        }
        match self.pipe.as_mut().map(|pipe| pipe.pass(now, size)) {
            Some(Some(waiting)) => more.later = more.later + waiting,
            Some(None) => more.lost = Some(QUEUE_FULL),
            None => {}
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::{ms, secs};

    #[test]
    fn a_link_does_each_thing_as_often_as_its_profile_says() {
        // 20,000 messages; each count is binomial, and further than 3.3 standard deviations from its mean once in a thousand.
        let profile = LinkProfile {
            loss: 0.1,
            duplicate: 0.2,
            reorder: 0.3,
            reorder_by: ms(8),
            corrupt: 0.4,
            ..LinkProfile::new(Latency::Constant(ms(1)))
        };
        let (mut link, mut random) = (Link::new(profile), Random::new(3));
        let crossings: Vec<More> = (0..20_000).map(|_| link.cross(Time::ZERO, 100, &mut random)).collect();
        let arrived: Vec<&More> = crossings.iter().filter(|more| more.lost.is_none()).collect();
        let held_back: Vec<f64> = arrived
            .iter()
            .filter(|more| more.later > ms(1))
            .map(|more| (more.later - ms(1)).as_nanos() as f64)
            .collect();
        let doubled = arrived.iter().filter(|more| more.doubled).count();
        let corrupted = arrived.iter().filter(|more| more.corrupted).count();
        for (count, of, probability) in [
            (crossings.len() - arrived.len(), crossings.len(), 0.1),
            (doubled, arrived.len(), 0.2),
            (held_back.len(), arrived.len(), 0.3),
            (corrupted, arrived.len(), 0.4),
        ] {
            let mean = of as f64 * probability;
            let deviations = (count as f64 - mean).abs() / (mean * (1.0 - probability)).sqrt();
            assert!(deviations < 3.3, "{count} of {of}, expected {probability}");
        }
        // Held back for up to 8 ms, uniformly: chi-square over eight ranges, 24.3 is passed once in a thousand.
        let mut counts = [0.0; 8];
        held_back.iter().for_each(|nanos| counts[((nanos / 1e6) as usize).min(7)] += 1.0);
        let expected = held_back.len() as f64 / 8.0;
        let chi_square: f64 = counts.iter().map(|count: &f64| (count - expected).powi(2) / expected).sum();
        assert!(chi_square < 24.3, "{chi_square}: {counts:?}");
    }

    #[test]
    fn a_link_carries_so_much_and_nothing_too_large() {
        // 125 bytes a millisecond behind 2 ms of fibre, room for 250 bytes, at most 200 in one message.
        let profile = LinkProfile {
            bandwidth: Some(Bandwidth::mbit(1)),
            queue: 250,
            mtu: Some(200),
            ..LinkProfile::new(Latency::Constant(ms(2)))
        };
        let (mut link, mut random) = (Link::new(profile), Random::new(1));
        let mut sent = |bytes| {
            let more = link.cross(Time::ZERO + secs(1), bytes, &mut random);
            more.lost.map_or_else(|| more.later.to_string(), str::to_owned)
        };
        assert_eq!([sent(125), sent(125), sent(125)], ["3ms", "4ms", QUEUE_FULL]);
        assert_eq!(sent(201), TOO_LARGE);
    }

    #[test]
    fn profiles_read_back_and_what_is_none_is_refused() {
        // Every field in the text; each wrong value with a sentence.
        let all = LinkProfile {
            latency: Latency::LogNormal { least: ms(1), median: ms(2), sigma: 0.5 },
            loss: 0.1,
            duplicate: 0.2,
            reorder: 0.3,
            reorder_by: ms(8),
            corrupt: 0.4,
            bandwidth: Some(Bandwidth::gbit(1)),
            queue: 7,
            mtu: Some(9000),
        };
        assert_eq!(all.to_string().parse(), Ok(all));
        let plain = LinkProfile::fibre(1);
        for (wrong, sentence) in [
            (LinkProfile { loss: 1.5, ..plain }, "1.5 is not a probability"),
            (LinkProfile { corrupt: -0.1, ..plain }, "-0.1 is not a probability"),
            (LinkProfile { reorder_by: -ms(1), ..plain }, "holds back cannot be -1ms"),
            (LinkProfile { bandwidth: Some(Bandwidth::bits(0)), ..plain }, "0 bit/s carries nothing"),
            (LinkProfile { mtu: Some(0), ..plain }, "MTU of 0 bytes"),
            (LinkProfile::new(Latency::Uniform(ms(2), ms(1))), "shorter one first"),
        ] {
            let message = wrong.validated().expect_err(sentence).to_string();
            assert!(message.contains(sentence), "{message}");
        }
        for (text, expected) in [
            ("crash nodes={n1}", "a link, like"),
            ("link loss=0.1", "latency=.."),
            ("link latency=5ms loss=often", "a number"),
        ] {
            let message = text.parse::<LinkProfile>().expect_err(text).to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn netem_says_what_it_can_and_what_it_cannot() {
        // The commands for a real machine, and comments where the model has more.
        let all = LinkProfile {
            duplicate: 0.02,
            reorder: 0.1,
            corrupt: 0.0001,
            bandwidth: Some(Bandwidth::mbit(10)),
            queue: 15_000,
            ..LinkProfile::new(Latency::LogNormal { least: ms(9), median: ms(1), sigma: 0.5 })
        };
        let script = all.netem("eth1");
        let (comments, command) = script.rsplit_once('\n').expect("comments before the command");
        assert_eq!(
            command,
            "tc qdisc add dev eth1 root netem delay 10ms 1ms distribution pareto duplicate 2% corrupt 0.01% rate 10mbit limit 10"
        );
        assert_eq!(comments.lines().filter(|line| line.starts_with("# ")).count(), 3);
    }
}
