//! A system model: what may go wrong, so that it can be said what an algorithm withstands.
//!
//! A model has three parts, each from strong (little may go wrong) to weak. An algorithm that is right in a model is right in every
//! stronger one; a run that a model allows is allowed by every weaker one.
//!
//! Source: Cachin, Guerraoui and Rodrigues, "Introduction to Reliable and Secure Distributed Programming", 2011, chapter 2; Dwork,
//! Lynch and Stockmeyer, "Consensus in the Presence of Partial Synchrony", JACM 35(2), 1988; Cristian, "Understanding Fault-Tolerant
//! Distributed Systems", CACM 34(2), 1991 (the classes of faults).

/// What is known of time: of how long a message or a step takes. From strong to weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Timing {
    /// A bound is known, and always holds.
    Synchronous,
    /// A bound holds from some moment on that nobody knows.
    PartiallySynchronous,
    /// Nothing.
    Asynchronous,
}

/// What may become of a node. From strong to weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Failures {
    /// It follows its code until it stops for ever.
    CrashStop,
    /// It follows its code; it may stop, and begin again with what its disk has kept.
    CrashRecovery,
    /// It may do anything.
    Byzantine,
}

/// What may become of a message. From strong to weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Links {
    /// It arrives once, if neither end crashes.
    Reliable,
    /// It may be lost or doubled; what is sent again and again arrives at some time.
    FairLoss,
}

/// What may go wrong in a system.
///
/// ```
/// use netsplit_check::model::{Failures, Links, SystemModel, Timing};
/// let internet = SystemModel {
///     timing: Timing::Asynchronous, failures: Failures::CrashRecovery, links: Links::FairLoss,
/// };
/// let board = SystemModel { timing: Timing::Synchronous, failures: Failures::CrashStop, links: Links::Reliable };
/// assert!(internet.allows_all_of(board) && !board.allows_all_of(internet));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SystemModel {
    /// What is known of time.
    pub timing: Timing,
    /// What may become of nodes.
    pub failures: Failures,
    /// What may become of messages.
    pub links: Links,
}

impl SystemModel {
    /// Whether every run that `stronger` allows is allowed here as well.
    // No `PartialOrd`: "less" would leave open which end is the strong one, and two models need not be comparable.
    pub fn allows_all_of(&self, stronger: SystemModel) -> bool {
        self.timing >= stronger.timing && self.failures >= stronger.failures && self.links >= stronger.links
    }
}

/// What went wrong in a part of a system, as seen from outside. Each class contains the one before it: who crashes omits all that would
/// follow, an omission is an answer that is infinitely late, and a liar can do all of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FaultClass {
    /// It stops.
    Crash,
    /// It does not do some of what it should: a message is not sent, not carried, or not received.
    Omission,
    /// It does what it should, too late or too early.
    Timing,
    /// It does what nobody asked of it: it answers wrongly, or says different things to different parts.
    Byzantine,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<SystemModel> {
        let mut models = Vec::new();
        for timing in [Timing::Synchronous, Timing::PartiallySynchronous, Timing::Asynchronous] {
            for failures in [Failures::CrashStop, Failures::CrashRecovery, Failures::Byzantine] {
                for links in [Links::Reliable, Links::FairLoss] {
                    models.push(SystemModel { timing, failures, links });
                }
            }
        }
        models
    }

    #[test]
    fn models_are_ordered_by_what_they_allow() {
        // A partial order with a strongest and a weakest model, in which not all can be compared.
        let models = all();
        let (strongest, weakest) = (models[0], models[models.len() - 1]);
        for &one in &models {
            assert!(one.allows_all_of(one) && one.allows_all_of(strongest) && weakest.allows_all_of(one));
            for &other in &models {
                assert!(!(one.allows_all_of(other) && other.allows_all_of(one)) || one == other);
            }
        }
        let incomparable = |one: &SystemModel| {
            models.iter().any(|other| !one.allows_all_of(*other) && !other.allows_all_of(*one))
        };
        assert_eq!(models.iter().filter(|one| incomparable(one)).count(), 16);
    }
}
