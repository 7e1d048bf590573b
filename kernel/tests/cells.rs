//! Cells in Rust, as a front end sees them: values, output, failures, interrupts, and what is left afterwards.
//!
//! A kernel takes seconds to start and a cell a good part of one, so each test is one conversation with one kernel.

mod front_end;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use front_end::{FrontEnd, PATIENCE, plain};
use netsplit_engine::library;
use netsplit_kernel::processes::descendants;
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;

/// A conversation in Rust; cells count from 1.
struct Cells {
    front_end: FrontEnd,
    count: u32,
}

impl Cells {
    fn start() -> Self {
        Self::start_with("", "")
    }

    /// The same with limits.
    fn start_with(limits: &str, ceilings: &str) -> Self {
        prepare_library();
        // A cache of the tests' own: what is in its folder of sessions is ours. It stays, so that the library is
        // prepared once.
        let environment = [
            ("NETSPLIT_CACHE", cache().into()),
            ("NETSPLIT_ENGINE", "rust".into()),
            ("NETSPLIT_LIMITS", limits.into()),
            ("NETSPLIT_CEILINGS", ceilings.into()),
        ];
        Self { front_end: FrontEnd::start(environment), count: 0 }
    }

    fn begin(&mut self, code: &str) -> Header {
        self.count += 1;
        self.front_end.begin(code, self.count)
    }

    fn runs(&mut self, code: &str) {
        self.count += 1;
        self.front_end.run_quietly(code, self.count);
    }

    fn gives(&mut self, code: &str, result: &str) {
        self.count += 1;
        self.front_end.run_to_result(code, self.count, result);
    }

    fn breaks(&mut self, code: &str) -> ErrorOutput {
        self.count += 1;
        self.front_end.run_to_error(code, self.count)
    }

    fn ends(&mut self, asked: &Header) {
        self.front_end.expect_success(asked, self.count);
    }

    /// The error of the cell that was begun last, with its reply and its idle.
    fn fails(&mut self, asked: &Header) -> ErrorOutput {
        let error = self.front_end.expect_error(asked);
        assert_eq!(self.front_end.expect_execute_reply(asked).outcome, Outcome::Error(error.clone()));
        self.front_end.expect_idle(asked);
        error
    }
}

/// A kernel that prepares the library itself says so in the notebook.
fn prepare_library() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    library::prepare(&home, &cache(), &mut |_| {}).expect("the library can be prepared");
}

fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("netsplit-cache")
}

/// The traceback without its colours.
fn text_of(error: &ErrorOutput) -> String {
    let mut text = String::new();
    let mut in_escape = false;
    for character in error.traceback.join("\n").chars() {
        match character {
            '\x1b' => in_escape = true,
            'm' if in_escape => in_escape = false,
            _ if in_escape => {}
            other => text.push(other),
        }
    }
    text
}

/// Values and variables live from cell to cell, items can be redefined, and the library is there without a line.
#[test]
fn values_variables_and_items() {
    let mut cells = Cells::start();
    cells.gives("1 + 1", "2");
    cells.runs("let x = 5;");
    cells.gives("x + 1", "6");
    cells.runs("let mut v = vec![x, 2];");
    cells.gives("v.push(3); v.len()", "3");
    cells.runs("fn f(a: i32) -> i32 { a + 1 }");
    cells.gives("f(x)", "6");
    cells.runs("fn f(a: i32) -> i32 { a * 100 }");
    cells.gives("f(x)", "500");
    cells.runs(
        "#[derive(Debug)] struct P { a: i32 }\nimpl P { fn g(&self) -> i32 { self.a } }\nlet p = P { a: 7 };",
    );
    cells.gives("p.g()", "7");
    cells.gives("let x = \"now a text\"; x.len()", "10");
    cells.gives("NodeId(3) == NodeId(3)", "true");
    cells.gives("struct NodeId; std::mem::size_of::<NodeId>()", "0");

    // What the kernel knows by itself, while its assistant starts.
    let request = CompleteRequest { code: "let é = vec![1]; Diag".to_string(), cursor_pos: 21 };
    let Content::CompleteReply(reply) = cells.front_end.ask(Channel::Shell, request) else { panic!() };
    assert!(reply.matches.iter().any(|it| it == "Diagram"), "{:?}", reply.matches);
    assert_eq!((reply.cursor_start, reply.cursor_end), (17, 21));
    let request = InspectRequest { code: "f(1)".to_string(), cursor_pos: 1, detail_level: 0 };
    let Content::InspectReply(reply) = cells.front_end.ask(Channel::Shell, request) else { panic!() };
    assert!(reply.found && plain(&reply.data).as_str().unwrap().contains("fn f(a: i32) -> i32"), "{reply:?}");
}

