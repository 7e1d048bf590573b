//! Which messages a rule is about.

use netsplit_node::NodeId;
use netsplit_node::trace::Cargo;

use crate::group::Group;

/// Which messages a rule is about: all, unless narrowed.
///
/// ```
/// use netsplit_node::NodeId;
/// use netsplit_sim::Traffic;
/// let replies = Traffic::all().replies();
/// assert_eq!(replies.to_string(), "replies");
/// let large = Traffic::all().from(NodeId(1)).larger_than(1400);
/// assert_eq!(large.to_string(), "traffic from {n1} larger than 1400 bytes");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub(crate) from: Option<Group>,
    pub(crate) to: Option<Group>,
    pub(crate) cargo: Option<Cargo>,
    pub(crate) larger_than: Option<u64>,
}

impl Traffic {
    /// Everything that is sent.
    pub fn all() -> Traffic {
        Traffic::default()
    }

    /// Only what these participants send.
    pub fn from(mut self, senders: impl Into<Group>) -> Traffic {
        self.from = Some(senders.into());
        self
    }

    /// Only what is sent to these participants.
    pub fn to(mut self, receivers: impl Into<Group>) -> Traffic {
        self.to = Some(receivers.into());
        self
    }

    /// Only requests of calls.
    pub fn requests(mut self) -> Traffic {
        self.cargo = Some(Cargo::Request);
        self
    }

    /// Only answers to calls.
    pub fn replies(mut self) -> Traffic {
        self.cargo = Some(Cargo::Response);
        self
    }

    /// Only messages of the protocol itself, neither requests nor answers.
    pub fn messages(mut self) -> Traffic {
        self.cargo = Some(Cargo::Message);
        self
    }

    /// Only what is larger than so many bytes ([`Node::message_size`](netsplit_node::Node::message_size)).
    pub fn larger_than(mut self, bytes: u64) -> Traffic {
        self.larger_than = Some(bytes);
        self
    }

    pub(crate) fn kind_in_words(&self) -> &'static str {
        match self.cargo {
            None => "traffic",
            Some(Cargo::Message) => "messages",
            Some(Cargo::Request) => "requests",
            Some(Cargo::Response) => "replies",
        }
    }

    #[inline(always)]
    pub(crate) fn includes(&self, from: NodeId, to: NodeId, cargo: Cargo, size: u64) -> bool {
        self.cargo.is_none_or(|only| only == cargo)
            && self.larger_than.is_none_or(|bytes| size > bytes)
            && self.from.as_ref().is_none_or(|senders| senders.contains(from))
            && self.to.as_ref().is_none_or(|receivers| receivers.contains(to))
    }
}

impl std::fmt::Display for Traffic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind_in_words())?;
        if let Some(senders) = &self.from {
            write!(f, " from {senders}")?;
        }
        if let Some(receivers) = &self.to {
            write!(f, " to {receivers}")?;
        }
        if let Some(bytes) = self.larger_than {
            write!(f, " larger than {bytes} bytes")?;
        }
        Ok(())
    }
}
