//! Several clients: who sees what, who gets which reply, and one that stops reading.

use std::time::Duration;

use bytes::Bytes;
use front_end::{FrontEnd, PATIENCE, published};
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;
use netsplit_kernel::zmtp::{Budget, Limits, Router};

use super::front_end;
use super::raw_peer::{RawPeer, encode};

/// Two clients see everything that is published, and each gets the replies to its own requests only.
#[test]
fn two_clients() {
    let mut front_end = FrontEnd::scripted();
    let mut other = front_end.another_client();
    let asked = front_end.begin("print to all", 1);
    front_end.expect_stream(&asked, StreamName::Stdout, "to all\n");
    front_end.expect_success(&asked, 1);
    let seen: Vec<String> = (0..4).map(|_| published(&mut other, &asked).msg_type().to_string()).collect();
    assert_eq!(seen, ["status", "execute_input", "stream", "status"]);
    assert!(other.reply(Channel::Shell, Duration::ZERO).is_none());
}

/// Two clients send cells at once: each cell is whole on iopub, and each client gets its own replies, in its own order.
#[test]
fn two_clients_at_once() {
    let mut front_end = FrontEnd::scripted();
    let mut other = front_end.another_client();
    let mut mine = Vec::new();
    let mut its = Vec::new();
    for number in 0..20 {
        mine.push(front_end.send_cell(&format!("print mine {number}")));
        let request = ExecuteRequest::new(&format!("print its {number}"));
        its.push(other.request(Channel::Shell, request).unwrap());
    }
    for _ in 0..40 {
        let busy = other.published(PATIENCE).unwrap();
        let asked = busy.parent.unwrap();
        for _ in 0..3 {
            published(&mut other, &asked);
        }
        // The front end sees the same.
        for _ in 0..4 {
            front_end.published(&asked);
        }
    }
    for asked in &mine {
        front_end.expect_execute_reply(asked);
    }
    for asked in &its {
        assert_eq!(other.reply(Channel::Shell, PATIENCE).unwrap().parent.as_ref(), Some(asked));
    }
}

/// Every subscription is welcomed, under its own topic and to all who have subscribed to it; what is no text is not.
#[test]
fn subscriptions_are_welcomed() {
    let mut front_end = FrontEnd::scripted();
    let connection = front_end.kernel.connection().clone();
    let mut peer = RawPeer::subscriber(&connection);
    peer.send(&[b"\x01\xff\xfe"]);
    peer.send(&[b"\x01kernel."]);
    let welcome = peer.message(&connection.key());
    assert_eq!(welcome.content, IopubWelcome { subscription: "kernel.".to_string() }.into());
    assert_eq!((welcome.parent, welcome.identities[0].as_ref()), (None, b"kernel.".as_slice()));
    front_end::expect_welcome_to(&mut front_end.kernel.client, "kernel.");
    // It hears what is published under `kernel.<id>.<type>`, until it does not want to any more.
    front_end.ask(Channel::Control, KernelInfoRequest {});
    for state in [ExecutionState::Busy, ExecutionState::Idle] {
        assert_eq!(peer.message(&connection.key()).content, Status { execution_state: state }.into());
    }
    peer.send(&[b"\x00kernel."]);
    peer.send(&[b"\x01else"]);
    peer.message(&connection.key());
    front_end::expect_welcome_to(&mut front_end.kernel.client, "else");
    front_end.ask(Channel::Control, KernelInfoRequest {});
    peer.expect_silence(Duration::from_millis(100));
}

