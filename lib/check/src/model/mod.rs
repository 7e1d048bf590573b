//! What is said of a system before anything runs: as values, so that it can be checked as code is.
//!
//! | question | value |
//! |---|---|
//! | What may go wrong? | [`SystemModel`], [`FaultClass`] |
//! | What may a silent call mean? | [`Silence`] |
//! | What must not break, what proves that it has not, and for how long? | [`EvidenceCard`], [`Evidence`] |
//! | What is guaranteed, and what is left of it when parts are put together? | [`GuaranteeVector`] |
//! | What does a service do on a bad day? | [`ModeMatrix`], [`Mode`] |

mod evidence_card;
mod guarantee_vector;
mod mode_matrix;
mod system_model;

pub use evidence_card::{Evidence, EvidenceCard, Silence};
pub use guarantee_vector::{
    Authenticity, GuaranteeVector, Idempotence, Ordering, Recency, Scope, Visibility,
};
pub use mode_matrix::{Mode, ModeMatrix, ModeRow, ModeSwitch};
pub use system_model::{Failures, FaultClass, Links, SystemModel, Timing};
