//! What a picture shows of a node.

use std::fmt::{self, Write};

/// A picture shows no more letters of a value: a log of a million entries is not read there, and putting it into words takes time.
const LONGEST: usize = 4000;

/// A node as a picture shows it: an optional role and named fields, or only a text.
///
/// ```
/// use netsplit_node::Inspection;
/// let leader = Inspection::new().role("leader").field("term", 3);
/// assert_eq!(leader.to_string(), "leader, term: 3");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// What the node is at this moment, in the protocol's own word ("leader", "follower"); pictures colour by it.
    pub role: Option<String>,
    /// The fields worth showing, in the order to show them.
    pub fields: Vec<(String, String)>,
    /// The whole node as text, where it does not say more itself.
    pub text: Option<String>,
}

impl Inspection {
    /// An inspection to which fields are added.
    pub fn new() -> Inspection {
        Inspection::default()
    }

    /// The Debug form of a node that says nothing else of itself, of which the first 4000 letters are kept.
    pub fn of(node: &impl fmt::Debug) -> Inspection {
        Inspection { text: Some(bounded(node)), ..Inspection::default() }
    }

    /// Names the node's role.
    pub fn role(mut self, role: impl fmt::Display) -> Inspection {
        self.role = Some(role.to_string());
        self
    }

    /// Adds a field, shown in its Debug form, of which the first 4000 letters are kept.
    pub fn field(mut self, name: &str, value: impl fmt::Debug) -> Inspection {
        self.fields.push((name.to_owned(), bounded(&value)));
        self
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.fields.iter().map(|(name, value)| format!("{name}: {value}"));
        let parts: Vec<String> =
            self.role.iter().cloned().chain(fields).chain(self.text.iter().cloned()).collect();
        f.write_str(&parts.join(", "))
    }
}

/// The Debug form of a value up to a length; what is longer is not even made.
fn bounded(value: &impl fmt::Debug) -> String {
    /// Takes text until it is full, which ends the writing.
    struct Page {
        text: String,
        room: usize,
    }
    impl Write for Page {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            match part.char_indices().nth(self.room) {
                Some((end, _)) => {
                    self.text.push_str(&part[..end]);
                    self.text.push('…');
                    Err(fmt::Error)
                }
                None => {
                    self.room -= part.chars().count();
                    self.text.push_str(part);
                    Ok(())
                }
            }
        }
    }
    let mut page = Page { text: String::new(), room: LONGEST };
    // The error says that the page is full; what fits stands there.
    let _ = write!(page, "{value:?}");
    page.text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_and_costs_no_more_than_what_is_shown() {
        // The rest of a million entries is never put into words.
        use std::sync::atomic::{AtomicUsize, Ordering};
        static SAID: AtomicUsize = AtomicUsize::new(0);
        struct Entry;
        impl fmt::Debug for Entry {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                SAID.fetch_add(1, Ordering::Relaxed);
                f.write_str("ü")
            }
        }
        let log: Vec<Entry> = std::iter::repeat_with(|| Entry).take(1_000_000).collect();
        let text = Inspection::new().field("log", &log).fields.remove(0).1;
        assert_eq!(text.chars().count(), LONGEST + 1);
        assert!(text.ends_with('…') && SAID.load(Ordering::Relaxed) < LONGEST);
        assert_eq!(Inspection::of(&"short").to_string(), "\"short\"");
    }
}
