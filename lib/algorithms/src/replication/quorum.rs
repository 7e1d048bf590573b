//! A quorum is how many replicas an operation must reach; two quorums that overlap have a replica in common, which tells the second what the first has done.
//!
//! - **Concept:** Quorum (n, r, w)
//! - **Guarantees:** if r + w > n, every read quorum has a replica of every write quorum (safety); if 2w > n, every two write quorums have one in common. Availability
//!   (liveness): an operation of quorum q ends while n - q replicas are away, and no longer.
//! - **Does not guarantee:** linearizability: that a read meets a replica that has the newest value does not mean that it returns it, or that the next read does (`register/abd.rs` does what
//!   is missing). Nothing of a write that reached fewer than w replicas: it may be read, or not, now and later.
//! - **Assumes:** each replica counts once, and the n replicas of a datum are the same for all.
//! - **Source:** Gifford, "Weighted Voting for Replicated Data", SOSP 1979, section 2 (r + w > n; 2w > n); levels per operation: Lakshman and Malik, "Cassandra: A Decentralized
//!   Structured Storage System", LADIS 2009, section 5.2; availability: Peleg and Wool, "The Availability of Quorum Systems", 1995
//! - **Differs:** all votes are one. Majorities are the quorums that survive most failures of those that overlap, unless replicas fail more often than not.
//! - **Chapter:** 04, 15
//!
//! ```text
//! n = 5:     w = 3  ███ █ █ . .         r = 3  . . █ █ █        one in common: it knows
//!                                       r = 2  . . . █ █        none: the read may miss the write
//! ```
//!
//! ```
//! use netsplit_algorithms::replication::{Level, Quorum};
//!
//! let dial = Quorum::new(3, Level::One.of(3), Level::All.of(3));      // fast reads, and no write while one replica is away
//! assert!(dial.reads_see_writes() && dial.failures_of_writes() == 0);
//! let majorities = Quorum::new(3, Level::Quorum.of(3), Level::Quorum.of(3));
//! assert!(majorities.reads_see_writes() && majorities.writes_see_writes());
//! assert_eq!((majorities.failures_of_reads(), majorities.failures_of_writes()), (1, 1));
//! let fast = Quorum::new(3, 1, 1);
//! assert!(!fast.reads_see_writes());
//! ```

/// How many of n replicas a read and a write must reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quorum {
    /// How many replicas there are.
    pub n: usize,
    /// How many a read must reach.
    pub r: usize,
    /// How many a write must reach.
    pub w: usize,
}

/// How many replicas an operation must reach, said without knowing how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Any one.
    One,
    /// More than half.
    Quorum,
    /// Every one.
    All,
}

impl Level {
    /// How many of `n` that are.
    pub fn of(self, n: usize) -> usize {
        match self {
            Level::One => 1,
            Level::Quorum => n / 2 + 1,
            Level::All => n,
        }
    }
}

impl Quorum {
    /// Of `n` replicas, `r` for a read and `w` for a write.
    ///
    /// # Panics
    /// If a quorum is empty, or larger than all replicas.
    pub fn new(n: usize, r: usize, w: usize) -> Quorum {
        assert!(
            (1..=n).contains(&r) && (1..=n).contains(&w),
            "r = {r}, w = {w}: expected both from 1 to n = {n}"
        );
        Quorum { n, r, w }
    }

    /// Whether every read reaches a replica that has every write that has reached its quorum.
    pub fn reads_see_writes(&self) -> bool {
        self.r + self.w > self.n
    }

    /// Whether of any two writes some replica has seen both.
    pub fn writes_see_writes(&self) -> bool {
        2 * self.w > self.n
    }

    /// How many replicas may be away while reads end.
    pub fn failures_of_reads(&self) -> usize {
        self.n - self.r
    }

    /// How many replicas may be away while writes end.
    pub fn failures_of_writes(&self) -> usize {
        self.n - self.w
    }
}

/// How likely it is that at least `quorum` of `n` replicas are up, if each is with probability `up`, whatever the others do.
pub fn availability(n: usize, quorum: usize, up: f64) -> f64 {
    // Plain products and sums, so that every machine comes to the same number.
    let mut up_of = vec![0.0; n + 1];
    up_of[0] = 1.0;
    for replica in 0..n {
        for count in (0..=replica + 1).rev() {
            let one_less = if count == 0 { 0.0 } else { up_of[count - 1] * up };
            up_of[count] = up_of[count] * (1.0 - up) + one_less;
        }
    }
    up_of[quorum.min(n)..].iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorums_overlap_exactly_if_the_sums_say_so() {
        // Against all sets of so many replicas, for every n up to 7, r and w.
        for n in 1..=7usize {
            let sets = |size: usize| (0u32..1 << n).filter(move |set| set.count_ones() as usize == size);
            for r in 1..=n {
                for w in 1..=n {
                    let quorum = Quorum::new(n, r, w);
                    let all_meet = |one: usize, two: usize| sets(one).all(|a| sets(two).all(|b| a & b != 0));
                    assert_eq!(quorum.reads_see_writes(), all_meet(r, w), "{quorum:?}");
                    assert_eq!(quorum.writes_see_writes(), all_meet(w, w), "{quorum:?}");
                }
            }
        }
    }

    #[test]
    fn majorities_are_the_smallest_that_overlap() {
        // One less, and two halves decide differently.
        for n in 1..=9 {
            let majority = Level::Quorum.of(n);
            assert!(Quorum::new(n, majority, majority).writes_see_writes());
            assert!(majority == 1 || !Quorum::new(n, majority - 1, majority - 1).writes_see_writes());
        }
    }

    #[test]
    fn availability_of_quorums() {
        // Three replicas that are up 99 % of the time each: any one of them, two, all three; by hand 1 - 0.01^3, 3·0.99^2·0.01 + 0.99^3, 0.99^3.
        let of = |level: Level| availability(3, level.of(3), 0.99);
        let expected = [0.999_999, 0.999_702, 0.970_299];
        for (level, expected) in [Level::One, Level::Quorum, Level::All].into_iter().zip(expected) {
            assert!((of(level) - expected).abs() < 1e-12, "{level:?}: {}", of(level));
        }
        assert!(availability(5, 3, 0.99) > availability(3, 2, 0.99), "more replicas, more nines");
        assert!(availability(5, 3, 0.4) < availability(3, 2, 0.4), "unless they fail more often than not");
    }
}
