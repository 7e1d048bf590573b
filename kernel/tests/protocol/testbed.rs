//! The four tiers by which the public kernel testbed (github.com/runtimed/kernel-testbed) compares kernels, written anew
//! from the protocol's text: each point of a tier is one paragraph here.

use front_end::{FrontEnd, PATIENCE, plain};
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;
use serde_json::json;

use super::front_end;

/// Tier 1, the basic protocol: heartbeat, kernel info, streams, replies, statuses, inputs, welcome, shutdown.
#[test]
fn basic_protocol() {
    let mut front_end = FrontEnd::scripted();
    // The heartbeat responds, with what was sent.
    for beat in [b"ping".as_slice(), b"", &[0; 1_000]] {
        assert_eq!(front_end.kernel.client.heartbeat(beat, PATIENCE).expect("a heartbeat"), beat);
    }
    // kernel_info is ok, has a language and a version of the protocol.
    let Content::KernelInfoReply(info) = front_end.ask(Channel::Shell, KernelInfoRequest {}) else {
        panic!()
    };
    assert_eq!((&info.outcome, info.language_info.name.as_str()), (&Outcome::Ok, "rust"));
    let version: Vec<u32> = info.protocol_version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(version.as_slice() >= [5, 3].as_slice() && info.protocol_version == PROTOCOL_VERSION);
    // A cell: busy, its input to all, both streams, a reply that is ok, idle.
    let asked = front_end.begin("print hello\neprint error", 1);
    front_end.expect_stream(&asked, StreamName::Stdout, "hello\n");
    front_end.expect_stream(&asked, StreamName::Stderr, "error\n");
    front_end.expect_success(&asked, 1);
    // A new subscriber is welcomed.
    front_end.another_client();
    // Shutdown is answered on control.
    let reply = front_end.ask(Channel::Control, ShutdownRequest { restart: false });
    assert_eq!(reply, ShutdownReply { outcome: Outcome::Ok, restart: false }.into());
}

/// Tier 2, interactive features: completion, inspection, completeness, history, comms, errors.
#[test]
fn interactive_features() {
    let mut front_end = FrontEnd::scripted();
    let complete = CompleteRequest { code: "pri".to_string(), cursor_pos: 3 };
    let Content::CompleteReply(found) = front_end.ask(Channel::Shell, complete) else { panic!() };
    assert_eq!((found.outcome, found.matches), (Outcome::Ok, vec!["print".to_string()]));
    let kind = &found.metadata["_jupyter_types_experimental"][0];
    assert_eq!((&kind["text"], &kind["type"]), (&json!("print"), &json!("keyword")));
    let inspect = |detail_level| InspectRequest { code: "print".to_string(), cursor_pos: 5, detail_level };
    for (detail, says_more) in [(0, false), (1, true)] {
        let Content::InspectReply(found) = front_end.ask(Channel::Shell, inspect(detail)) else { panic!() };
        assert!(found.found && found.outcome == Outcome::Ok);
        assert_eq!(plain(&found.data).as_str().unwrap().contains("Source:"), says_more);
    }
    for (code, expected) in [
        ("let x = 1;", IsCompleteReply::Complete),
        ("fn f() {", IsCompleteReply::Incomplete { indent: "    ".to_string() }),
        ("let = ;", IsCompleteReply::Invalid),
    ] {
        let asked = IsCompleteRequest { code: code.to_string() };
        assert_eq!(front_end.ask(Channel::Shell, asked), expected.into(), "{code}");
    }
    front_end.run_quietly("", 1);
    let tail: HistoryRequest = serde_json::from_value(json!({"hist_access_type": "tail", "n": 10})).unwrap();
    let Content::HistoryReply(history) = front_end.ask(Channel::Shell, tail) else { panic!() };
    assert_eq!((history.outcome, history.history.len()), (Outcome::Ok, 1));
    let comms = front_end.ask(Channel::Shell, CommInfoRequest { target_name: None });
    assert!(matches!(comms, Content::CommInfoReply(CommInfoReply { outcome: Outcome::Ok, .. })));
    let error = front_end.run_to_error("nonsense", 2);
    assert_eq!(error.ename, "CompileError");
    assert!(!error.evalue.is_empty() && !error.traceback.is_empty());
}

/// Tier 3, rich output: displays, updates, results.
#[test]
fn rich_output() {
    let mut front_end = FrontEnd::scripted();
    let asked = front_end.begin("display shown\nnamed d before\nupdate d after\nresult value", 1);
    assert_eq!(plain(&front_end.expect_display(&asked)), "shown");
    assert_eq!(front_end.expect_display_data(&asked).transient["display_id"], "d");
    let Content::UpdateDisplayData(update) = front_end.published(&asked) else { panic!() };
    assert_eq!((plain(&update.data), &update.transient["display_id"]), (&json!("after"), &json!("d")));
    assert_eq!(front_end.expect_result(&asked, 1), "value");
    front_end.expect_success(&asked, 1);
}

/// Tier 4, advanced features: input, comms from open to close, interrupts, counting, parents.
#[test]
fn advanced_features() {
    let mut front_end = FrontEnd::scripted();
    let request = ExecuteRequest { allow_stdin: true, ..ExecuteRequest::new("input Name?") };
    let asked = front_end.request(Channel::Shell, request);
    front_end.expect_busy(&asked);
    front_end.expect_input(&asked, "input Name?", 1);
    let question = front_end.expect_question(&asked);
    front_end.answer(&question, "test_input_42");
    front_end.expect_stream(&asked, StreamName::Stdout, "test_input_42\n");
    front_end.expect_success(&asked, 1);
    let open = CommOpen {
        comm_id: "t".to_string(),
        target_name: "unknown".to_string(),
        target_module: None,
        data: json!({}),
    };
    let asked = front_end.request(Channel::Shell, open);
    front_end.expect_busy(&asked);
    assert!(matches!(front_end.published(&asked), Content::CommClose(close) if close.comm_id == "t"));
    front_end.expect_idle(&asked);
    let interrupted = front_end.ask(Channel::Control, InterruptRequest {});
    assert_eq!(interrupted, InterruptReply { outcome: Outcome::Ok }.into());
    // Counts go up by one, and the front end checks the parent of everything that comes.
    front_end.run_quietly("", 2);
    front_end.run_quietly("", 3);
}
