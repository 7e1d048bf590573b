//! A seeded fuzz loop: whatever importers are given, they answer with a history or with the line that is wrong; whatever history the checker is
//! given, it answers in words and pictures.

use netsplit_check::spec::{AppendStore, CasRegister, CasRequest, CasResponse, Specification};
use netsplit_check::{Budget, Check, Finding, ImportError, import, linearizable};
use netsplit_node::{History, NodeId, Outcome, Random, Time};

const SEED: u64 = 20_261_121;

fn recorded(name: &str) -> String {
    let path = format!("{}/tests/histories/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A record with some lines swapped, doubled, dropped, and some characters replaced, cut off or made long.
fn damaged(lines: &[&str], random: &mut Random) -> String {
    const SNIPPETS: [&str; 16] = [
        "",
        "\t",
        ":",
        "nil",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\\",
        "-1",
        "99999999999999999999",
        "é\u{202e}",
        ":info",
        ":nemesis",
        " - ",
    ];
    // Cut off at the beginning, too, but mostly not: then nobody would know who waits for what.
    let from = if random.chance(0.1) { random.below(lines.len() as u64 / 2) as usize } else { 0 };
    let mut lines: Vec<String> = lines[from..].iter().take(30).map(|&line| line.to_owned()).collect();
    for _ in 0..random.below(4) {
        let (one, other) =
            (random.below(lines.len() as u64) as usize, random.below(lines.len() as u64) as usize);
        match random.below(5) {
            0 => lines.swap(one, other),
            1 => lines[one] = lines[other].clone(),
            2 => drop(lines.remove(one)),
            _ => {
                let mut characters: Vec<char> = lines[one].chars().collect();
                let at = random.below(characters.len() as u64 + 1) as usize;
                let end = (at + random.below(4) as usize).min(characters.len());
                let snippet = random.pick(&SNIPPETS).expect("there are some");
                characters.splice(at..end, snippet.chars());
                lines[one] = characters.into_iter().collect();
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\n")
}

/// Both ways to end: read, and refused with the line.
fn outcome<Q, R>(read: Result<History<Q, R>, ImportError>, text: &str) -> Option<History<Q, R>> {
    match read {
        Ok(history) => {
            assert!(history.operations.windows(2).all(|pair| pair[0].invoked < pair[1].invoked));
            Some(history)
        }
        Err(error) => {
            let line = text.lines().nth(error.line - 1).expect("the line exists");
            assert!(line.starts_with(error.text.trim_end_matches("..")), "{error}");
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
            None
        }
    }
}

/// Damaged records are read or refused, never worse, and both are common.
#[test]
fn damaged_records() {
    let (log, store) = (recorded("etcd_000.log"), recorded("kv-c10-ok.txt"));
    let (log, store): (Vec<&str>, Vec<&str>) = (log.lines().collect(), store.lines().collect());
    let mut read = [0, 0];
    for number in 0..4_000 {
        let mut random = Random::stream(SEED, &[number]);
        let text = damaged(&log, &mut random);
        let first = outcome(import::jepsen_register(&text), &text);
        let text = damaged(&store, &mut random);
        let second = outcome(import::append_store(&text), &text);
        read[0] += u32::from(first.is_some());
        read[1] += u32::from(second.is_some());
        if let Some(history) = first {
            must_answer(&history, CasRegister);
        }
        if let Some(history) = second {
            must_answer(&history, AppendStore);
        }
    }
    assert!(read.iter().all(|count| (200..3_800).contains(count)), "{read:?}");
}

/// A verdict of some kind, a text and a page; the order names each operation once.
fn must_answer<S: Specification>(history: &History<S::Request, S::Response>, specification: S) {
    let checker = linearizable(specification).within(Budget { memory: 4 << 20, time: None }).on_threads(1);
    let verdict = history.check(&checker);
    assert!(verdict.to_string().starts_with("Linearizability: ") && verdict.html().ends_with("</div>"));
    for part in checker.judge(history).parts {
        let (Finding::Linearizable { mut order }
        | Finding::Violated { mut order, .. }
        | Finding::Undecided { mut order, .. }) = part.finding;
        let length = order.len();
        order.sort_unstable();
        order.dedup();
        assert!(order.len() == length && order.iter().all(|&place| place < history.len()));
    }
}

/// Histories that no world would make: calls after their returns, answers without an end, callers with one name, the end of time.
#[test]
fn impossible_histories() {
    let history = import::jepsen_register(&recorded("etcd_000.log")).expect("it is a log");
    for number in 0..1_000 {
        let mut random = Random::stream(SEED + 1, &[number]);
        let mut history = history.clone();
        history.operations.truncate(24);
        for _ in 0..6 {
            let place = random.below(24) as usize;
            let time = Time::from_nanos(
                *random.pick(&[0, 1, 5_000_000, 20_000_000, u64::MAX]).expect("there are some"),
            );
            let operation = &mut history.operations[place];
            match random.below(6) {
                0 => operation.invoked = time,
                1 => operation.returned = Some(time),
                2 => operation.returned = None,
                3 => operation.outcome = Some(Outcome::Ok(CasResponse::Written)),
                4 => operation.request = CasRequest::Read,
                _ => operation.caller = NodeId(0),
            }
        }
        must_answer(&history, CasRegister);
    }
    let empty =
        History { service: String::new(), seed: None, operations: Vec::new(), disturbances: Vec::new() };
    must_answer(&empty, CasRegister);
    assert!(empty.check(linearizable(CasRegister)).holds());
}
