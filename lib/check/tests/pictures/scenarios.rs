//! What the pictures are of.

use netsplit_algorithms::replication::EagerStore;
use netsplit_check::spec::{KeyValue, Register, RegisterRequest, RegisterResponse};
use netsplit_check::{
    ByHand, Check, Order, Step, Timeline, Timelines, Verdict, by_hand, linearizable, no_double_effect,
};
use netsplit_node::{KeyValueRequest, KeyValueResponse, ms, secs};
use netsplit_sim::Lab;

pub fn put(key: &str, value: i64) -> KeyValueRequest {
    KeyValueRequest::Put { key: key.to_owned(), value: value.into() }
}

pub fn get(key: &str) -> KeyValueRequest {
    KeyValueRequest::Get { key: key.to_owned() }
}

pub fn value(value: Option<i64>) -> KeyValueResponse {
    KeyValueResponse::Value(value.map(Into::into))
}

/// Every kind of outcome, and faults of every length; nobody judged it.
pub fn outcomes() -> Timeline {
    let history = by_hand("store")
        .ok("ann", 0..4, put("x", 1), KeyValueResponse::Stored)
        .ok("ann", 6..9, get("x"), value(Some(1)))
        .fail("bob", 2..5, put("x", 2), "not the leader: ask store 0")
        .unknown("bob", 7..40, put("x", 3))
        .ok("bob", 42..46, get("x"), value(Some(1)))
        .pending("cyd", 12, put("y", 4))
        .pending("cyd", 20, get("y"))
        .disturbed(5..30, "partition: store 0 | store 1, store 2")
        .disturbed(10..10, "store 1: clock-jump by=1s")
        .disturbed(33..41, "store 2 crashes")
        .history();
    history.timeline()
}

/// A write of unknown outcome that took effect after all, and operations that overlap.
pub fn timed_out() -> ByHand<RegisterRequest, RegisterResponse> {
    let read = |value: Option<i64>| RegisterResponse::Value(value.map(Into::into));
    by_hand("register")
        .ok("ann", 0..5, RegisterRequest::Write(1.into()), RegisterResponse::Written)
        .ok("bob", 3..9, RegisterRequest::Read, read(None))
        .unknown("ann", 6..9, RegisterRequest::Write(2.into()))
        .ok("cyd", 10..14, RegisterRequest::Read, read(Some(1)))
        .ok("bob", 11..15, RegisterRequest::Read, read(Some(2)))
}

pub fn judged(history: ByHand<RegisterRequest, RegisterResponse>) -> Verdict {
    history.history().check(linearizable(Register))
}

/// The same, with a read that no order has room for.
pub fn violated() -> Verdict {
    let read = RegisterResponse::Value(Some(1.into()));
    judged(timed_out().ok("eve", 16..20, RegisterRequest::Read, read).disturbed(8..18, "ann is cut off"))
}

/// The chapter's first violation, as it happens in a laboratory.
pub fn partition() -> Verdict {
    let lab = Lab::new(42);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    let (ann, bob) = (store.client_of(0), store.client_of(2));
    let cut = lab.partition([store.nodes([0]), store.nodes([1, 2])]);
    ann.put("x", 1);
    lab.run_for(secs(1));
    bob.get("x");
    lab.run_for(ms(2));
    store.crash(1);
    lab.run_for(secs(1));
    lab.heal(cut);
    store.history().check(linearizable(KeyValue))
}

/// What callers were told, and what reached the service: each time-out another fate.
fn orders() -> ByHand<&'static str, &'static str> {
    by_hand("payments")
        .unknown("ann", 0..100, "order 1")
        .reached(&[40])
        .ok("ann", 120..130, "order 1", "charged")
        .reached(&[125])
        .unknown("bob", 20..110, "order 2")
        .reached(&[135])
        .unknown("cyd", 30..90, "order 3")
        .disturbed(45..115, "payments 0 -x-> ann")
}

/// A reply was lost, so ann asked again.
pub fn double_effect() -> Verdict {
    orders().history().check(no_double_effect(|order: &&str| *order))
}

pub fn reached() -> Timeline {
    orders().history().timeline()
}

/// Two keys, each with an order of its own.
pub fn parts() -> Verdict {
    let history = by_hand("store")
        .ok("ann", 0..6, put("x", 1), KeyValueResponse::Stored)
        .ok("bob", 2..9, put("y", 7), KeyValueResponse::Stored)
        .ok("ann", 8..12, get("y"), value(None))
        .ok("cyd", 4..14, get("x"), value(Some(1)))
        .ok("bob", 13..17, get("x"), value(Some(1)));
    history.history().check(linearizable(KeyValue))
}

/// A model that does not look at the clock: each caller has its own order, and a number is all there is to show.
pub fn without_real_time() -> Timeline {
    let history = by_hand("store")
        .ok("ann", 0..5, put("x", 1), KeyValueResponse::Stored)
        .ok("bob", 6..9, get("x"), value(None))
        .ok("bob", 11..15, get("x"), value(Some(1)))
        .ok("bob", 17..19, get("x"), value(None));
    let step =
        |operation, state: &str| Step { operation, state: (!state.is_empty()).then(|| state.to_owned()) };
    history.history().timeline().title("Sequential consistency is violated").accusing(3, &[2]).ordered(
        Order {
            title: "bob's order".to_owned(),
            steps: vec![step(1, "{}"), step(0, "{x: 1}"), step(2, "")],
            in_real_time: false,
        },
    )
}

/// Names, requests, reasons and faults that would like to be markup.
pub fn odd_text() -> Timeline {
    let text = "<script>alert('x')</script>\"&\u{202e}\nEVCXR_END_CONTENT";
    let history = by_hand(text)
        .ok("<img onerror=x>", 0..5, text, "</svg>")
        .fail("שלום", 3..9, "日本語", "]]>")
        .unknown("👩\u{200d}🚀", 6..12, "</title></script>")
        .disturbed(2..8, "</style><b>")
        .history();
    history.timeline()
}

/// `count` operations of five clients in a closed loop.
pub fn many(count: u32) -> ByHand<KeyValueRequest, KeyValueResponse> {
    let mut history = by_hand("store").disturbed(80..260, "partition: store 0 | store 1");
    for number in 0..count {
        let (client, from) = (format!("client {}", number % 5), number / 5 * 20 + number % 5 * 3);
        let key = ["x", "y", "z"][number as usize % 3];
        history = match number % 11 {
            7 => history.fail(&client, from..from + 9, put(key, number.into()), "no quorum"),
            9 => history.unknown(&client, from..from + 15, put(key, number.into())),
            _ => history.ok(&client, from..from + 10, put(key, number.into()), KeyValueResponse::Stored),
        };
    }
    history
}
