//! What a diagram shows, before anything is given a place: a trace cut to the wanted lifelines and times, with each message's
//! fate and each state's span joined from the events at their ends. Both forms of the diagram are drawn from it.

use netsplit_node::trace::{Cargo, EventId, OutcomeKind, Participant};
use netsplit_node::{NodeId, Time};

/// The content of a diagram. Items, messages and the like refer to each other by index.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    pub columns: Vec<Column>,
    /// In the order in which things happened.
    pub items: Vec<Item>,
    pub messages: Vec<Message>,
    pub operations: Vec<Operation>,
    pub outages: Vec<Outage>,
    pub walls: Vec<Wall>,
    /// The first and last moment of the time axis.
    pub start: Time,
    pub end: Time,
    /// What is not drawn, in words, for the top.
    pub not_drawn: Vec<String>,
    /// How many events follow that are not drawn, in words, for the bottom.
    pub later: Option<String>,
}

/// One lifeline.
#[derive(Debug)]
pub(crate) struct Column {
    pub id: NodeId,
    pub name: String,
    pub kind: Participant,
    pub state: Option<String>,
    /// The item with which it begins; from the top if nothing.
    pub begins: Option<usize>,
}

/// Something that happens at one moment.
#[derive(Debug)]
pub(crate) struct Item {
    /// The event; nothing for what has none in the trace, such as the end of a pause.
    pub event: Option<EventId>,
    pub time: Time,
    pub kind: ItemKind,
    /// What stands beside a mark, whose column says whose it is, or on a line across. Empty for all else.
    pub text: String,
    /// The whole event in words.
    pub words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemKind {
    Sent {
        message: usize,
    },
    Received {
        message: usize,
    },
    Lost {
        message: usize,
    },
    Invoked {
        operation: usize,
    },
    Returned {
        operation: usize,
    },
    Mark {
        column: usize,
        mark: Mark,
    },
    Cut {
        wall: usize,
    },
    Healed {
        wall: usize,
    },
    /// Something about the whole world.
    World,
}

/// What happens on one lifeline alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    Starts,
    Restarts,
    Timer,
    Note,
    Write,
    Sync,
    Crash,
    Fault,
    Pause,
    Resume,
}

#[derive(Debug)]
pub(crate) struct Message {
    pub from: usize,
    pub to: usize,
    pub cargo: Cargo,
    pub text: String,
    /// The item at which it was sent; nothing if that was earlier than what is shown.
    pub sent: Option<usize>,
    /// The items at which copies of it arrived.
    pub received: Vec<usize>,
    /// The item at which a copy was lost, and why.
    pub lost: Option<(usize, String)>,
    pub doubled: bool,
}

/// A client's call.
#[derive(Debug)]
pub(crate) struct Operation {
    pub column: usize,
    pub text: String,
    pub invoked: Option<usize>,
    pub returned: Option<(usize, OutcomeKind, String)>,
}

/// A time in which a node takes no step.
#[derive(Debug)]
pub(crate) struct Outage {
    pub column: usize,
    /// Down after a crash, or else paused.
    pub crashed: bool,
    pub from: Option<usize>,
    pub to: Option<usize>,
}

/// A cut, from its making to its healing.
#[derive(Debug)]
pub(crate) struct Wall {
    pub cut: u32,
    pub text: String,
    /// The group of each column, where it is in one.
    pub sides: Vec<Option<usize>>,
    /// Whether only what the first group sends to the second is stopped.
    pub one_way: bool,
    pub from: Option<usize>,
    pub to: Option<usize>,
}

impl Scene {
    /// What is not drawn, on one line.
    pub fn notice(&self) -> Option<String> {
        let missing = self.not_drawn.join(", ");
        (!missing.is_empty()).then(|| format!("not drawn: {missing}"))
    }

    /// Whether the arrow that leaves right after an item, at the same moment, carries this text of a call.
    pub fn request_says_it(&self, item: usize, text: &str) -> bool {
        let Some(next) = self.items.get(item + 1) else { return false };
        match next.kind {
            ItemKind::Sent { message } => {
                next.time == self.items[item].time && self.messages[message].text == text
            }
            _ => false,
        }
    }

    /// Whether the arrow that arrives right before an item, at the same moment, carries this text of an outcome.
    pub fn answer_says_it(&self, item: usize, text: &str) -> bool {
        let Some(before) = item.checked_sub(1).map(|before| &self.items[before]) else { return false };
        match before.kind {
            ItemKind::Received { message } => {
                before.time == self.items[item].time && self.messages[message].text == text
            }
            _ => false,
        }
    }

    /// The column in which an item has its place; none if it concerns the whole world.
    pub fn column_of(&self, kind: ItemKind) -> Option<usize> {
        match kind {
            ItemKind::Sent { message } => Some(self.messages[message].from),
            ItemKind::Received { message } | ItemKind::Lost { message } => Some(self.messages[message].to),
            ItemKind::Invoked { operation } | ItemKind::Returned { operation } => {
                Some(self.operations[operation].column)
            }
            ItemKind::Mark { column, .. } => Some(column),
            ItemKind::Cut { .. } | ItemKind::Healed { .. } | ItemKind::World => None,
        }
    }
}