/// What a cell prints and shows comes in order, whole, and to its own cell.
#[test]
fn output() {
    let mut cells = Cells::start();
    let asked = cells.begin("println!(\"a\");\nprint!(\"b\");");
    cells.front_end.expect_stream(&asked, StreamName::Stdout, "a\nb");
    cells.ends(&asked);
    let asked = cells.begin("for i in 0..3 { print!(\"{i}\"); }");
    cells.front_end.expect_stream(&asked, StreamName::Stdout, "012");
    cells.ends(&asked);
    let asked = cells.begin("eprintln!(\"é\"); println!(\"out\"); 7");
    let streams = [cells.front_end.published(&asked), cells.front_end.published(&asked)];
    for (name, text) in [(StreamName::Stderr, "é\n"), (StreamName::Stdout, "out\n")] {
        assert!(streams.contains(&Content::Stream(Stream { name, text: text.to_string() })), "{streams:?}");
    }
    assert_eq!(cells.front_end.expect_result(&asked, 3), "7");
    cells.ends(&asked);

    cells.runs(
        "struct Picture(u32);\nimpl Picture { fn evcxr_display(&self) { let n = self.0; \
         println!(\"EVCXR_BEGIN_CONTENT image/svg+xml\\n<svg>{n}</svg>\\nEVCXR_END_CONTENT\"); \
         println!(\"EVCXR_BEGIN_CONTENT text/plain\\npicture {n}\\nEVCXR_END_CONTENT\"); } }",
    );
    let asked = cells.begin(
        "Picture(1).evcxr_display();\nprintln!(\"between\");\nPicture(2).evcxr_display();\nPicture(3)",
    );
    assert_eq!(cells.front_end.expect_display(&asked)["image/svg+xml"], "<svg>1</svg>");
    cells.front_end.expect_stream(&asked, StreamName::Stdout, "between\n");
    assert_eq!(plain(&cells.front_end.expect_display(&asked)), "picture 2");
    assert_eq!(cells.front_end.expect_result(&asked, 5), "picture 3");
    cells.ends(&asked);

    let asked = cells.begin("println!(\"{}\", \"x\".repeat(1_000_000));");
    cells.front_end.expect_stream(&asked, StreamName::Stdout, &format!("{}\n", "x".repeat(1_000_000)));
    cells.ends(&asked);
    let live = "print!(\"first\"); std::io::Write::flush(&mut std::io::stdout()).unwrap(); \
                std::thread::sleep(std::time::Duration::from_secs(2)); println!(\" second\");";
    let asked = cells.begin(live);
    cells.front_end.expect_stream(&asked, StreamName::Stdout, "first");
    let first_came = Instant::now();
    cells.front_end.expect_stream(&asked, StreamName::Stdout, " second\n");
    assert!(first_came.elapsed() > Duration::from_secs(1), "text without a newline comes when it is printed");
    cells.ends(&asked);
}

/// What a process prints after its cell has ended belongs to that cell, though another is running.
#[test]
fn late_output_belongs_to_its_cell() {
    let mut cells = Cells::start();
    let first = cells.begin(
        "std::process::Command::new(\"sh\").args([\"-c\", \"sleep 1; echo late\"]).spawn()?;\nprintln!(\"early\");",
    );
    cells.front_end.expect_stream(&first, StreamName::Stdout, "early\n");
    cells.ends(&first);
    let second = cells.begin("println!(\"second\"); std::thread::sleep(std::time::Duration::from_secs(4));");
    cells.front_end.expect_stream(&second, StreamName::Stdout, "second\n");
    cells.front_end.expect_stream(&first, StreamName::Stdout, "late\n");
    cells.ends(&second);
}

