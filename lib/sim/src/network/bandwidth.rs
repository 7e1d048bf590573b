//! Bandwidth: messages share a link, and wait in front of it.

use std::fmt;

use netsplit_node::{Duration, Time, ns};

/// How much a link carries, in bits per second.
///
/// ```
/// use netsplit_sim::Bandwidth;
/// // A response of 1.5 MB on a link of 10 Mbit/s takes 1.2 s, and who comes next waits for it.
/// let link = Bandwidth::mbit(10);
/// assert_eq!(link.time_for(1_500_000).to_string(), "1.2s");
/// assert_eq!((link.to_string(), "10mbit".parse()), ("10mbit".to_owned(), Ok(link)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bandwidth {
    pub(crate) bits_per_second: u64,
}

impl Bandwidth {
    /// `n` bits per second.
    pub const fn bits(n: u64) -> Bandwidth {
        Bandwidth { bits_per_second: n }
    }

    /// `n` thousand bits per second.
    pub const fn kbit(n: u64) -> Bandwidth {
        Bandwidth::bits(n * 1_000)
    }

    /// `n` million bits per second.
    pub const fn mbit(n: u64) -> Bandwidth {
        Bandwidth::bits(n * 1_000_000)
    }

    /// `n` billion bits per second.
    pub const fn gbit(n: u64) -> Bandwidth {
        Bandwidth::bits(n * 1_000_000_000)
    }

    /// How long so many bytes take to go through, rounded up; for ever through nothing.
    pub fn time_for(self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * 8_000_000_000;
        let time = nanos.div_ceil(u128::from(self.bits_per_second.max(1)));
        ns(i64::try_from(time).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bits_per_second {
            n if n > 0 && n % 1_000_000_000 == 0 => write!(f, "{}gbit", n / 1_000_000_000),
            n if n > 0 && n % 1_000_000 == 0 => write!(f, "{}mbit", n / 1_000_000),
            n if n > 0 && n % 1_000 == 0 => write!(f, "{}kbit", n / 1_000),
            n => write!(f, "{n}bit"),
        }
    }
}

/// A link that messages share, first come, first served, with a queue in front of it that drops what does not fit ("drop tail").
/// What it does not model: framing, and routers that drop before the queue is full (RED, CoDel).
#[derive(Clone, Debug)]
pub(crate) struct Pipe {
    pub(crate) rate: Bandwidth,
    /// How many bytes may wait, the rest of what is being sent included.
    pub(crate) queue: u64,
    /// When everything that was let in will have left.
    busy_until: Time,
}

impl Pipe {
    pub(crate) fn new(rate: Bandwidth, queue: u64) -> Pipe {
        Pipe { rate, queue, busy_until: Time::ZERO }
    }

    /// How long a message of `size` bytes takes to leave the link, its waiting included; nothing if the queue is full.
    pub(crate) fn pass(&mut self, now: Time, size: u64) -> Option<Duration> {
        let start = self.busy_until.max(now);
        let waiting =
            (start - now).as_nanos() as u128 * u128::from(self.rate.bits_per_second) / 8_000_000_000;
        // An idle link takes any message, also one that would not fit into the queue.
        if start > now && waiting + u128::from(size) > u128::from(self.queue) {
            return None;
        }
        self.busy_until = start + self.rate.time_for(size);
        Some(self.busy_until - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::{ms, secs};

    #[test]
    fn messages_wait_for_each_other_and_a_full_queue_drops() {
        // 1 Mbit/s carries 125 bytes a millisecond: the second waits for the first, the third finds no room, later there is.
        let mut pipe = Pipe::new(Bandwidth::mbit(1), 1_500);
        let now = Time::ZERO + secs(1);
        assert_eq!(pipe.pass(now, 1_250), Some(ms(10)));
        assert_eq!(pipe.pass(now, 125), Some(ms(11)));
        assert_eq!(pipe.pass(now, 250), None);
        assert_eq!(pipe.pass(now, 125), Some(ms(12)));
        assert_eq!(pipe.pass(now + ms(6), 250), Some(ms(8)), "6 ms later 750 bytes have left");
        assert_eq!(pipe.pass(now + secs(1), 5_000), Some(ms(40)), "an idle link takes any message");
    }

    #[test]
    fn no_more_passes_than_the_link_carries() {
        // Whatever comes when: in any time, the bits that left are at most the rate times the time.
        let mut random = netsplit_node::Random::new(1);
        let mut pipe = Pipe::new(Bandwidth::kbit(800), 20_000);
        let (mut now, mut last_left, mut bytes) = (Time::ZERO, Time::ZERO, 0);
        for _ in 0..10_000 {
            now += ns(random.below(20_000_000) as i64);
            let size = 1 + random.below(1_500);
            if let Some(after) = pipe.pass(now, size) {
                assert!(now + after >= last_left, "first come, first served");
                last_left = now + after;
                bytes += size;
                assert!(Bandwidth::kbit(800).time_for(bytes) <= last_left - Time::ZERO);
            }
        }
        assert!(bytes > 500_000);
    }
}
