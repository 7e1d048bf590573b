//! What the statement of `carts` gives: the answer and the tests both see it.

use serde::{Deserialize, Serialize};

/// What a node does without a majority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// Consistent: it refuses.
    Cp,
    /// Available: it goes on with its own copy.
    Ap,
}

/// What the cart store is asked. There is one cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CartRequest {
    /// Put this item into the cart. No item is asked for twice.
    Add(u32),
    /// What is in the cart?
    Items,
    /// From the operator, to each node by itself: from now on, this way.
    Switch(Way),
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CartResponse {
    /// To an add: it is in the cart.
    Added,
    /// To the question for the items: these, in any order.
    Items(Vec<u32>),
    /// To a switch.
    Switched,
}
