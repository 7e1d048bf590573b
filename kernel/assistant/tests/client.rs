//! The client against processes that behave as no assistant should, played by shell scripts.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use netsplit_assistant::protocol::{Answer, Completion, Completions, Notebook, Question};
use netsplit_assistant::{Assistant, Reply, Settings};
use tempfile::TempDir;

/// What every script begins with: its process id goes to a file, `$id` is the number of the question just read.
const BEGINNING: &str = r#"
folder=$(dirname "$3")
echo $$ >> "$folder/started"
next() { read -r line || exit 0; id=${line#*'"id":'}; id=${id%%,*}; echo "$line" >> "$folder/asked"; }
say() { echo "{\"Answered\":{\"id\":$id,\"answer\":{\"Completions\":{\"replaced\":{\"start\":0,\"end\":1},\"matches\":[{\"text\":\"$1\",\"label\":\"\",\"kind\":\"\"}]}}}}"; }
"#;
/// An assistant that answers everything with its number.
const GOOD: &str = "echo '\"Ready\"'; while true; do next; say $id; done";
/// Long enough for a busy machine, and never reached when all is well.
const LONG: Duration = Duration::from_secs(20);

fn assistant(script: &str, adjust: impl FnOnce(&mut Settings)) -> (Assistant, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script");
    std::fs::write(&file, format!("{BEGINNING}\n{script}\n")).unwrap();
    // The client adds `--folder <folder>`, so that the script finds its folder in `$3`.
    let arguments = vec![file.display().to_string(), "x".to_string()];
    let mut settings = Settings::new("sh".into(), arguments, folder.path().to_path_buf());
    settings.deadline = LONG;
    adjust(&mut settings);
    (Assistant::new(settings), folder)
}

fn question(code: &str) -> Question {
    Question::Complete { notebook: Notebook::default(), code: code.to_string(), cursor: 0 }
}

fn answered(id: u64) -> Reply {
    let completion = Completion { text: id.to_string(), label: String::new(), kind: String::new() };
    Reply::Answered(Answer::Completions(Completions { replaced: 0..1, matches: vec![completion] }))
}

fn lines(folder: &TempDir, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    text.lines().map(str::to_string).collect()
}

/// Waits until something is so, which it must be at some time.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_alive(process: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
}

/// Nothing runs before the first question, which does not wait for the process; once it is ready, questions are answered.
#[test]
fn starts_with_the_first_question() {
    let (assistant, folder) = assistant(GOOD, |_| ());
    assert_eq!((lines(&folder, "started").len(), assistant.process()), (0, None));
    assert_eq!(assistant.ask(question("a")), Reply::NotReady);
    until("ready", || assistant.is_ready());
    assert_eq!(assistant.ask(question("b")), answered(2));
    assert_eq!(assistant.ask(question("c")), answered(3));
    assert_eq!(lines(&folder, "started").len(), 1);
    // The question that did not wait was not asked later either.
    let asked = lines(&folder, "asked");
    assert!(asked.len() == 2 && asked[0].contains("\"b\""), "{asked:?}");
}

/// A kernel may start the process before anybody asks.
#[test]
fn can_be_warmed_up() {
    let (assistant, folder) = assistant(GOOD, |_| ());
    assistant.warm_up();
    assistant.warm_up();
    until("ready", || assistant.is_ready());
    assert_eq!(assistant.ask(question("a")), answered(1));
    assert_eq!(lines(&folder, "started").len(), 1);
}

/// While the process starts, however long, no question waits.
#[test]
fn does_not_wait_for_the_start() {
    let (assistant, _folder) = assistant("sleep 30", |_| ());
    let begin = Instant::now();
    for _ in 0..3 {
        assert_eq!(assistant.ask(question("a")), Reply::NotReady);
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

/// At the deadline the caller is told to answer by itself; the late answer is not taken for that of the next question.
#[test]
fn keeps_the_deadline() {
    let script =
        "echo '\"Ready\"'; next; while [ ! -e \"$folder/go\" ]; do sleep 0.01; done; say late; next; say $id";
    let (assistant, folder) = assistant(script, |it| it.deadline = Duration::from_millis(300));
    assistant.warm_up();
    until("ready", || assistant.is_ready());
    let begin = Instant::now();
    assert_eq!(assistant.ask(question("a")), Reply::NotReady);
    assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
    std::fs::write(folder.path().join("go"), "").unwrap();
    let mut replies = vec![Reply::NotReady];
    until("the next answer", || {
        replies.push(assistant.ask(question("b")));
        replies.last() != Some(&Reply::NotReady)
    });
    let Some(Reply::Answered(Answer::Completions(last))) = replies.last() else { panic!("{replies:?}") };
    assert_eq!(last.matches[0].text, replies.len().to_string(), "the answer to this very question");
}

/// Of the questions that wait for a busy process only the newest is asked; the others are told at once.
#[test]
fn newer_questions_supersede_older_ones() {
    let script =
        "echo '\"Ready\"'; next; while [ ! -e \"$folder/go\" ]; do sleep 0.01; done; say $id; next; say $id";
    let (assistant, folder) = assistant(script, |_| ());
    assistant.warm_up();
    until("ready", || assistant.is_ready());
    let replies = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (asked, code) in ["first", "second", "third"].into_iter().enumerate() {
            let (assistant, replies) = (&assistant, &replies);
            scope.spawn(move || {
                let reply = assistant.ask(question(code));
                replies.lock().unwrap().push((code, reply));
            });
            match asked {
                0 => until("the first is asked", || lines(&folder, "asked").len() == 1),
                _ => until("the one before leaves", || replies.lock().unwrap().len() == asked),
            }
        }
        std::fs::write(folder.path().join("go"), "").unwrap();
    });
    let expected = [("first", Reply::Superseded), ("second", Reply::Superseded), ("third", answered(3))];
    assert_eq!(replies.into_inner().unwrap(), expected);
    let asked = lines(&folder, "asked");
    assert!(asked.len() == 2 && asked[1].contains("third"), "{asked:?}");
}

/// A process that nobody asks ends, its folder with it, and the next question starts another.
#[test]
fn ends_when_idle() {
    let (assistant, folder) = assistant(GOOD, |it| it.idle = Duration::from_millis(200));
    assistant.warm_up();
    until("ready", || assistant.is_ready());
    until("ended", || assistant.process().is_none());
    let first = lines(&folder, "started");
    assert!(first.len() == 1 && !is_alive(&first[0]), "{first:?}");
    let folders = || std::fs::read_dir(&folder).unwrap().flatten().filter(|it| it.path().is_dir()).count();
    until("no folder is left", || folders() == 0);
    until("started again", || {
        let _ = assistant.ask(question("a"));
        lines(&folder, "started").len() == 2
    });
}

/// A client that is dropped leaves no process, also none that is busy and reads nothing.
#[test]
fn ends_with_the_client() {
    let (assistant, folder) = assistant("echo '\"Ready\"'; while true; do sleep 0.05; done", |it| {
        it.deadline = Duration::from_millis(50);
    });
    assistant.warm_up();
    until("ready", || assistant.is_ready());
    // Longer than a pipe holds: the client is still writing when it is dropped.
    assert_eq!(assistant.ask(question(&"x".repeat(1 << 20))), Reply::NotReady);
    let process = lines(&folder, "started")[0].clone();
    assert!(is_alive(&process));
    drop(assistant);
    assert!(!is_alive(&process));
}

/// A process that crashes is started again by the next question.
#[test]
fn survives_a_crash() {
    let (assistant, folder) = assistant("echo '\"Ready\"'; next; say $id; next; kill -9 $$", |_| ());
    for round in 1..=5 {
        until("ready", || {
            assistant.warm_up();
            assistant.is_ready()
        });
        assert!(matches!(assistant.ask(question("a")), Reply::Answered(_)));
        assert_eq!(assistant.ask(question("a")), Reply::NotReady);
        assert_eq!(lines(&folder, "started").len(), round);
        until("ended", || assistant.process().is_none());
    }
}

/// A process that talks nonsense, or never starts, is given up after some trials, with the reason.
#[test]
fn gives_up() {
    let is_given_up = |reply: &Reply, why: &str| matches!(reply, Reply::Unavailable(it) if it.contains(why));
    for (script, why) in [
        ("echo '\"Ready\"'; next; echo 'error: what?'; sleep 30", "no answer"),
        ("echo '\"Ready\"'; next; id=77; say $id; sleep 30", "no answer"),
        ("exit 1", "output ended"),
        ("sleep 30", "did not answer for 200ms"),
    ] {
        let (assistant, folder) = assistant(script, |it| it.patience = Duration::from_millis(200));
        let mut last = Reply::NotReady;
        until(script, || {
            last = assistant.ask(question("a"));
            last != Reply::NotReady
        });
        assert!(is_given_up(&last, why), "{script}: {last:?}");
        assert_eq!(lines(&folder, "started").len(), 3, "{script}");
    }
    let folder = tempfile::tempdir().unwrap();
    let nowhere = Settings::new("/nowhere/assistant".into(), Vec::new(), folder.path().to_path_buf());
    let assistant = Assistant::new(nowhere);
    let mut last = Reply::NotReady;
    until("no program", || {
        last = assistant.ask(question("a"));
        last != Reply::NotReady
    });
    assert!(is_given_up(&last, "cannot run /nowhere/assistant"), "{last:?}");
    assert!(Path::new("/proc/self").exists(), "the other tests look there");
}

/// Whatever the process prints on its stderr is no answer, and does not stop it when it is much.
#[test]
fn stderr_is_not_an_answer() {
    let flood =
        "i=0; while [ $i -lt 4000 ]; do echo '\"Ready\" flood flood flood flood' >&2; i=$((i+1)); done";
    let (assistant, _folder) = assistant(&format!("{flood}; {GOOD}"), |_| ());
    assistant.warm_up();
    until("ready", || assistant.is_ready());
    assert_eq!(assistant.ask(question("a")), answered(1));
}
