//! What the statement of `levels` gives: the answer and the tests both see it.

use serde::{Deserialize, Serialize};

/// What people do in the shop. In brackets: of a hundred requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Endpoint {
    /// Read a price. It may be old. (40)
    Browse,
    /// Write one more item into a cart. (25)
    AddToCart,
    /// Read how many pieces are left; if there are any, write one less, and sell it. (10)
    TakeFromStock,
    /// Read the password, and compare it. (20)
    LogIn,
    /// Read the password, and write a new one. (5)
    ChangePassword,
}

/// How many of the five copies must take part in each read and each write of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Copies {
    One,
    Majority,
    All,
}
