//! Key-value store: a register for each key, in the library's own words (`KeyValueRequest`).

use std::collections::BTreeMap;

use netsplit_node::{KeyValueRequest, KeyValueResponse, Value};

use super::{Specification, TREE_ENTRY, bytes_behind, or_nothing};

/// A value for each key, none at first. Each key is a part of its own.
///
/// ```
/// use netsplit_check::{Check, by_hand, linearizable, spec};
/// use netsplit_node::{KeyValueRequest, KeyValueResponse};
/// let history = by_hand("store")
///     .ok("ann", 0..5, KeyValueRequest::Put { key: "x".into(), value: 1.into() }, KeyValueResponse::Stored)
///     .ok("bob", 6..9, KeyValueRequest::Get { key: "x".into() }, KeyValueResponse::Value(None))
///     .history();
/// assert_eq!(
///     history.check(linearizable(spec::KeyValue)).violations(),
///     ["bob's get of x read nothing, after ann's put x = 1 had ended"]
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyValue;

impl Specification for KeyValue {
    type State = BTreeMap<String, Value>;
    type Request = KeyValueRequest;
    type Response = KeyValueResponse;

    fn init(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }

    fn step(
        &self,
        state: &BTreeMap<String, Value>,
        request: &KeyValueRequest,
        response: Option<&KeyValueResponse>,
    ) -> Option<BTreeMap<String, Value>> {
        match (request, response) {
            (KeyValueRequest::Get { key }, Some(KeyValueResponse::Value(told))) => {
                (state.get(key) == told.as_ref()).then(|| state.clone())
            }
            (KeyValueRequest::Get { .. }, None) => Some(state.clone()),
            (KeyValueRequest::Put { key, value }, Some(KeyValueResponse::Stored) | None) => {
                let mut next = state.clone();
                next.insert(key.clone(), value.clone());
                Some(next)
            }
            (KeyValueRequest::Get { .. }, Some(KeyValueResponse::Stored))
            | (KeyValueRequest::Put { .. }, Some(KeyValueResponse::Value(_))) => None,
        }
    }

    fn partition(&self, request: &KeyValueRequest) -> Option<String> {
        match request {
            KeyValueRequest::Get { key } | KeyValueRequest::Put { key, .. } => Some(key.clone()),
        }
    }

    fn reads(&self, request: &KeyValueRequest, _response: Option<&KeyValueResponse>) -> bool {
        matches!(request, KeyValueRequest::Get { .. })
    }

    fn words(&self, request: &KeyValueRequest, response: Option<&KeyValueResponse>) -> String {
        match (request, response) {
            (KeyValueRequest::Get { key }, Some(KeyValueResponse::Value(value))) => {
                format!("get of {key} read {}", or_nothing(value.as_ref()))
            }
            (KeyValueRequest::Get { key }, _) => format!("get of {key}"),
            (KeyValueRequest::Put { key, value }, _) => format!("put {key} = {value:?}"),
        }
    }

    fn weight(&self, state: &BTreeMap<String, Value>) -> usize {
        let entry = |(key, value): (&String, &Value)| {
            TREE_ENTRY + size_of_val(key) + key.capacity() + size_of_val(value) + bytes_behind(value)
        };
        size_of_val(state) + state.iter().map(entry).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::walk;

    #[test]
    fn each_key_is_a_register() {
        // Right: keys do not disturb each other. Wrong: another key's value, an old value, an answer of the other kind.
        use KeyValueResponse::Stored;
        let put = |key: &str, value: i64| KeyValueRequest::Put { key: key.to_owned(), value: value.into() };
        let get = |key: &str| KeyValueRequest::Get { key: key.to_owned() };
        let read = |value: Option<i64>| Some(KeyValueResponse::Value(value.map(Value::from)));
        let right = [
            (get("x"), read(None)),
            (put("x", 1), Some(Stored)),
            (get("y"), read(None)),
            (put("y", 2), None),
            (get("x"), read(Some(1))),
            (get("y"), read(Some(2))),
            (get("y"), None),
        ];
        assert_eq!(walk(&KeyValue, right).map(|state| state.len()), Ok(2));
        assert_eq!(walk(&KeyValue, [(put("x", 1), Some(Stored)), (get("y"), read(Some(1)))]), Err(1));
        assert_eq!(walk(&KeyValue, [(put("x", 1), Some(Stored)), (get("x"), read(None))]), Err(1));
        assert_eq!(walk(&KeyValue, [(put("x", 1), read(Some(1)))]), Err(0));
        assert_eq!(walk(&KeyValue, [(get("x"), Some(Stored))]), Err(0));
        assert_eq!(KeyValue.partition(&get("x")), KeyValue.partition(&put("x", 1)));
        assert_ne!(KeyValue.partition(&get("x")), KeyValue.partition(&get("y")));
    }
}
