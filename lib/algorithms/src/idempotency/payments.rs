//! Payments: the requests whose double effect everybody understands. A charge carries the key that makes it safe to repeat.
//!
//! - **Concept:** Request that names its operation
//! - **Guarantees:** nothing by itself; every attempt of one charge can be recognised by its key, at the service that has the effect.
//! - **Does not guarantee:** that the service looks at the key. One that does not charges as often as it is asked.
//! - **Assumes:** the key is chosen by the client, the end that knows what was wished, and not by something on the way (a proxy, a
//!   library's retry loop), which sees only attempts.
//! - **Source:** draft-ietf-httpapi-idempotency-key-header-07, 2025, section 2.5; Saltzer, Reed and Clark, "End-to-End Arguments in
//!   System Design", TOCS 2(4), 1984, section "Duplicate message suppression"
//! - **Differs:** the key is a field of the request, not a header beside it. One currency, no refunds, no refused cards.
//! - **Chapter:** 01
//!
//! ```text
//! client   ──charge, key order-17──▶╳ answer lost    ──charge, key order-17──▶         two attempts, one wish
//!                    │             ╱                              │
//! service  ──────────▼────────────▲───────────────────────────────▼────────▶
//!              receipt 1 for 350 cents                            ?  receipt 2: the client paid two coffees for one
//! ```
//!
//! A service that does not look at the key, and what that costs:
//!
//! ```
//! use netsplit_algorithms::idempotency::{Charge, IdempotencyKey, Receipt};
//! use netsplit_node::{CallId, Context, Node, Service};
//!
//! #[derive(Clone, Debug, Default)]
//! struct Till { receipts: Vec<Receipt> }
//!
//! impl Till {
//!     fn charge(&mut self, charge: Charge) -> Receipt {
//!         let receipt = Receipt { number: self.receipts.len() as u64 + 1, cents: charge.cents };
//!         self.receipts.push(receipt.clone());
//!         receipt
//!     }
//! }
//! impl Node for Till { type Message = (); type Timer = (); }
//! impl Service for Till {
//!     type Request = Charge;
//!     type Response = Receipt;
//!     fn on_request(&mut self, call: CallId, charge: Charge, ctx: &mut Context<Self>) {
//!         let receipt = self.charge(charge);
//!         ctx.reply(call, receipt);
//!     }
//! }
//!
//! let mut till = Till::default();
//! let coffee = Charge { key: IdempotencyKey::new("order-17"), card: "4242".into(), cents: 350 };
//! till.charge(coffee.clone());
//! let retried = till.charge(coffee);                        // the answer was lost: the client asks again
//! assert_eq!(retried, Receipt { number: 2, cents: 350 });   // a second charge
//! ```

use std::fmt;

use crate::idempotency::IdempotencyKey;

/// What a client asks of a payment service: to take money from a card, once.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Charge {
    /// Names the wish: attempts with the same key are to charge once.
    pub key: IdempotencyKey,
    /// The card's number.
    pub card: String,
    /// How much to take, in cents.
    pub cents: u64,
}

/// What a payment service answers: the money was taken.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Receipt {
    /// The service's own number of the charge. Two receipts with different numbers are two charges.
    pub number: u64,
    /// How much was taken, in cents.
    pub cents: u64,
}

// Short, because requests and answers are read on the arrows of diagrams.
impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "charge {} cents to {}, key {}", self.cents, self.card, self.key)
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "receipt {} for {} cents", self.number, self.cents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_read_well_on_a_diagram() {
        // The texts that students see on every arrow of the first chapter.
        let charge = Charge { key: IdempotencyKey::new("order-17"), card: "4242".into(), cents: 350 };
        assert_eq!(format!("{charge:?}"), "charge 350 cents to 4242, key order-17");
        assert_eq!(format!("{:?}", Receipt { number: 1, cents: 350 }), "receipt 1 for 350 cents");
    }
}
