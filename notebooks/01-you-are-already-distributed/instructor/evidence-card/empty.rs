//! The answer to `evidence-card` as students get it.
// answer: evidence-card
fn evidence_card() -> EvidenceCard {
    todo!("your answer")
}
