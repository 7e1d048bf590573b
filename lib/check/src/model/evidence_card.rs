//! An evidence card: what must not break in a system, what threatens it, what proves that it holds, and for how long.
//!
//! Every chapter has one. As a value it can be compared with what the system does.

use super::{GuaranteeVector, ModeMatrix, SystemModel};

/// A story behind a call to which nobody has answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Silence {
    /// The request was lost: no effect.
    RequestLost,
    /// The service crashed before it acted: no effect.
    CrashedBefore,
    /// It crashed half-way: half an effect.
    CrashedHalfWay,
    /// It crashed after it had acted: an effect.
    CrashedAfter,
    /// The answer was lost: an effect.
    AnswerLost,
    /// Somebody is slow: no effect yet.
    Slow,
}

impl Silence {
    /// All of them.
    pub const ALL: [Silence; 6] = [
        Silence::RequestLost,
        Silence::CrashedBefore,
        Silence::CrashedHalfWay,
        Silence::CrashedAfter,
        Silence::AnswerLost,
        Silence::Slow,
    ];
}

/// What counts as proof, and when it is none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Evidence {
    /// What it is.
    pub what: String,
    /// To what it is bound: of whom or what it is a proof.
    pub bound_to: String,
    /// What brings it into being.
    pub begins: String,
    /// What ends it; each of them does.
    pub ends: Vec<String>,
}

/// What a system promises, what threatens that, and how one would notice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EvidenceCard {
    /// What must not break, by the names of the properties.
    pub invariants: Vec<String>,
    /// What is assumed.
    pub assumes: SystemModel,
    /// What a caller cannot tell apart.
    pub silence: Vec<Silence>,
    /// What counts as proof.
    pub evidence: Evidence,
    /// What is guaranteed.
    pub guarantee: GuaranteeVector,
    /// What the service does on a bad day.
    pub modes: ModeMatrix,
}