/// Whatever goes wrong in a cell is its error, with the message and the cell's own line; earlier variables live on.
#[test]
fn failures() {
    let mut cells = Cells::start();
    cells.runs(
        "let milk = 2_u32;\nfn drink(n: u32) -> u32 {\n    n.checked_sub(3).expect(\"not enough milk\")\n}",
    );

    let error = cells.breaks("let x = 1;\n// why not\npanic!(\"out of {}\", \"milk\");");
    assert_eq!((error.ename.as_str(), error.evalue.as_str()), ("Panic", "out of milk"));
    assert!(text_of(&error).contains("--> cell[2]:3:1\n"), "{}", text_of(&error));
    assert!(text_of(&error).contains("3 | panic!(\"out of {}\", \"milk\");"), "{}", text_of(&error));

    let error = cells.breaks("assert_eq!(milk, 3, \"milk in the fridge\");");
    assert_eq!(error.evalue, "assertion `left == right` failed: milk in the fridge\n  left: 2\n right: 3");
    assert!(text_of(&error).contains("--> cell[3]:1:1\n"), "{}", text_of(&error));

    let error = cells.breaks("drink(milk)");
    assert!(text_of(&error).contains("--> cell[1]:3:"), "{}", text_of(&error));

    let error = cells.breaks("let n: i32 = \"1a\".parse::<i32>()?;\nprintln!(\"{n}\");");
    assert_eq!((error.ename.as_str(), error.evalue.as_str()), ("Error", "invalid digit found in string"));

    let error = cells.breaks("let é: &str = \"ß\";\nlet n: u8 = é;\nmissing();");
    assert!(error.evalue.contains("(and 1 more)"), "{}", error.evalue);
    let text = text_of(&error);
    assert!(text.contains("error[E0308]: mismatched types") && text.contains("--> cell[6]:2:13"), "{text}");
    assert!(text.contains("2 | let n: u8 = é;\n  |        --   ^ expected `u8`, found `&str`"), "{text}");
    assert!(text.contains("error[E0425]") && text.contains("--> cell[6]:3:1"), "{text}");
    assert!(!text.contains("lib.rs") && !text.contains("evcxr"), "{text}");

    let asked = cells.begin("eprintln!(\"before\");\nOption::<u8>::None.unwrap();");
    cells.front_end.expect_stream(&asked, StreamName::Stderr, "before\n");
    let error = cells.fails(&asked);
    assert_eq!(error.evalue, "called `Option::unwrap()` on a `None` value");

    let error = cells.breaks("let s = String::from(\"a\"); let t = s; println!(\"{s}\");");
    assert!(
        text_of(&error).contains("error[E0382]") && text_of(&error).contains("value moved here"),
        "{}",
        text_of(&error)
    );
    let error = cells.breaks("fn f( {");
    assert_eq!(error.ename, "CompileError");
    let error = cells.breaks(":dep netsplit-that-does-not-exist = { path = \"/nowhere\" }");
    assert!(!error.evalue.is_empty() && !error.traceback.is_empty());

    cells.gives("milk", "2");
    let error = cells.breaks("std::process::exit(3);");
    assert_eq!(error.ename, "Exited");
    assert!(
        error.evalue.contains("code 3") && error.evalue.contains("as it was before the cell"),
        "{}",
        error.evalue
    );
    cells.gives("milk", "2");
}

/// An endless loop can be interrupted, its error says that nothing is lost, and cells run again; so can a cell that has hardly
/// begun. When the kernel ends, no process and no file of it is left.
#[cfg(target_os = "linux")]
#[test]
fn interrupts_and_traces() {
    let mut cells = Cells::start();
    cells.runs("let kept = 1_u32;\nfn twice(n: u32) -> u32 { 2 * n }");
    let asked = cells.begin("println!(\"looping\");\nlet n = 7;\nloop {}");
    cells.front_end.expect_stream(&asked, StreamName::Stdout, "looping\n");
    cells.front_end.ask(Channel::Control, InterruptRequest {});
    let error = cells.fails(&asked);
    assert_eq!(error.ename, "Interrupted");
    assert!(error.evalue.contains("as it was before the cell"), "{}", error.evalue);
    cells.gives("twice(4) + kept", "9");

    cells.runs("let kept = 2;");
    let asked = cells.begin("let other = 3;\nloop {}");
    cells.front_end.ask(Channel::Control, InterruptRequest {});
    assert_eq!(cells.fails(&asked).ename, "Interrupted");
    cells.runs("let again = 1;");

    let session = session_of(cells.front_end.kernel.id());
    cells.begin("let child = std::process::Command::new(\"sleep\").arg(\"1000\").spawn().unwrap();\nloop {}");
    wait_until(|| processes_of(&session).contains(&"sleep".to_string()), "the cell has started its child");
    cells.front_end.ask(Channel::Control, ShutdownRequest { restart: false });
    let status = cells.front_end.kernel.wait(PATIENCE).expect("the kernel ends");
    assert!(status.success(), "{status}");
    assert_eq!(processes_of(&session), [] as [String; 0], "the kernel has ended its processes");
    assert!(!session.exists(), "the kernel has removed its folder");
}

