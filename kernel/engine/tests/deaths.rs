//! Whatever a cell dies of, and whatever is going on at that moment: the variables are what they were.
//!
//! Each state of a notebook (idle, compiling, running, waiting, in a long simulation, asking) meets each kind of end. The death
//! comes from a handler of a simulation, from a task, from a thread, or from the cell's own line.

use std::path::Path;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use netsplit_engine::library::{self, Library};
use netsplit_engine::limits::Policy;
use netsplit_engine::{Audience, Cell, Engine, Failure, Interrupt, Output, Settings};

/// The ends, as expressions of any type, with the failure's name.
const ENDS: [(&str, &str); 6] = [
    ("std::process::abort()", "Aborted"),
    ("std::process::exit(3)", "Exited"),
    ("fault()", "MemoryFault"),
    ("overflow(1)", "StackOverflow"),
    ("starve()", "OutOfMemory"),
    ("kill()", "Killed"),
];

/// For a thread to die.
const LONG_ENOUGH: Duration = Duration::from_millis(700);

const ITEMS: &str = r#"
fn fault() -> ! { unsafe { std::ptr::null_mut::<u8>().wrapping_add(16).write_volatile(1); } unreachable!() }
fn overflow(n: u64) -> ! { let room = [n; 64]; let deeper = if n == 0 { 0 } else { overflow_more(room[3] + 1) }; panic!("{deeper}") }
fn overflow_more(n: u64) -> u64 { let room = [n; 64]; if room[5] == 0 { 0 } else { overflow_more(room[7] + 1) + room[1] } }
fn starve() -> ! { let mut all = Vec::new(); loop { all.push(vec![1_u8; 16 << 20]); } }
fn kill() -> ! { std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap(); loop { std::thread::park() } }
#[derive(Clone, Debug)] struct Bomb { left: u32 }
fn soon(act: impl FnOnce() + Send + 'static) { std::thread::spawn(move || { std::thread::sleep(std::time::Duration::from_millis(40)); act() }); }
"#;

struct Front {
    interrupt: Arc<Interrupt>,
    asked: Option<Arc<Barrier>>,
}

impl Audience for Front {
    fn put(&mut self, _: Output) {}

    fn ask(&mut self, _: &str, _: bool) -> Result<String, String> {
        if let Some(asked) = self.asked.take() {
            asked.wait();
        }
        // Nobody answers before the process is gone, or the cell is interrupted.
        let begun = Instant::now();
        while begun.elapsed() < LONG_ENOUGH && !self.interrupt.is_set() {
            thread::sleep(Duration::from_millis(1));
        }
        Err("nobody is there".to_string())
    }
}

struct Notebook {
    engine: Engine,
    interrupt: Arc<Interrupt>,
    cells: u32,
    _folder: tempfile::TempDir,
}

fn library() -> Library {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock();
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-cache");
    library::prepare(&home, &cache, &mut |_| {}).expect("the library can be prepared")
}

impl Notebook {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut policy = Policy::default();
        policy.change("memory 256M").expect("a limit");
        let settings = Settings { policy, ..Settings::usual(folder.path().to_path_buf()) };
        let interrupt = Arc::new(Interrupt::default());
        let engine = Engine::start(library(), settings, interrupt.clone(), Arc::new(|_, _, _| {}));
        let mut notebook =
            Self { engine: engine.expect("the engine starts"), interrupt, cells: 0, _folder: folder };
        notebook.run(ITEMS).expect("the items compile");
        notebook.run("let mut kept = vec![1, 2];").expect("a variable");
        notebook.run("kept.push(3);").expect("a change");
        notebook
    }

    fn run(&mut self, code: &str) -> Result<(), Failure> {
        let interrupt = self.interrupt.clone();
        self.run_before(code, &mut Front { interrupt, asked: None })
    }

    fn run_before(&mut self, code: &str, front: &mut Front) -> Result<(), Failure> {
        self.cells += 1;
        self.interrupt.clear();
        let cell = Cell { code: code.to_string(), number: self.cells, id: None };
        self.engine.execute(&cell, front)
    }

    /// The variables are what they were after the first cells, and the notebook goes on.
    fn is_whole(&mut self, after: &str) {
        let checked = self.run("assert_eq!(kept, [1, 2, 3]); kept.push(4); kept.pop();");
        assert!(checked.is_ok(), "{after}: {}", checked.unwrap_err().message);
    }

    /// Runs a cell that must die, and sees that nothing else did.
    fn dies(&mut self, code: &str, name: &str) {
        let failure = self.run(code).expect_err(code);
        assert_eq!(failure.name, name, "{code}: {}", failure.message);
        assert!(failure.message.ends_with("everything is as it was before the cell"), "{}", failure.message);
        self.is_whole(code);
    }
}

