//! The answer to `evidence-card` as it should be.
// answer: evidence-card
use netsplit::model::{
    Authenticity, Evidence, EvidenceCard, Failures, GuaranteeVector, Idempotence, Links, Mode, ModeMatrix,
    Ordering, Recency, Scope, Silence, SystemModel, Timing, Visibility,
};

fn evidence_card() -> EvidenceCard {
    EvidenceCard {
        invariants: vec![NO_DOUBLE_EFFECT.into(), EVERY_PROMISE_KEPT.into()],
        assumes: SystemModel {
            timing: Timing::Asynchronous,
            failures: Failures::CrashRecovery,
            links: Links::FairLoss,
        },
        silence: Silence::ALL.to_vec(),
        evidence: Evidence {
            what: STORED_ANSWER.into(),
            bound_to: THE_KEY.into(),
            begins: ANSWER_IS_STORED.into(),
            ends: vec![RETENTION_ENDS.into(), MEMORY_IS_LOST.into()],
        },
        guarantee: GuaranteeVector {
            scope: Scope::Object,
            ordering: Ordering::None,
            visibility: Visibility::Fractured,
            recency: Recency::Eventual,
            idempotence: Idempotence::PerKey,
            authenticity: Authenticity::None,
        },
        modes: modes(),
    }
}

fn modes() -> ModeMatrix {
    use Mode::{Degraded, Floor, Recovery, Target};
    ModeMatrix::new()
        .row(Target, [(SIGN_UPS, ACCEPTED), (MAILS, SENT_AT_ONCE)])
        .row(Degraded, [(SIGN_UPS, ACCEPTED), (MAILS, OWED)])
        .row(Floor, [(SIGN_UPS, REFUSED), (MAILS, NONE_PROMISED)])
        .row(Recovery, [(SIGN_UPS, ACCEPTED), (MAILS, CAUGHT_UP)])
        .switch(Target, MAIL_SILENT, Degraded)
        .switch(Target, DISK_FAILS, Floor)
        .switch(Degraded, MAIL_ANSWERS, Recovery)
        .switch(Degraded, DISK_FAILS, Floor)
        .switch(Floor, DISK_WORKS, Recovery)
        .switch(Recovery, MAIL_SILENT, Degraded)
        .switch(Recovery, DISK_FAILS, Floor)
        .switch(Recovery, NOTHING_OWED, Target)
}
