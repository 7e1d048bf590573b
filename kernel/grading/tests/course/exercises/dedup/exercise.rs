//! A till that counts a payment once, however often it is told of it.

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::secs;

use super::given::*;

pub fn exercise() -> Exercise {
    Exercise::new("dedup", "Count once", 20.0, Rule::SafetyGate)
        .service("Till", "Payment", "u64")
        .without(["DedupTable", "idempotency"])
        .visible("a retry", 7, |case| pay(case, 3))
}

/// Pays so often, each time twice.
pub fn pay(case: &mut Case, often: u64) {
    let tills = case.submitted::<Payment, u64>("Till").start(1);
    let client = tills.client_of(0);
    let mut sum = 0;
    for key in 0..often {
        let cents = case.random().below(100) + 1;
        sum += cents;
        for _ in 0..2 {
            let call = client.call(Payment { key, cents });
            case.lab().run_for(secs(5));
            let told = call.outcome().and_then(|it| it.ok());
            case.safety("nothing is counted twice", told.is_none_or(|told| told <= sum));
            case.liveness("every payment is counted", told.is_some_and(|told| told >= sum));
        }
    }
}
