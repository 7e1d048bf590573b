//! A retry policy says when to ask again, how long to wait before, and when to stop: retries repair losses, and without limits they make outages.
//!
//! - **Concept:** Retries with exponential backoff, jitter and a budget
//! - **Guarantees:** never more attempts than the policy has (safety). With a budget, in the long run never more retries than a fixed share of the successes,
//!   and a constant: what comes to a service that fails is bounded by what it can take, whatever its callers wish.
//! - **Does not guarantee:** that the operation happens, or that it happens once: each attempt may have its effect. That takes an idempotency key.
//! - **Assumes:** only what may be repeated is retried; one layer of a system retries, or three layers with three attempts each make 27.
//! - **Source:** Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015 (full and equal jitter); the budget: gRPC proposal A6, "gRPC Retry
//!   Design", section "Throttling Retry Attempts and Hedged RPCs"
//! - **Differs:** gRPC's jitter is ±20 % of the backoff; here it is one of three that can be compared. The budget counts in thousandths, as gRPC's does.
//! - **Chapter:** 02
//!
//! ```text
//! attempt 1 ──▶╳   wait ≤ base   attempt 2 ──▶╳   wait ≤ 2·base   attempt 3 ──▶╳   wait ≤ 4·base ... at most cap
//!
//! budget:  a failure costs a token, a success earns a tenth of one; retries only while more than half of the tokens are there
//! ```
//!
//! ```
//! use netsplit_algorithms::rpc::{Backoff, Jitter, RetryBudget};
//! use netsplit_node::{Random, ms, secs};
//!
//! let backoff = Backoff { base: ms(100), cap: secs(1), jitter: Jitter::None };
//! let mut random = Random::new(42);                       // in a node: ctx.random()
//! let waits: Vec<_> = (1..=5).map(|failures| backoff.wait(failures, &mut random)).collect();
//! assert_eq!(waits, [ms(100), ms(200), ms(400), ms(800), secs(1)]);
//!
//! let mut budget = RetryBudget::new(10, 100);             // ten tokens, a tenth of one for each success
//! let allowed = (0..20).take_while(|_| { budget.failed(); budget.allows() }).count();
//! assert_eq!(allowed, 4);                                 // an outage: four retries, then none
//! ```

use netsplit_node::{Duration, Random};

/// When to ask again, and when not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryPolicy {
    /// The most attempts of one operation, the first included.
    pub attempts: u32,
    /// How long to wait before each but the first.
    pub backoff: Backoff,
    /// How many retries all operations of a caller may make together; nothing for as many as they like.
    pub budget: Option<RetryBudget>,
}

/// How long to wait before asking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Backoff {
    /// After the first failure; twice as long after each further one.
    pub base: Duration,
    /// Never longer than this.
    pub cap: Duration,
    /// How much of it is left to chance.
    pub jitter: Jitter,
}

/// How much of a wait is left to chance, so that those who failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Jitter {
    /// Nothing: callers that failed at one moment ask again at one moment.
    None,
    /// The second half.
    Equal,
    /// All of it.
    Full,
}

impl Backoff {
    /// How long to wait after so many failures, at least one.
    pub fn wait(&self, failures: u32, random: &mut Random) -> Duration {
        // 2^40 ns are 18 minutes; what is longer than the cap is not computed.
        let doubled = self.base * (1i64 << failures.saturating_sub(1).min(40));
        let longest = doubled.min(self.cap);
        match self.jitter {
            Jitter::None => longest,
            Jitter::Equal => random.between(longest / 2, longest),
            Jitter::Full => random.between(Duration::ZERO, longest),
        }
    }
}

/// The retries that a caller may still make, of all its operations together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryBudget {
    /// In thousandths. Invariant: from 0 to `most`.
    tokens: u64,
    most: u64,
    per_success: u64,
}

impl RetryBudget {
    /// A full budget of so many tokens; each success earns so many thousandths of one.
    pub fn new(tokens: u64, thousandths_per_success: u64) -> RetryBudget {
        RetryBudget { tokens: tokens * 1_000, most: tokens * 1_000, per_success: thousandths_per_success }
    }

    /// An attempt succeeded.
    pub fn succeeded(&mut self) {
        self.tokens = (self.tokens + self.per_success).min(self.most);
    }

    /// An attempt failed, or nobody knows.
    pub fn failed(&mut self) {
        self.tokens = self.tokens.saturating_sub(1_000);
    }

    /// Whether one may ask again: more than half of the tokens are there.
    // More than half, and not any: so that an outage uses up half of them, and the other half is there when it is over.
    pub fn allows(&self) -> bool {
        self.tokens > self.most / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::{ms, secs};

    #[test]
    fn waits_double_up_to_the_cap_and_jitter_keeps_within() {
        // Brooker's formulas: full jitter is anything up to the doubled time, equal jitter its second half; and both ends are reached.
        let mut random = Random::new(1);
        for (jitter, least) in [(Jitter::None, 1.0), (Jitter::Equal, 0.5), (Jitter::Full, 0.0)] {
            let backoff = Backoff { base: ms(100), cap: secs(2), jitter };
            for (failures, longest) in [(1, ms(100)), (3, ms(400)), (6, secs(2)), (1_000, secs(2))] {
                let waits: Vec<Duration> = (0..1_000).map(|_| backoff.wait(failures, &mut random)).collect();
                let share = |wait: &Duration| wait.as_nanos() as f64 / longest.as_nanos() as f64;
                assert!(
                    waits.iter().all(|wait| (least..=1.0).contains(&share(wait))),
                    "{jitter:?} {failures}"
                );
                assert!(waits.iter().any(|wait| share(wait) < least + 0.01));
                assert!(waits.iter().any(|wait| share(wait) > 0.99));
            }
        }
    }

    #[test]
    fn jitter_spreads_those_who_failed_together() {
        // A thousand callers that failed at one moment: without jitter all come back in one millisecond; with full jitter hardly any two do.
        let busiest = [Jitter::None, Jitter::Equal, Jitter::Full].map(|jitter| {
            let backoff = Backoff { base: secs(1), cap: secs(60), jitter };
            let mut arrivals = std::collections::BTreeMap::new();
            for caller in 0..1_000 {
                let wait = backoff.wait(1, &mut Random::new(caller));
                *arrivals.entry(wait.as_nanos() / ms(1).as_nanos()).or_insert(0) += 1;
            }
            arrivals.into_values().max().unwrap_or(0)
        });
        assert_eq!(busiest, [1_000, 7, 6]);
    }

    #[test]
    fn a_budget_bounds_retries_by_successes() {
        // gRPC's rule with 10 tokens and a tenth each: in an outage five failures stop all retries; fifty successes later they are allowed again.
        let mut budget = RetryBudget::new(10, 100);
        (0..5).for_each(|_| budget.failed());
        assert!(!budget.allows());
        budget.succeeded();
        assert!(budget.allows());
        (0..100).for_each(|_| budget.failed());
        let successes = (1..).find(|_| {
            budget.succeeded();
            budget.allows()
        });
        assert_eq!(successes, Some(51));
    }
}
