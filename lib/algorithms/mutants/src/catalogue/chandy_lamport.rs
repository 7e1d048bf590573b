//! Wrong variants of Chandy and Lamport's snapshot.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const CHANDY_LAMPORT: Algorithm =
    Algorithm { name: "chandy_lamport", path: "clocks/chandy_lamport.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "channels_not_recorded",
        mistake: "What arrives on a channel before its marker is not recorded: money under way is missing.",
        breaks: "Conservation",
        edits: &[Edit {
            file: "chandy_lamport.rs",
            right: "            recording.part.channels.entry(from).or_default().push(amount);\n",
            wrong: "            let _ = recording;\n",
        }],
    },
    Mutant {
        name: "channels_recorded_after_the_marker",
        mistake: "A channel is recorded until all are closed, so that what was sent after the sender had recorded counts twice.",
        breaks: "Conservation",
        edits: &[Edit {
            file: "chandy_lamport.rs",
            right: "|recording| recording.open.contains(&from)",
            wrong: "|recording| !recording.open.is_empty()",
        }],
    },
    Mutant {
        name: "recorded_when_all_markers_are_there",
        mistake: "A bank records its state with the last marker and not with the first: what it got meanwhile counts twice.",
        breaks: "Conservation",
        edits: &[Edit {
            file: "chandy_lamport.rs",
            right: "            recording.open.remove(&from);\n",
            wrong: "            recording.open.remove(&from);\n            recording.part.balance = self.balance;\n",
        }],
    },
    Mutant {
        name: "channels_not_fifo",
        mistake: "Messages are taken as they arrive: money overtakes a marker, or a marker money.",
        breaks: "Conservation",
        edits: &[
            Edit {
                file: "chandy_lamport.rs",
                right: "        let arrival = self.links.receive(from, frame);\n",
                wrong: "        let early = match &frame {\n            Frame::Data { number, message } if !self.seen.contains(&(from, *number)) => {\n                self.seen.insert((from, *number));\n                Some(message.clone())\n            }\n            _ => None,\n        };\n        let mut arrival = self.links.receive(from, frame);\n        arrival.delivered = early.into_iter().collect();\n",
            },
            Edit {
                file: "chandy_lamport.rs",
                right: "    balance: u64,\n    links: FifoLinks<Message>,\n",
                wrong: "    balance: u64,\n    links: FifoLinks<Message>,\n    seen: BTreeSet<(NodeId, u64)>,\n",
            },
            Edit {
                file: "chandy_lamport.rs",
                right: "            links: FifoLinks::default(),\n",
                wrong: "            links: FifoLinks::default(),\n            seen: BTreeSet::new(),\n",
            },
        ],
    },
    Mutant {
        name: "markers_on_one_channel",
        mistake: "A bank tells only one other that it has recorded.",
        breaks: "Progress",
        edits: &[Edit {
            file: "chandy_lamport.rs",
            right: "        for peer in ctx.peers() {\n            self.tell(peer, Message::Marker { snapshot }, ctx);",
            wrong: "        for peer in ctx.peers().take(1) {\n            self.tell(peer, Message::Marker { snapshot }, ctx);",
        }],
    },
];
