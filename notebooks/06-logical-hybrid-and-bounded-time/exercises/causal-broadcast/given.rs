//! What the statement of `causal-broadcast` gives: what a chat is asked, and what it answers.

use netsplit::NodeId;
use serde::{Deserialize, Serialize};

/// So many messages of its own a node may have under way: shown here, and not yet known to be shown everywhere.
pub const WINDOW: usize = 4;

/// What a node is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Say this to everyone. Refused while `WINDOW` messages of this node are under way.
    Say(String),
    /// What do you show?
    Read,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Told {
    /// It is said, and shown at this node.
    Said,
    /// All that was ever shown at this node, in the order in which it was shown.
    Shown(Vec<Line>),
}

/// Something that somebody said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub by: NodeId,
    pub text: String,
}
