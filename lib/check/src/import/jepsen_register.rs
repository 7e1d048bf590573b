//! Jepsen's register tests: reads, writes and compare-and-sets of one register.

use netsplit_node::{History, Outcome, Value};

use super::entry::{Edn, Entry};
use super::{ImportError, ImportProblem, UNLIKE, Words, import};
use crate::spec::{CasRequest, CasResponse};

/// A register with compare-and-set, from the lines of Jepsen's log (`INFO jepsen.util - 0 :invoke :write 3`, in columns divided by tabs) or of its `history.edn`
/// (`{:process 0, :type :invoke, :f :write, :value 3}`).
///
/// `:info` is [`Outcome::Unknown`]. `:fail` is [`Outcome::Fail`] for reads and writes; a compare-and-set that fails was answered: it
/// found another value than it expected, which is a statement about the register and must be true.
///
/// # Errors
/// Names the first line that cannot be understood, and what was expected there.
///
/// ```
/// use netsplit_check::spec::CasRegister;
/// use netsplit_check::{import, linearizable};
/// let history = import::jepsen_register(
///     "INFO  jepsen.util - 0\t:invoke\t:write\t3\n\
///      INFO  jepsen.util - 0\t:ok\t:write\t3\n\
///      INFO  jepsen.util - 1\t:invoke\t:read\tnil\n\
///      INFO  jepsen.util - 1\t:ok\t:read\t4\n",
/// )
/// .unwrap();
/// assert!(linearizable(CasRegister).judge(&history).is_violated());
/// assert_eq!(
///     import::jepsen_register("1\t:ok\t:read\t4\n").unwrap_err().to_string(),
///     "line 1: process 1 is answered, but has asked nothing: is the record cut off before?; the line is \"1\\t:ok\\t:read\\t4\""
/// );
/// ```
pub fn jepsen_register(text: &str) -> Result<History<CasRequest, CasResponse>, ImportError> {
    import(&Register, "register", text)
}

struct Register;

const REQUEST: ImportProblem = ImportProblem::NotOfThisService {
    expected: ":read nil, :write with a value, or :cas with two values such as [3 4]",
};
const VALUE: ImportProblem =
    ImportProblem::NotOfThisService { expected: "a number, a text or nil as the value read" };

impl Words for Register {
    type Request = CasRequest;
    type Response = CasResponse;

    fn request(&self, entry: &Entry) -> Result<CasRequest, ImportProblem> {
        match (entry.function.as_str(), &entry.value) {
            ("read", _) => Ok(CasRequest::Read),
            ("write", value) => Ok(CasRequest::Write(perhaps(value).flatten().ok_or(REQUEST)?)),
            ("cas", Edn::Vector(values)) if values.len() == 2 => {
                let [expected, new] = [0, 1].map(|index| perhaps(&values[index]).ok_or(REQUEST));
                Ok(CasRequest::CompareAndSet { expected: expected?, new: new? })
            }
            _ => Err(REQUEST),
        }
    }

    fn outcome(
        &self,
        entry: &Entry,
        request: &CasRequest,
        fails: bool,
    ) -> Result<Outcome<CasResponse>, ImportProblem> {
        // A failure may say why, in place of the value.
        let is_cas = matches!(request, CasRequest::CompareAndSet { .. });
        if let (Edn::Keyword(why), true) = (&entry.value, fails && is_cas == (entry.function == "cas")) {
            return Ok(Outcome::Fail(why.clone()));
        }
        if self.request(entry)? != *request {
            return Err(UNLIKE);
        }
        Ok(match request {
            CasRequest::CompareAndSet { .. } => Outcome::Ok(CasResponse::Swapped(!fails)),
            _ if fails => Outcome::Fail("it failed".to_owned()),
            CasRequest::Write(_) => Outcome::Ok(CasResponse::Written),
            CasRequest::Read => Outcome::Ok(CasResponse::Value(perhaps(&entry.value).ok_or(VALUE)?)),
        })
    }
}

/// A value, or nil.
fn perhaps(value: &Edn) -> Option<Option<Value>> {
    match value {
        Edn::Nil => Some(None),
        Edn::Number(number) => Some(Some(Value::Number(*number))),
        Edn::Text(text) => Some(Some(Value::Text(text.clone()))),
        Edn::Keyword(_) | Edn::Vector(_) | Edn::Map(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(text: &str) -> Vec<Option<Outcome<CasResponse>>> {
        let history = jepsen_register(text).unwrap_or_else(|error| panic!("{error}"));
        history.operations.into_iter().map(|operation| operation.outcome).collect()
    }

    #[test]
    fn each_ending_is_what_jepsen_means_by_it() {
        // ok, a compare-and-set that found something else, a failed write, a time-out, and one that still waits.
        let text = "0\t:invoke\t:read\tnil\n0\t:ok\t:read\tnil\n\
                    1\t:invoke\t:cas\t[1 2]\n1\t:fail\t:cas\t[1 2]\n\
                    2\t:invoke\t:write\t3\n2\t:fail\t:write\t3\n\
                    3\t:invoke\t:write\t4\n3\t:info\t:write\t:timed-out\n\
                    4\t:invoke\t:cas\t[4 5]\n4\t:fail\t:cas\t:no-leader\n\
                    5\t:invoke\t:read\tnil\n";
        let expected = [
            Some(Outcome::Ok(CasResponse::Value(None))),
            Some(Outcome::Ok(CasResponse::Swapped(false))),
            Some(Outcome::Fail("it failed".to_owned())),
            Some(Outcome::Unknown),
            Some(Outcome::Fail("no-leader".to_owned())),
            None,
        ];
        assert_eq!(outcomes(text), expected);
    }

    #[test]
    fn errors_name_the_line_and_what_is_wrong() {
        // Each kind of problem, with its line.
        let ask = "0\t:invoke\t:write\t3\n";
        for (text, line, expected) in [
            (format!("{ask}{ask}"), 2, "line 2: process 0 asks, but still waits for the answer to line 1"),
            (
                format!("{ask}0\t:ok\t:write\t4"),
                2,
                "line 2: process 0 is answered for something else than it asked in line 1",
            ),
            (
                format!("\n{ask}0\t:ok\t:read\t4"),
                3,
                "line 3: process 0 is answered for something else than it asked in line 2",
            ),
            ("7\t:invoke\t:append\t3".to_owned(), 1, "line 1: expected :read nil, :write with a value"),
            ("7\t:invoke\t:cas\t[1 2 3]".to_owned(), 1, "line 1: expected :read nil, :write with a value"),
            ("7\t:invoke\t:write\tnil".to_owned(), 1, "line 1: expected :read nil, :write with a value"),
            (
                "0\t:invoke\t:read\tnil\n0\t:ok\t:read\t[1]".to_owned(),
                2,
                "line 2: expected a number, a text or nil",
            ),
            ("what is this".to_owned(), 1, "line 1: expected an entry"),
        ] {
            let error = jepsen_register(&text).unwrap_err();
            assert_eq!(error.line, line, "{error}");
            assert!(error.to_string().starts_with(expected), "{error}");
            assert_eq!(error.to_string().lines().count(), 1);
        }
    }
}