/// In the cell's own line.
#[test]
fn running() {
    let mut notebook = Notebook::start();
    for (end, name) in ENDS {
        notebook.dies(&format!("kept.clear(); let lost = 1; {end}"), name);
        assert!(notebook.run("lost").is_err(), "what the cell declared is not there");
    }
}

/// While the cell waits, in a task of the same thread and in a thread of its own.
#[test]
fn waiting() {
    let mut notebook = Notebook::start();
    for (end, name) in ENDS {
        let sleep = "tokio::time::sleep(std::time::Duration::from_secs(100)).await;";
        notebook.dies(&format!("kept.clear(); tokio::spawn(async {{ {end} }}); {sleep}"), name);
        notebook.dies(&format!("kept.clear(); soon(|| {{ {end} }}); {sleep}"), name);
    }
}

/// In a handler, in the middle of a long simulation.
#[test]
fn simulating() {
    let mut notebook = Notebook::start();
    notebook.run("let lab = Lab::new(7);").unwrap();
    for (end, name) in ENDS {
        let node = format!(
            "impl Node for Bomb {{ type Message = (); type Timer = (); \
             fn on_start(&mut self, ctx: &mut Context<Self>) {{ ctx.set_timer(ms(1), ()); }} \
             fn on_timer(&mut self, _: (), ctx: &mut Context<Self>) {{ \
             if self.left == 0 {{ {end}; }} self.left -= 1; ctx.set_timer(ms(1), ()); }} }}"
        );
        let run = "kept.clear(); let _bombs = lab.cluster(\"bombs\", 1, |_| Bomb { left: 1000 }); lab.run_for(secs(1_000));";
        notebook.dies(&format!("{node}\n{run}"), name);
    }
    notebook.run("assert_eq!(lab.now(), Time::ZERO);").expect("the laboratory is what it was");
}

/// While the cell waits for an answer.
#[test]
fn asking() {
    let mut notebook = Notebook::start();
    for (end, name) in ENDS {
        notebook.dies(&format!("kept.clear(); soon(|| {{ {end} }}); let line = input(\"?\");"), name);
    }
}

/// Between two cells, and while the next one is compiled. The thread that lives on is in the way of a checkpoint after its own
/// cell, so that cell is taken back with the death.
#[test]
fn idle_and_compiling() {
    let mut notebook = Notebook::start();
    for (end, _) in ENDS {
        notebook.run(&format!("kept.clear(); soon(|| {{ {end} }});")).unwrap();
        thread::sleep(LONG_ENOUGH);
        notebook.is_whole(&format!("{end} while idle"));
        notebook.run(&format!("kept.clear(); soon(|| {{ {end} }});")).unwrap();
        // It dies while this is compiled, or runs.
        let failure = notebook.run("std::thread::sleep(std::time::Duration::from_secs(2));");
        assert!(failure.is_err(), "{end} while compiling");
        notebook.is_whole(&format!("{end} while compiling"));
    }
}

/// A process that is killed from outside between two cells costs nothing at all.
#[test]
fn killed_while_idle() {
    let mut notebook = Notebook::start();
    notebook.run("kept.push(4); std::fs::write(std::env::temp_dir().join(\"netsplit-deaths-pid\"), std::process::id().to_string())?;").unwrap();
    let file = std::env::temp_dir().join("netsplit-deaths-pid");
    let process = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    // The copy is made behind the cell's back, before long.
    thread::sleep(Duration::from_millis(200));
    assert!(std::process::Command::new("kill").args(["-9", &process]).status().unwrap().success());
    thread::sleep(Duration::from_millis(200));
    notebook.run("assert_eq!(kept, [1, 2, 3, 4]);").expect("nothing is lost");
}