/// A kernel that is killed leaves no process and no folder, not even of a program that a cell has sent away.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_kernel_leaves_nothing() {
    let mut cells = Cells::start();
    cells.runs("!setsid sh -c 'sleep 1000 & sleep 1001' >/dev/null 2>&1 &");
    let asked = cells.begin("println!(\"looping\"); loop {}");
    cells.front_end.expect_stream(&asked, StreamName::Stdout, "looping\n");
    let session = session_of(cells.front_end.kernel.id());
    cells.front_end.kernel.kill();
    wait_until(|| processes_of(&session).is_empty(), "nothing runs on when the kernel is gone");
    wait_until(|| !session.exists(), "its folder is removed");
}

/// A killed keeper costs the variables, which is said, and nothing else.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_keeper_is_replaced() {
    let mut cells = Cells::start();
    cells.runs("let n = 1; fn f() -> u8 { 3 }");
    let keeper = descendants(cells.front_end.kernel.id()).first().expect("the kernel has a keeper").pid;
    assert!(std::process::Command::new("kill").args(["-9", &keeper.to_string()]).status().unwrap().success());
    // A signal takes its time; a cell that begins before has a keeper still.
    let is_gone =
        || std::fs::read_to_string(format!("/proc/{keeper}/stat")).map_or(true, |it| it.contains(") Z"));
    while !is_gone() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let asked = cells.begin("let m = f();");
    let note = "note: since the last cell, the keeper of the cells' processes has ended; all variables are lost, functions and types are still there\n";
    cells.front_end.expect_stream(&asked, StreamName::Stderr, note);
    cells.ends(&asked);
    assert!(text_of(&cells.breaks("n")).contains("was lost when the process that ran the cells ended"));
    cells.runs("let n = 2;");
}

/// The folder of the kernel with this process id, which the environment of what it has started names.
fn session_of(kernel: u32) -> PathBuf {
    let folder = |process: u32| {
        let environment = std::fs::read(format!("/proc/{process}/environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        let session = variables.find_map(|it| it.strip_prefix(b"NETSPLIT_SESSION="))?;
        Some(PathBuf::from(String::from_utf8(session.to_vec()).expect("the folder's name is text")))
    };
    descendants(kernel).iter().find_map(|it| folder(it.pid)).expect("the kernel has a process for its cells")
}

/// The names of the processes that have inherited the environment of the kernel with this folder.
fn processes_of(session: &Path) -> Vec<String> {
    let variable = format!("NETSPLIT_SESSION={}", session.display());
    let processes = std::fs::read_dir("/proc").expect("this test needs /proc").flatten();
    let belongs = |process: &PathBuf| {
        let environment = std::fs::read(process.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|it| it == variable.as_bytes())
    };
    let name = |process: PathBuf| {
        std::fs::read_to_string(process.join("comm")).unwrap_or_default().trim().to_string()
    };
    processes.map(|entry| entry.path()).filter(belongs).map(name).collect()
}

fn wait_until(is_so: impl Fn() -> bool, what: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The limits of a kernel are those that it was started with, under its ceilings, which a cell cannot raise.
#[test]
fn limits_hold_from_the_start() {
    let mut cells = Cells::start_with("time=90s,output=1G", "output=1K");
    let asked = cells.begin(":limit cpu 5s\n:limits");
    let mut text = String::new();
    while text.lines().count() < 7 {
        match cells.front_end.published(&asked) {
            Content::Stream(stream) => text += &stream.text,
            other => panic!("expected text, got {other:?}"),
        }
    }
    cells.ends(&asked);
    for line in [
        "cpu        5s      processor time of a cell         from :limit",
        "time       90s     time of a cell                   from NETSPLIT_LIMITS",
        "output     1K      what a cell prints and shows     set by the classroom, which cannot be raised",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
    let error = cells.breaks(":limit output 2K");
    assert_eq!(error.evalue, "expected at most 1K for output, which the classroom has set, got 2K");
}
