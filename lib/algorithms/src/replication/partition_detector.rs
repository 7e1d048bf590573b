//! A partition detector tells from heartbeats whether a node is on the side of a majority, quick to notice a cut and slow to believe that it is over: a link that flaps does not make its mode flap.
//!
//! - **Concept:** Partition detector with hysteresis
//! - **Guarantees:** at most two changes of mode for each real cut (safety): one when it begins and one when it is over, however often the link comes and goes within it. Silences longer than `suspect_after` that are less than
//!   `calm_for` minus `suspect_after` apart are one cut. Liveness: within `suspect_after` of the last heartbeat of a majority it is [`Side::Minority`]; once a majority is heard without a gap for `calm_for`, and its
//!   last cut is over, it is [`Side::Majority`] again.
//! - **Does not guarantee:** that there is a cut: from here a slow network, a slow node and a cut look alike. Nor that both sides know at one moment, or that somebody who is heard hears:
//!   with one-way cuts two sides may take themselves for the majority, and it takes a quorum of answers, not of heartbeats, to be sure (`tunable_store.rs`).
//! - **Assumes:** heartbeats come at least every third of `suspect_after` while the link is up, delays included. The time is that of an oscillator, which does not go back.
//! - **Source:** Chandra and Toueg, "Unreliable Failure Detectors for Reliable Distributed Systems", JACM 43(2), 1996, section 3 (what silence can tell); hysteresis: Schmitt, "A Thermionic
//!   Trigger", Journal of Scientific Instruments 15, 1938; in this trade: Noach, "MySQL High Availability at GitHub", 2018 (anti-flapping)
//! - **Differs:** one threshold of silence, and none for each node: what is asked is only whether a majority is heard.
//! - **Chapter:** 04
//!
//! ```text
//! heartbeats    ||||||||||         ||     ||        |||||||||||||||||||||||
//! majority?     yes       ├suspect┤ no  yes  no    yes
//! side          majority          │ minority        ├──── calm_for ────┤ majority
//! ```
//!
//! ```
//! use netsplit_algorithms::replication::partition_detector::{Config, PartitionDetector, Side};
//! use netsplit_node::{NodeId, Time, ms};
//!
//! let at = |millis| Time::ZERO + ms(millis);
//! let config = Config { members: 3, suspect_after: ms(100), calm_for: ms(1_000) };
//! let mut detector = PartitionDetector::new(config, at(0));
//! detector.heard(NodeId(1), at(20));                           // node 1 and this node are two of three
//! assert_eq!(detector.side(at(110)), Side::Majority);
//! assert_eq!(detector.side(at(121)), Side::Minority);
//! (200..1_200).step_by(50).for_each(|millis| detector.heard(NodeId(1), at(millis)));
//! assert_eq!(detector.side(at(1_199)), Side::Minority);        // heard again, but not for long enough
//! assert_eq!(detector.side(at(1_200)), Side::Majority);
//! assert_eq!(detector.changes(), 2);
//! ```

use std::collections::BTreeMap;

use netsplit_node::{Duration, NodeId, Time};

/// What a detector is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How many members there are, this one included.
    pub members: usize,
    /// Who was not heard for longer than this is away. Short: false alarms. Long: what was meant for a majority is done by a minority meanwhile.
    pub suspect_after: Duration,
    /// For so long a majority must be heard, without a gap, before the cut counts as over. Longer than a link that flaps stays up.
    pub calm_for: Duration,
}

/// On which side a node takes itself to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// With a majority, itself included.
    Majority,
    /// With fewer, or not long enough with a majority.
    Minority,
}

/// A detector: a value that a node owns, tells of what it hears, and asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionDetector {
    config: Config,
    /// When each other member was heard last.
    heard: BTreeMap<NodeId, Time>,
    side: Side,
    /// Since when a majority has been heard without a gap; nothing while it is not.
    whole_since: Option<Time>,
    changes: u32,
}

impl PartitionDetector {
    /// A detector that begins now, with the majority: everybody counts as heard until there was time to be.
    pub fn new(config: Config, now: Time) -> PartitionDetector {
        assert!(config.members > 0, "no members: expected at least this one");
        PartitionDetector {
            config,
            heard: BTreeMap::new(),
            side: Side::Majority,
            whole_since: Some(now),
            changes: 0,
        }
    }

    /// A member was heard.
    pub fn heard(&mut self, from: NodeId, now: Time) {
        // What came before is judged by what was known before.
        self.look(now);
        self.heard.insert(from, now);
        self.look(now);
    }

    /// On which side it is now.
    pub fn side(&mut self, now: Time) -> Side {
        self.look(now);
        self.side
    }

    /// How often it has changed its mind.
    pub fn changes(&self) -> u32 {
        self.changes
    }

    /// Whether a majority was heard lately; at the beginning nobody could have been.
    fn hears_majority(&self, now: Time) -> bool {
        let lately = |&&at: &&Time| now - at <= self.config.suspect_after;
        let heard = 1 + self.heard.values().filter(lately).count();
        let is_beginning = self.changes == 0
            && self.whole_since.is_some_and(|since| now - since <= self.config.suspect_after);
        is_beginning || heard > self.config.members / 2
    }

    /// Down at once, up after a while.
    fn look(&mut self, now: Time) {
        if !self.hears_majority(now) {
            self.whole_since = None;
            self.change(Side::Minority);
        } else {
            let since = *self.whole_since.get_or_insert(now);
            if now - since >= self.config.calm_for {
                self.change(Side::Majority);
            }
        }
    }

    fn change(&mut self, side: Side) {
        if self.side != side {
            self.side = side;
            self.changes += 1;
        }
    }
}
