//! A hybrid logical clock is a physical clock that never puts an effect before its cause, and stays as close to the time of day as the clocks are to each other.
//!
//! - **Concept:** Hybrid logical clock (HLC)
//! - **Guarantees:** Clock Condition (safety): `a -> b` implies `hlc(a) < hlc(b)`, however wrong the physical clocks are. Bounded drift (safety):
//!   if no two physical clocks differ by more than ε, a timestamp's time is at least the physical clock of its node and at most ε ahead of it.
//! - **Does not guarantee:** the converse of the condition: concurrent events are ordered too. External consistency: an event that ends before
//!   another begins may have the greater timestamp, by up to ε, if no message went from the one to the other.
//! - **Assumes:** every message carries its timestamp, and nobody forges one: a timestamp from the future drags all clocks along, until the physical
//!   ones have caught up. [`accept`](HybridLogicalClock::accept) refuses what is too far ahead. A restarted node reads its physical clock, and must not be behind its past.
//! - **Source:** Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks and Consistent Snapshots in Globally Distributed Databases",
//!   OPODIS 2014, Figure 5 (the algorithm), Theorems 1 to 3 and Corollary 1 (the bounds), section 6.2 (64 bits)
//! - **Differs:** the refusal is not in the paper; databases that use the clock do it (CockroachDB's maximum offset, 500 ms unless it is set).
//! - **Chapter:** 06
//!
//! ```text
//! n0, clock 10  ──(10,0)─────────────────────────────────▶       n0's clock is ahead of the others by 10
//!                       ╲
//! n1, clock  0  ─────────(10,1)──(10,2)────────(10,3)────▶       logical part grows while n1's clock is behind ...
//!           1         2       3                 9 ╲
//! n2, clock  0  ───────────────────────────────────(11,0)▶       ... and is 0 again once a physical clock has passed: here 11
//! ```
//!
//! ```
//! use netsplit_algorithms::clocks::HybridLogicalClock;
//! use netsplit_node::{Time, ms};
//!
//! let at = |time| Time::ZERO + ms(time);
//! let (mut anns, mut bobs) = (HybridLogicalClock::default(), HybridLogicalClock::default());
//! let question = anns.send(at(10));                     // in a node: ctx.now(). Her clock is ahead
//! let heard = bobs.receive(at(3), question);            // his shows 3 ms
//! assert!(question < heard);
//! assert_eq!(heard.to_string(), "10ms+1");
//! let later = bobs.tick(at(12));
//! assert_eq!(later.to_string(), "12ms");                // physical time again
//! ```

use std::fmt;

use netsplit_node::{Duration, Time};

/// A node's clock. It belongs to one node, which passes what its physical clock shows to every call: `pt` in the paper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HybridLogicalClock {
    /// Invariant: it only grows, and is greater than every timestamp that this node has received.
    latest: HybridTimestamp,
}

/// When an event happened: by a physical clock somewhere in its past, and a number that tells it from others at this time.
// The derived order compares fields from top to bottom: `time` must stand before `logical`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HybridTimestamp {
    /// The greatest physical time that the event could have known of: `l` in the paper.
    pub time: Time,
    /// Orders events of one time: `c` in the paper. It is 0 whenever a physical clock has moved on.
    pub logical: u32,
}

/// A timestamp is from too far in the future to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFarAhead {
    /// How far its time is ahead of the receiver's clock.
    pub by: Duration,
    /// The most that is accepted.
    pub most: Duration,
}

impl HybridLogicalClock {
    /// The timestamp of the latest event.
    pub fn latest(&self) -> HybridTimestamp {
        self.latest
    }

    /// An event at a node whose physical clock shows `now` ("send or local event").
    pub fn tick(&mut self, now: Time) -> HybridTimestamp {
        let time = self.latest.time.max(now);
        let logical = if time == self.latest.time { self.latest.logical + 1 } else { 0 };
        self.latest = HybridTimestamp { time, logical };
        self.latest
    }

    /// A message is sent: an event like any other, whose timestamp goes along with it.
    pub fn send(&mut self, now: Time) -> HybridTimestamp {
        self.tick(now)
    }

    /// A message with the timestamp `sent` arrives ("receive event of message m").
    pub fn receive(&mut self, now: Time, sent: HybridTimestamp) -> HybridTimestamp {
        let time = self.latest.time.max(sent.time).max(now);
        let logical = match (time == self.latest.time, time == sent.time) {
            (true, true) => self.latest.logical.max(sent.logical) + 1,
            (true, false) => self.latest.logical + 1,
            (false, true) => sent.logical + 1,
            (false, false) => 0,
        };
        self.latest = HybridTimestamp { time, logical };
        self.latest
    }

