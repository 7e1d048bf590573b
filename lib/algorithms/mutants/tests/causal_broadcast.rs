//! Every mutant of causal broadcast is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use faults::scenarios;
use netsplit_node::{ms, secs};
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let room =
                if seed.is_multiple_of(2) { subject::Room::Unbounded } else { subject::Room::Messages(2) };
            let config = subject::Config { send_again_every: ms(50), room };
            let lab = Lab::new(seed);
            let size = 2 + (seed % 4) as usize;
            let chat = lab.cluster("chat", size, move |_id| subject::CausalBroadcast::new(config));
            chat.require(subject::CausalDelivery);
            scenarios::without_crashes(&lab, &chat, |number| subject::Say(format!("message {number}")))?;
            let sent = chat.history().iter().filter(|it| !it.served.is_empty()).count();
            let all_have_all = || (0..size).all(|index| chat.node(index).shown().len() >= sent);
            faults::progress_seen_within(&lab, secs(30), all_have_all)
        }
    };
}

found! {
    causal_broadcast, right netsplit_algorithms::clocks::causal_broadcast,
    in_order_of_the_sender_alone seed 2,
    the_sender_may_skip seed 2,
    shown_twice seed 0,
    sent_once seed 0,
}
