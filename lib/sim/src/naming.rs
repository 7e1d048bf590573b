//! What is refused about names: of routers, networks, links and services.

use std::fmt;

use netsplit_node::NodeId;

/// What is wrong with a name, or with what it would stand for.
#[derive(Clone, Debug, PartialEq)]
pub enum NamingError {
    /// A name that cannot be written in a plan.
    NotAName {
        /// The name that was given.
        given: String,
    },
    /// A name that something else has.
    NameTaken {
        /// The name.
        name: String,
    },
    /// A participant in two networks.
    InTwoNetworks {
        /// The participant.
        id: NodeId,
    },
    /// A link from a router to itself.
    LinkToItself {
        /// The router.
        name: String,
    },
    /// A fault of routers where there are none.
    NoTopology,
    /// A router or network that there is not.
    NoSuchRouter {
        /// The name that was given.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A link that there is not.
    NoSuchLink {
        /// One end.
        one: String,
        /// The other.
        other: String,
    },
    /// A name that nobody has made.
    NoSuchName {
        /// The name that was given.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A name that would stand for nothing.
    EmptyAnswer {
        /// The name.
        name: String,
    },
    /// A name that would stand for a node of another service.
    NotOfTheService {
        /// The name.
        name: String,
        /// The node.
        node: String,
        /// The service that the name was made for.
        service: String,
    },
}

impl fmt::Display for NamingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NamingError::NotAName { given } => {
                write!(f, "{given:?} is no name; expected letters, digits, '-', '.' and '_' only")
            }
            NamingError::NameTaken { name } => {
                write!(f, "there is a {name} already; give each a name of its own")
            }
            NamingError::InTwoNetworks { id } => {
                write!(f, "{id} is in two networks; put each into at most one")
            }
            NamingError::LinkToItself { name } => {
                write!(f, "a link from {name} to itself; expected two different routers")
            }
            NamingError::NoTopology => {
                write!(f, "this laboratory has no routers; set_topology gives it networks, routers and links")
            }
            NamingError::NoSuchRouter { name, known } => {
                write!(f, "there is no router {name}; expected one of: {}", known.join(", "))
            }
            NamingError::NoSuchLink { one, other } => {
                write!(f, "there is no link between {one} and {other}; expected one of the topology's")
            }
            NamingError::NoSuchName { name, known } => {
                write!(f, "there is no name {name}; expected one of: {}", known.join(", "))
            }
            NamingError::EmptyAnswer { name } => {
                write!(f, "{name} would stand for nothing; expected at least 1 node")
            }
            NamingError::NotOfTheService { name, node, service } => {
                write!(f, "{name} is a name of {service}; it cannot stand for {node}")
            }
        }
    }
}

impl std::error::Error for NamingError {}

/// Whether a name can stand in the text of a plan of faults.
pub(crate) fn check_name(name: &str) -> Result<(), NamingError> {
    let allowed = |c: char| c.is_alphanumeric() || "-._".contains(c);
    if !name.is_empty() && name.chars().all(allowed) {
        Ok(())
    } else {
        Err(NamingError::NotAName { given: name.to_owned() })
    }
}
