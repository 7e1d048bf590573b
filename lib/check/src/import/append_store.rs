//! A store with get, put and append, as key-value laboratories record it.

use netsplit_node::{History, Outcome};

use super::entry::{Edn, Entry};
use super::{ImportError, ImportProblem, UNLIKE, Words, import};
use crate::spec::{AppendRequest, AppendResponse};

/// A store with get, put and append, from lines of EDN: `{:process 9, :type :invoke, :f :append, :key "0", :value "x 9 0 y"}`.
///
/// `:info` is [`Outcome::Unknown`], `:fail` is [`Outcome::Fail`].
///
/// # Errors
/// Names the first line that cannot be understood, and what was expected there.
///
/// ```
/// use netsplit_check::spec::AppendStore;
/// use netsplit_check::{import, linearizable};
/// let history = import::append_store(
///     "{:process 0, :type :invoke, :f :append, :key \"0\", :value \"a\"}\n\
///      {:process 1, :type :invoke, :f :get, :key \"0\", :value nil}\n\
///      {:process 1, :type :ok, :f :get, :key \"0\", :value \"a\"}\n",
/// )
/// .unwrap();
/// assert!(linearizable(AppendStore).judge(&history).holds(), "process 0 was not answered, but may have been served");
/// ```
pub fn append_store(text: &str) -> Result<History<AppendRequest, AppendResponse>, ImportError> {
    import(&Store, "store", text)
}

struct Store;

const REQUEST: ImportProblem = ImportProblem::NotOfThisService {
    expected: ":f :get, :put or :append, with a text as :key, and as :value to put or append",
};
const VALUE: ImportProblem =
    ImportProblem::NotOfThisService { expected: "a text as the :value that was read" };

impl Words for Store {
    type Request = AppendRequest;
    type Response = AppendResponse;

    fn request(&self, entry: &Entry) -> Result<AppendRequest, ImportProblem> {
        let Some(Edn::Text(key)) = entry.key.clone() else { return Err(REQUEST) };
        match (entry.function.as_str(), entry.value.clone()) {
            ("get", _) => Ok(AppendRequest::Get { key }),
            ("put", Edn::Text(text)) => Ok(AppendRequest::Put { key, text }),
            ("append", Edn::Text(text)) => Ok(AppendRequest::Append { key, text }),
            _ => Err(REQUEST),
        }
    }

    fn outcome(
        &self,
        entry: &Entry,
        request: &AppendRequest,
        fails: bool,
    ) -> Result<Outcome<AppendResponse>, ImportProblem> {
        if self.request(entry)? != *request {
            return Err(UNLIKE);
        }
        Ok(match (request, &entry.value) {
            _ if fails => Outcome::Fail("it failed".to_owned()),
            (AppendRequest::Get { .. }, Edn::Text(text)) => Outcome::Ok(AppendResponse::Text(text.clone())),
            (AppendRequest::Get { .. }, _) => return Err(VALUE),
            (AppendRequest::Put { .. } | AppendRequest::Append { .. }, _) => {
                Outcome::Ok(AppendResponse::Stored)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_line_and_what_is_wrong() {
        // A key that is no text, a value that is none, another key than asked for, an unknown function.
        let ask = "{:process 0, :type :invoke, :f :get, :key \"x\", :value nil}\n";
        for (text, expected) in [
            (
                format!("{ask}{{:process 0, :type :ok, :f :get, :key \"x\", :value nil}}"),
                "line 2: expected a text as the :value",
            ),
            (
                format!("{ask}{{:process 0, :type :ok, :f :get, :key \"y\", :value \"\"}}"),
                "line 2: process 0 is answered for something else",
            ),
            (
                "{:process 0, :type :invoke, :f :get, :key 7}".to_owned(),
                "line 1: expected :f :get, :put or :append",
            ),
            (
                "{:process 0, :type :invoke, :f :put, :key \"x\", :value 7}".to_owned(),
                "line 1: expected :f :get",
            ),
            ("{:process 0, :type :invoke, :f :delete, :key \"x\"}".to_owned(), "line 1: expected :f :get"),
        ] {
            let error = append_store(&text).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }
}