/// A subscriber that does not read holds nobody up, costs a bounded amount of memory, loses text and nothing else, and is
/// told how much text.
#[test]
fn a_client_that_stops_reading() {
    let mut front_end = FrontEnd::scripted();
    let connection = front_end.kernel.connection().clone();
    let mut stalled: Vec<RawPeer> = (0..3)
        .map(|_| {
            let mut peer = RawPeer::subscriber(&connection);
            peer.send(&[b"\x01"]);
            front_end::expect_welcome(&mut front_end.kernel.client);
            peer
        })
        .collect();
    let before = front_end::memory(front_end.kernel.id());
    let lines = 600_000_u64;
    for number in 1..=3 {
        let asked = front_end.begin(&format!("flood {lines}"), number);
        let mut bytes = 0;
        while bytes < lines * 100 {
            let Content::Stream(stream) = front_end.published(&asked) else { panic!("{bytes} bytes") };
            bytes += stream.text.len() as u64;
        }
        front_end.expect_success(&asked, number);
    }
    let more = front_end::memory(front_end.kernel.id()).saturating_sub(before);
    assert!(more < 120 << 20, "{} MB more than before", more >> 20);
    let (mut idle, mut text, mut notes) = (0, 0, Vec::new());
    while idle < 3 {
        match stalled[0].message(&connection.key()).content {
            Content::Status(Status { execution_state: ExecutionState::Idle }) => idle += 1,
            Content::Stream(stream) if stream.name == StreamName::Stdout => text += stream.text.len() as u64,
            Content::Stream(stream) => notes.push(stream.text),
            _ => {}
        }
    }
    let left_out = |note: &String| note[1..].split(' ').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert_eq!(text + notes.iter().map(left_out).sum::<u64>(), 3 * lines * 100, "{notes:?}");
}

/// A client that asks and never reads its replies is disconnected in the end, and costs a bounded amount of memory.
#[test]
fn a_client_that_does_not_read_its_replies() {
    let mut front_end = FrontEnd::scripted();
    let connection = front_end.kernel.connection().clone();
    front_end.run_quietly(&"\n".repeat(1 << 20), 1);
    let before = front_end::memory(front_end.kernel.id());
    let mut greedy = RawPeer::dealer(&connection, Port::Control, "greedy");
    let mut asked = 0;
    // Each reply says the whole cell again; 64 MB of them may wait, with what they cost besides.
    loop {
        let request: HistoryRequest =
            serde_json::from_value(serde_json::json!({"hist_access_type": "tail"})).unwrap();
        let frames = front_end.kernel.client.message(request).encode(&connection.key());
        if !greedy.try_bytes(&encode(&frames.iter().map(Bytes::as_ref).collect::<Vec<_>>())) {
            break;
        }
        asked += 1;
        assert!(asked < 20_000, "the kernel goes on answering");
        if asked > 1000 {
            // Enough for a kernel that has the machine to itself. One that has not gets the time to come to it.
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    while front_end.kernel.client.published(Duration::from_millis(200)).is_some() {}
    let more = front_end::memory(front_end.kernel.id()).saturating_sub(before);
    assert!(more < 150 << 20, "{} MB more than before, {asked} requests", more >> 20);
    front_end.run_quietly("", 2);
}

/// Of many who read nothing, those are disconnected for whom most waits, before all of them together take too much memory;
/// whoever reads is answered.
#[test]
fn what_waits_for_all_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let connection: ConnectionFile = serde_json::from_value(serde_json::json!({"transport": "ipc", "key": "k",
        "ip": folder.path().join("socket"), "shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4,
        "hb_port": 5}))
    .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let limits = Limits { waiting_bytes: 2 << 20, waiting_in_all: 5 << 20, ..Limits::default() };
    let endpoint = connection.endpoint(Port::Control);
    let mut router = runtime.block_on(Router::bind(&endpoint, limits, Budget::new(1 << 20))).unwrap();
    let names = ["reads", "greedy", "greedier", "greediest"];
    let mut peers = names.map(|name| RawPeer::dealer(&connection, Port::Control, name));
    for peer in &mut peers {
        assert!(peer.try_bytes(&encode(&[b"hello"])));
        runtime.block_on(router.message());
    }
    let mut refused = Vec::new();
    for round in 0..40_000_usize {
        // Small frames, which cost more than they hold.
        let greedy = 1 + round % 3;
        let frames =
            [&[Bytes::from(names[greedy])][..], &vec![Bytes::from_static(b"x"); 5 + greedy]].concat();
        if router.send(frames).is_err() {
            refused.push(names[greedy]);
        }
        assert!(router.waiting() <= 5 << 20, "{} bytes wait after {round} messages", router.waiting());
    }
    refused.dedup();
    assert!(refused.contains(&"greediest"), "{refused:?}");
    router.send(vec![Bytes::from("reads"), Bytes::from("answer")]).unwrap();
    assert_eq!(peers[0].frames().unwrap(), [Bytes::from("answer")]);
}
