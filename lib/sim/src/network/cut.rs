//! Cuts: which links carry nothing.

use std::collections::BTreeSet;

use netsplit_node::NodeId;

use crate::group::Group;

/// A cut of some links, until it is healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cut(pub(crate) u32);

/// Which links a cut severs.
#[derive(Clone, Debug)]
pub(crate) struct Severed {
    /// The group of each participant by number, 0 for none.
    group_of: Vec<u16>,
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    /// Different groups do not reach each other.
    Groups,
    /// The first group does not reach the second.
    OneWay,
    /// Different groups do not reach each other, and those in none are a group too.
    FromEveryone,
    /// These links alone are left among the members of the first group.
    OnlyLinks(BTreeSet<(NodeId, NodeId)>),
}

impl Severed {
    fn new(groups: &[Group], shape: Shape) -> Severed {
        let mut group_of = Vec::new();
        for (group, number) in groups.iter().zip(1u16..) {
            for member in group.ids() {
                let index = member.0 as usize;
                if group_of.len() <= index {
                    group_of.resize(index + 1, 0);
                }
                group_of[index] = number;
            }
        }
        Severed { group_of, shape }
    }

    /// The links between members of different `groups`.
    pub(crate) fn between(groups: &[Group]) -> Severed {
        Severed::new(groups, Shape::Groups)
    }

    /// Everything between `group` and the rest of the world.
    pub(crate) fn around(group: &Group) -> Severed {
        Severed::new(std::slice::from_ref(group), Shape::FromEveryone)
    }

    /// What `from` sends to `to`.
    pub(crate) fn one_way(from: &Group, to: &Group) -> Severed {
        Severed::new(&[from.clone(), to.clone()], Shape::OneWay)
    }

    /// All links between members of `group` but those of neighbours on a ring.
    pub(crate) fn ring(group: &Group) -> Severed {
        let ids = group.ids();
        let neighbours = (0..ids.len()).flat_map(|index| {
            let (one, other) = (ids[index], ids[(index + 1) % ids.len()]);
            [(one, other), (other, one)]
        });
        Severed::new(std::slice::from_ref(group), Shape::OnlyLinks(neighbours.collect()))
    }

    /// Whether the other direction works on.
    pub(crate) fn is_one_way(&self) -> bool {
        matches!(self.shape, Shape::OneWay)
    }

    #[inline]
    pub(crate) fn severs(&self, from: NodeId, to: NodeId) -> bool {
        let group = |id: NodeId| self.group_of.get(id.0 as usize).copied().unwrap_or(0);
        let (sender, receiver) = (group(from), group(to));
        match &self.shape {
            Shape::Groups => sender != receiver && sender != 0 && receiver != 0,
            Shape::OneWay => sender == 1 && receiver == 2,
            Shape::FromEveryone => sender != receiver,
            Shape::OnlyLinks(left) => sender == 1 && receiver == 1 && !left.contains(&(from, to)),
        }
    }
}
