//! Recorded histories with known verdicts: etcd under Jepsen, and key-value stores (tests/histories/README.md).

use std::fs;

use netsplit_check::spec::{AppendStore, CasRegister};
use netsplit_check::{import, linearizable};

fn recorded(name: &str) -> String {
    let path = format!("{}/tests/histories/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Four of the twenty are linearizable.
#[test]
fn etcd() {
    for number in 0..20 {
        let history =
            import::jepsen_register(&recorded(&format!("etcd_{number:03}.log"))).expect("it is a log");
        let judgement = linearizable(CasRegister).judge(&history);
        let expected = [2, 5, 7, 18].contains(&number);
        assert_eq!((judgement.holds(), judgement.is_violated()), (expected, !expected), "etcd_{number:03}");
    }
}

/// With one client and with ten, divided by their keys and whole: the verdict is in the name.
#[test]
fn key_value_stores() {
    for name in ["kv-c01-ok", "kv-c01-bad", "kv-c10-ok", "kv-c10-bad"] {
        let history = import::append_store(&recorded(&format!("{name}.txt"))).expect("it is a record");
        let expected = name.ends_with("ok");
        let divided = linearizable(AppendStore).judge(&history);
        assert_eq!((divided.holds(), divided.is_violated()), (expected, !expected), "{name}");
        assert!(divided.parts.len() > 5);
        let whole = linearizable(AppendStore).undivided().judge(&history);
        assert_eq!((whole.holds(), whole.is_violated()), (expected, !expected), "{name}, undivided");
        assert_eq!(whole.parts.len(), 1);
    }
}
