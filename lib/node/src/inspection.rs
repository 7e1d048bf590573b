//! What a picture shows of a node.

use std::fmt;

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

    /// The Debug form of a node that says nothing else of itself.
    pub fn of(node: &impl fmt::Debug) -> Inspection {
        Inspection { text: Some(format!("{node:?}")), ..Inspection::default() }
    }

    /// Names the node's role.
    pub fn role(mut self, role: impl fmt::Display) -> Inspection {
        self.role = Some(role.to_string());
        self
    }

    /// Adds a field, shown in its Debug form.
    pub fn field(mut self, name: &str, value: impl fmt::Debug) -> Inspection {
        self.fields.push((name.to_owned(), format!("{value:?}")));
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
