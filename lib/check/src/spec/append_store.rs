//! Append store: a text for each key, to which can be added; a get shows everything that was ever appended, in order.
//!
//! Appends make a store's order visible: one read tells in which order all writes before it took place, where a plain write hides
//! those that it replaced. Laboratories of MIT's course 6.5840 and Jepsen's list-append tests use them for that.

use std::collections::BTreeMap;

use super::{Specification, TREE_ENTRY};

/// A text for each key, empty at first. Each key is a part of its own.
///
/// ```
/// use netsplit_check::spec::{AppendRequest, AppendResponse, AppendStore};
/// use netsplit_check::{by_hand, linearizable};
/// let append = |text: &str| AppendRequest::Append { key: "x".into(), text: text.into() };
/// let history = by_hand("store")
///     .ok("ann", 0..5, append("a"), AppendResponse::Stored)
///     .ok("bob", 6..9, append("b"), AppendResponse::Stored)
///     .ok("cyd", 10..12, AppendRequest::Get { key: "x".into() }, AppendResponse::Text("ba".into()))
///     .history();
/// assert!(linearizable(AppendStore).judge(&history).is_violated());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppendStore;

/// What it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AppendRequest {
    /// The text of `key`.
    Get {
        /// The key.
        key: String,
    },
    /// Replace the text of `key`.
    Put {
        /// The key.
        key: String,
        /// The text that replaces what was there.
        text: String,
    },
    /// Add to the text of `key`.
    Append {
        /// The key.
        key: String,
        /// What is added at the end.
        text: String,
    },
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AppendResponse {
    /// To a get: the text, empty if nothing was ever stored.
    Text(String),
    /// To a put or an append.
    Stored,
}

impl AppendRequest {
    /// The key that it concerns.
    pub fn key(&self) -> &str {
        match self {
            AppendRequest::Get { key }
            | AppendRequest::Put { key, .. }
            | AppendRequest::Append { key, .. } => key,
        }
    }
}

impl Specification for AppendStore {
    type State = BTreeMap<String, String>;
    type Request = AppendRequest;
    type Response = AppendResponse;

    fn init(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn step(
        &self,
        state: &BTreeMap<String, String>,
        request: &AppendRequest,
        response: Option<&AppendResponse>,
    ) -> Option<BTreeMap<String, String>> {
        if let AppendRequest::Get { key } = request {
            let there = state.get(key).map_or("", String::as_str);
            let fits =
                response.is_none_or(|told| matches!(told, AppendResponse::Text(told) if told == there));
            return fits.then(|| state.clone());
        }
        if response.is_some_and(|told| *told != AppendResponse::Stored) {
            return None;
        }
        let mut next = state.clone();
        match request {
            AppendRequest::Get { .. } => {}
            AppendRequest::Put { key, text } => drop(next.insert(key.clone(), text.clone())),
            AppendRequest::Append { key, text } => next.entry(key.clone()).or_default().push_str(text),
        }
        Some(next)
    }

    fn partition(&self, request: &AppendRequest) -> Option<String> {
        Some(request.key().to_owned())
    }

    fn reads(&self, request: &AppendRequest, _response: Option<&AppendResponse>) -> bool {
        matches!(request, AppendRequest::Get { .. })
    }

    fn words(&self, request: &AppendRequest, response: Option<&AppendResponse>) -> String {
        match (request, response) {
            (AppendRequest::Get { key }, Some(AppendResponse::Text(text))) => {
                format!("get of {key} read {text:?}")
            }
            (AppendRequest::Get { key }, _) => format!("get of {key}"),
            (AppendRequest::Put { key, text }, _) => format!("put {key} = {text:?}"),
            (AppendRequest::Append { key, text }, _) => format!("append of {text:?} to {key}"),
        }
    }

    fn weight(&self, state: &BTreeMap<String, String>) -> usize {
        let entry = |(key, text): (&String, &String)| {
            TREE_ENTRY + 2 * size_of::<String>() + key.capacity() + text.capacity()
        };
        size_of_val(state) + state.iter().map(entry).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::walk;

    #[test]
    fn a_get_shows_all_appends_in_their_order() {
        // Right: put, then appends, one of them of unknown outcome. Wrong: another order, one missing, an answer of the other kind.
        use AppendResponse::{Stored, Text};
        let get = AppendRequest::Get { key: "x".into() };
        let put = AppendRequest::Put { key: "x".into(), text: "a".into() };
        let append = |text: &str| AppendRequest::Append { key: "x".into(), text: text.into() };
        let text = |text: &str| Some(Text(text.to_owned()));
        let right = [
            (get.clone(), text("")),
            (append("z"), Some(Stored)),
            (put.clone(), Some(Stored)),
            (append("b"), Some(Stored)),
            (append("c"), None),
            (get.clone(), text("abc")),
            (get.clone(), None),
        ];
        assert_eq!(walk(&AppendStore, right).map(|state| state["x"].clone()), Ok("abc".to_owned()));
        let two = [(append("a"), Some(Stored)), (append("b"), Some(Stored))];
        for wrong in ["ba", "a", "abb", ""] {
            let steps = two.clone().into_iter().chain([(get.clone(), text(wrong))]);
            assert_eq!(walk(&AppendStore, steps), Err(2), "{wrong}");
        }
        assert_eq!(walk(&AppendStore, [(put, text("a"))]), Err(0));
        assert_eq!(walk(&AppendStore, [(get, Some(Stored))]), Err(0));
    }
}
