//! Groups of participants, as partitions and rules name them.

use std::fmt;

use netsplit_node::NodeId;

/// Some participants of a world: nodes of any clusters, and clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Invariant: sorted, each once.
    ids: Vec<NodeId>,
}

impl Group {
    /// The group of these participants.
    pub fn new(ids: impl IntoIterator<Item = NodeId>) -> Group {
        let mut ids: Vec<NodeId> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Group { ids }
    }

    /// This group and another together.
    pub fn and(self, other: impl Into<Group>) -> Group {
        Group::new(self.ids.into_iter().chain(other.into().ids))
    }

    /// The participants, in order of their numbers.
    pub fn ids(&self) -> &[NodeId] {
        &self.ids
    }

    /// Whether `id` is one of them.
    #[inline]
    pub fn contains(&self, id: NodeId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }
}

impl From<NodeId> for Group {
    fn from(id: NodeId) -> Group {
        Group { ids: vec![id] }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.ids.iter().map(|id| id.to_string()).collect();
        write!(f, "{{{}}}", names.join(", "))
    }
}
