//! The words in which key-value stores are asked and answered: shared by stores, their clients and their specification.

use std::fmt;

/// A stored value: a number or a text.
///
/// ```
/// use netsplit_node::Value;
/// assert_eq!(format!("{:?} {:?}", Value::from(1), Value::from("tea")), "1 \"tea\"");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Value {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Number(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Value {
        Value::Number(number.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

/// What a key-value store is asked.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum KeyValueRequest {
    /// The value of `key`.
    Get {
        /// The key.
        key: String,
    },
    /// Store `value` under `key`.
    Put {
        /// The key.
        key: String,
        /// The value that replaces what was there.
        value: Value,
    },
}

impl fmt::Debug for KeyValueRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyValueRequest::Get { key } => write!(f, "get {key}"),
            KeyValueRequest::Put { key, value } => write!(f, "put {key} = {value:?}"),
        }
    }
}

/// What a key-value store answers.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum KeyValueResponse {
    /// To a get: the value, or nothing if there is none.
    Value(Option<Value>),
    /// To a put: it is stored, whatever the store means by that.
    Stored,
}

impl fmt::Debug for KeyValueResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyValueResponse::Value(Some(value)) => write!(f, "{value:?}"),
            KeyValueResponse::Value(None) => write!(f, "nothing"),
            KeyValueResponse::Stored => write!(f, "stored"),
        }
    }
}