/// Copies that somebody has killed are passed over, and the one before them is told by its cell.
#[test]
fn killed_checkpoints() {
    let mut notebook = Notebook::start();
    notebook.run("kept.push(4);").unwrap();
    let newest = "let copies = std::fs::read_to_string(format!(\"/proc/{0}/task/{0}/children\", std::process::id()))?; \
        let newest = copies.split_whitespace().filter_map(|it| it.parse::<u32>().ok()).max().unwrap(); \
        std::process::Command::new(\"kill\").args([\"-9\", &newest.to_string()]).status()?;";
    let failure = notebook.run(&format!("{newest} std::process::abort()")).unwrap_err();
    let expected = "everything is as it was after cell[3], the last checkpoint that is left";
    assert!(failure.message.ends_with(expected), "{}", failure.message);
    notebook.is_whole("a killed checkpoint");
    let failure = notebook.run(&format!("{newest} loop {{ std::process::exit(1) }}")).unwrap_err();
    assert!(
        failure.message.ends_with("after cell[3], the last checkpoint that is left"),
        "{}",
        failure.message
    );
}

/// An endless loop, and everything else that does not listen, is ended by an interrupt, and costs nothing; what listens keeps
/// what it has done. While nothing runs, an interrupt does nothing.
#[test]
fn interrupts() {
    let mut notebook = Notebook::start();
    notebook.run("let lab = Lab::new(7);").unwrap();
    notebook
        .run(
            "#[derive(Clone, Debug)] struct Tick; impl Node for Tick { type Message = (); type Timer = (); \
        fn on_start(&mut self, ctx: &mut Context<Self>) { ctx.set_timer(ms(1), ()); } \
        fn on_timer(&mut self, _: (), ctx: &mut Context<Self>) { ctx.set_timer(ms(1), ()); } } \
        let _ticks = lab.cluster(\"ticks\", 1, |_| Tick);",
        )
        .unwrap();
    let mut interrupted = |code: &str, is_kept: bool| {
        let (asked, interrupt) = (Arc::new(Barrier::new(2)), notebook.interrupt.clone());
        let waits = code.contains("input");
        let marker = std::env::temp_dir().join(format!("netsplit-interrupts-{}", std::process::id()));
        let running = marker.clone();
        let front = &mut Front { interrupt: interrupt.clone(), asked: waits.then(|| asked.clone()) };
        let stopper = thread::spawn(move || {
            if waits {
                asked.wait();
            } else {
                // A busy machine takes its time to compile the cell.
                for _ in 0..6000 {
                    if running.exists() {
                        break;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
                thread::sleep(Duration::from_millis(300));
            }
            interrupt.interrupt();
        });
        let begins = format!("kept.push(9); std::fs::write({marker:?}, \"\").unwrap(); {code}");
        let failure = notebook.run_before(&begins, front).expect_err(code);
        let _ = std::fs::remove_file(&marker);
        stopper.join().unwrap();
        assert_eq!(failure.name, "Interrupted", "{code}: {}", failure.message);
        let expected =
            if is_kept { "no variable is lost" } else { "everything is as it was before the cell" };
        assert!(failure.message.ends_with(expected), "{code}: {}", failure.message);
        if is_kept {
            notebook.run("assert_eq!(kept.pop(), Some(9));").expect(code);
        }
        notebook.is_whole(code);
    };
    interrupted("loop {}", false);
    interrupted("loop { println!(\"flood\") }", false);
    interrupted("std::thread::sleep(std::time::Duration::from_secs(100));", false);
    interrupted("std::process::Command::new(\"sleep\").arg(\"100\").status()?;", false);
    interrupted("tokio::time::sleep(std::time::Duration::from_secs(100)).await;", true);
    interrupted("lab.run_for(secs(1_000_000_000));", true);
    interrupted("let line = input(\"?\");", true);
    interrupted("tokio::task::spawn_blocking(|| loop {}).await?;", true);
    notebook.run("assert!(lab.now() > Time::ZERO + secs(1));").expect("the simulation has come some way");
    notebook.interrupt.interrupt();
    notebook.is_whole("an interrupt while idle");
    let failure = {
        let interrupt = notebook.interrupt.clone();
        let stopper = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            interrupt.interrupt();
        });
        let slow: String = (0..3000).map(|n| format!("let v{n} = vec![Some({n}_u64)].into_iter().map(|it| it.map(|it| it + 1)).collect::<Vec<_>>();\n")).collect();
        let failure = notebook.run(&slow).expect_err("it compiles for seconds");
        stopper.join().unwrap();
        failure
    };
    assert!(failure.message.contains("while it was compiled"), "{}", failure.message);
    notebook.is_whole("an interrupt while compiling");
}