    /// The same, unless the timestamp is ahead of this node's clock by more than `most`: then it is refused and the clock stays what it is.
    // Without this, one clock that jumps ahead takes all others with it: their logical parts grow until the physical ones have caught up.
    pub fn accept(
        &mut self,
        now: Time,
        sent: HybridTimestamp,
        most: Duration,
    ) -> Result<HybridTimestamp, TooFarAhead> {
        let by = sent.time - now;
        if by > most { Err(TooFarAhead { by, most }) } else { Ok(self.receive(now, sent)) }
    }

    /// How far the clock is ahead of the physical one: `l - pt`. If it exceeds ε, some clock is wrong by more than that.
    pub fn ahead_of(&self, now: Time) -> Duration {
        self.latest.time - now
    }
}

impl HybridTimestamp {
    /// In 64 bits, of which the lowest 16 are the logical part: time in units of 2^16 ns (65.5 µs), rounded up so that no order is lost (section 6.2).
    ///
    /// Of two timestamps in order, the packed ones are in order, or equal if they are of one unit and one logical part.
    ///
    /// # Panics
    /// If the logical part is above 65,535: a clock has not moved for that many events.
    pub fn pack(self) -> u64 {
        let logical = u16::try_from(self.logical);
        let logical = logical.unwrap_or_else(|_| {
            panic!("a logical part of {}: expected at most 65535, in 16 bits", self.logical)
        });
        self.time.as_nanos().div_ceil(1 << 16) << 16 | u64::from(logical)
    }
}

/// "12ms", "12ms+3": the time, and the logical part if there is one.
impl fmt::Display for HybridTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.logical {
            0 => write!(f, "{}", self.time),
            logical => write!(f, "{}+{logical}", self.time),
        }
    }
}

// The same as Display: a timestamp is read inside messages, on diagrams.
impl fmt::Debug for HybridTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for TooFarAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a timestamp {} ahead of this clock: expected at most {}; look at the clocks",
            self.by, self.most
        )
    }
}

impl std::error::Error for TooFarAhead {}

// The laws over random executions with skewed clocks are in tests/clock_laws.rs; here is Figure 5, branch by branch.
#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::{ms, ns};

    fn at(time: i64) -> Time {
        Time::ZERO + ms(time)
    }

    fn stamp(time: i64, logical: u32) -> HybridTimestamp {
        HybridTimestamp { time: at(time), logical }
    }

    #[test]
    fn a_local_event_follows_the_physical_clock_and_counts_while_that_stands() {
        // "If (l = l') then c := c + 1 else c := 0"; a clock that was set back counts as one that stands.
        let mut clock = HybridLogicalClock::default();
        let stamps = [5, 5, 3, 5, 6].map(|now| clock.tick(at(now)));
        assert_eq!(stamps, [stamp(5, 0), stamp(5, 1), stamp(5, 2), stamp(5, 3), stamp(6, 0)]);
    }

    #[test]
    fn a_receipt_takes_the_latest_of_three_times() {
        // The four branches of the receive event: both equal, the own one latest, the message's, the physical clock's.
        let table = [
            (stamp(10, 7), 4, stamp(10, 8)),
            (stamp(10, 2), 4, stamp(10, 6)),
            (stamp(9, 7), 4, stamp(10, 6)),
            (stamp(12, 7), 4, stamp(12, 8)),
            (stamp(12, 7), 13, stamp(13, 0)),
        ];
        for (sent, now, expected) in table {
            let mut clock = HybridLogicalClock { latest: stamp(10, 5) };
            assert_eq!(clock.receive(at(now), sent), expected, "{sent} at {now} ms");
        }
    }

    #[test]
    fn what_is_too_far_ahead_is_refused_and_changes_nothing() {
        // At the very bound it is accepted still.
        let mut clock = HybridLogicalClock { latest: stamp(10, 5) };
        let refused = clock.accept(at(10), stamp(511, 0), ms(500)).expect_err("501 ms");
        assert_eq!(
            refused.to_string(),
            "a timestamp 501ms ahead of this clock: expected at most 500ms; look at the clocks"
        );
        assert_eq!(clock.latest(), stamp(10, 5));
        assert_eq!(clock.accept(at(10), stamp(510, 0), ms(500)), Ok(stamp(510, 1)));
        assert_eq!(clock.ahead_of(at(10)), ms(500));
    }

    #[test]
    fn packed_timestamps_keep_their_order() {
        // Across the units' bounds, and within one.
        let of = |nanos, logical| HybridTimestamp { time: Time::ZERO + ns(nanos), logical };
        let stamps = [of(0, 0), of(0, 1), of(1, 0), of(65_536, 0), of(65_536, 65_535), of(65_537, 0)];
        assert!(stamps.is_sorted());
        assert_eq!(stamps.map(HybridTimestamp::pack), [0, 1, 1 << 16, 1 << 16, (2 << 16) - 1, 2 << 16]);
    }
}
