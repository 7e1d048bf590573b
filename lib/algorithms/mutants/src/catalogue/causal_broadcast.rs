//! Wrong variants of causal broadcast.

use super::{Algorithm, Edit, Mutant};

/// The mutants.
pub const CAUSAL_BROADCAST: Algorithm =
    Algorithm { name: "causal_broadcast", path: "clocks/causal_broadcast.rs", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "in_order_of_the_sender_alone",
        mistake: "A message waits for its sender's earlier ones, and not for what its sender had seen of others: FIFO order.",
        breaks: "CausalDelivery",
        edits: &[Edit {
            file: "causal_broadcast.rs",
            right: "if node == message.sender { count == here + 1 } else { count <= here }",
            wrong: "node != message.sender || count == here + 1",
        }],
    },
    Mutant {
        name: "the_sender_may_skip",
        mistake: "Of its sender's messages a later one is shown before an earlier one.",
        breaks: "CausalDelivery",
        edits: &[Edit {
            file: "causal_broadcast.rs",
            right: "{ count == here + 1 }",
            wrong: "{ count > here }",
        }],
    },
    Mutant {
        name: "shown_twice",
        mistake: "A message that was delivered before is taken for a new one.",
        breaks: "CausalDelivery",
        edits: &[
            Edit {
                file: "causal_broadcast.rs",
                right: "if message.number() > self.delivered.count(message.sender) {",
                wrong: "{",
            },
            Edit {
                file: "causal_broadcast.rs",
                right: "{ count == here + 1 }",
                wrong: "{ count <= here + 1 }",
            },
        ],
    },
    Mutant {
        name: "sent_once",
        mistake: "What was lost is not sent again.",
        breaks: "Progress",
        edits: &[Edit {
            file: "causal_broadcast.rs",
            right: "                ctx.send(peer, Message::Broadcast(message.clone()));\n",
            wrong: "",
        }],
    },
];
