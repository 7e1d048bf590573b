//! What confined cells cannot do, each of it shown to work without confinement; and that they can do everything else.

#![cfg(target_os = "linux")]

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;

use netsplit_engine::library;
use netsplit_engine::{Audience, Cell, Engine, Failure, Interrupt, Output, Settings};

struct Nobody;

impl Audience for Nobody {
    fn put(&mut self, _: Output) {}

    fn ask(&mut self, _: &str, _: bool) -> Result<String, String> {
        Err("nobody is there".to_string())
    }
}

struct Notebook {
    engine: Engine,
    cells: u32,
    _folder: tempfile::TempDir,
}

impl Notebook {
    fn start(is_confined: bool) -> Self {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-cache");
        let library = library::prepare(&home, &cache, &mut |_| {}).expect("the library can be prepared");
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings { is_confined, ..Settings::usual(folder.path().to_path_buf()) };
        let engine = Engine::start(library, settings, Arc::new(Interrupt::default()), Arc::new(|_, _, _| {}));
        Self { engine: engine.expect("the engine starts"), cells: 0, _folder: folder }
    }

    fn run(&mut self, code: &str) -> Result<(), Failure> {
        self.cells += 1;
        self.engine.execute(&Cell { code: code.to_string(), number: self.cells, id: None }, &mut Nobody)
    }
}

/// Each cell ends well without confinement and fails with it; the notebook goes on in both.
#[test]
fn what_is_denied() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.txt");
    std::fs::write(&secret, "\"secret\"").unwrap();
    let small = outside.path().join("small");
    std::fs::create_dir_all(small.join("src")).unwrap();
    std::fs::write(small.join("Cargo.toml"), "[package]\nname = \"small\"\nedition = \"2024\"\n").unwrap();
    std::fs::write(small.join("src/lib.rs"), "").unwrap();
    std::fs::write(small.join("build.rs"), "fn main() {}").unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = outside.path().join("socket");
    let _unix_server = UnixListener::bind(&unix).unwrap();
    let (port, kernel) = (server.local_addr().unwrap().port(), std::process::id());
    let (secret, unix, outside) = (secret.display(), unix.display(), outside.path().display());
    let attempts = [
        format!("std::fs::read(\"{secret}\")?;"),
        "std::fs::read(\"/etc/passwd\")?;".to_string(),
        format!("std::fs::read_dir(\"{outside}\")?;"),
        format!("std::fs::write(\"{outside}/startup.py\", \"import os\")?;"),
        format!("std::os::unix::fs::symlink(\"/\", \"{outside}/link\")?; std::fs::remove_file(\"{outside}/link\")?;"),
        "std::process::Command::new(\"/bin/true\").status()?;".to_string(),
        format!("std::net::TcpStream::connect((\"127.0.0.1\", {port}))?;"),
        "std::net::TcpListener::bind((\"127.0.0.1\", 0))?;".to_string(),
        "std::net::UdpSocket::bind((\"127.0.0.1\", 0))?;".to_string(),
        format!("std::os::unix::net::UnixStream::connect(\"{unix}\")?;"),
        "std::os::unix::net::UnixListener::bind(std::env::temp_dir().join(format!(\"s{}\", std::process::id())))?;"
            .to_string(),
        format!("unsafe extern \"C\" {{ fn kill(process: i32, signal: i32) -> i32; }} assert_eq!(unsafe {{ kill({kernel}, 0) }}, 0);"),
        // AF_NETLINK, SOCK_RAW.
        "unsafe extern \"C\" { fn socket(family: i32, kind: i32, protocol: i32) -> i32; } assert!(unsafe { socket(16, 3, 0) } >= 0);".to_string(),
        format!("std::fs::read(\"/proc/{kernel}/environ\")?;"),
        format!("std::fs::read(\"/proc/{kernel}/cmdline\")?;"),
        format!("std::fs::read(\"/proc/{kernel}/maps\")?;"),
        format!("let text = include_str!(\"{secret}\");"),
        format!("let text: &str = include!(\"{secret}\");"),
        // Of the environment that tests have from cargo, which a confined compiler must not see.
        "let text = env!(\"CARGO_MANIFEST_DIR\");".to_string(),
        "std::env::var(\"CARGO_MANIFEST_DIR\")?;".to_string(),
        "!true".to_string(),
        format!(":dep small = {{ path = \"{outside}/small\" }}"),
    ];
    let mut free = Notebook::start(false);
    let mut confined = Notebook::start(true);
    for attempt in attempts {
        let done = free.run(&attempt);
        assert!(done.is_ok(), "without confinement: {attempt}: {}", done.unwrap_err().message);
        let denied = confined.run(&attempt);
        assert!(denied.is_err(), "with confinement: {attempt}");
    }
    confined.run("assert_eq!(1 + 1, 2);").expect("the notebook goes on");
}

/// Everything that a notebook is for works: values, files of its own, threads, waiting, simulations, and the way back.
#[test]
fn what_is_allowed() {
    let mut notebook = Notebook::start(true);
    let cells = [
        "let mut kept = vec![1, 2];",
        "kept.push(3); println!(\"{kept:?}\"); eprintln!(\"{kept:?}\");",
        "let file = std::env::temp_dir().join(\"a\"); std::fs::write(&file, \"b\")?; assert_eq!(std::fs::read_to_string(&file)?, \"b\");",
        "let home = std::path::PathBuf::from(std::env::var(\"HOME\")?); std::fs::create_dir(home.join(\"mine\"))?;",
        "assert_eq!(std::thread::spawn(|| 5).join().unwrap(), 5);",
        "tokio::time::sleep(std::time::Duration::from_millis(1)).await;",
        "assert!(std::panic::catch_unwind(|| panic!(\"caught\")).is_err());",
        "#[derive(Clone, Debug)] struct Hello; impl Node for Hello { type Message = u8; type Timer = (); \
         fn on_start(&mut self, ctx: &mut Context<Self>) { ctx.broadcast(1); } } \
         let lab = Lab::new(1); let _hellos = lab.cluster(\"hello\", 3, |_| Hello); lab.run_for(secs(1));",
        "let random = std::collections::hash_map::RandomState::new(); let now = std::time::Instant::now();",
    ];
    for cell in cells {
        notebook.run(cell).unwrap_or_else(|failure| panic!("{cell}: {}", failure.message));
    }
    let failure = notebook.run("kept.clear(); std::process::abort()").unwrap_err();
    assert_eq!(failure.name, "Aborted", "{}", failure.message);
    let failure = notebook
        .run("fn deep(n: u64) -> u64 { if n == u64::MAX { 0 } else { deep(n + 1) + 1 } } deep(0)")
        .unwrap_err();
    assert!(failure.message.contains("`deep` calls itself"), "{}", failure.message);
    notebook.run("assert_eq!(kept, [1, 2, 3]);").expect("the variables are what they were");
    notebook.run(":undo").expect("cells can be taken back");
}

/// What a cell may use is final: no code of a cell raises it.
#[test]
fn limits_are_final() {
    let code = "#[repr(C)] struct Limit { now: u64, most: u64 } \
        unsafe extern \"C\" { fn getrlimit(what: i32, limit: *mut Limit) -> i32; } \
        let mut limit = Limit { now: 0, most: 0 }; unsafe { getrlimit(2, &mut limit) }; \
        assert_eq!((limit.now, limit.most), (300 << 20, MOST));";
    for (is_confined, most) in [(true, "300 << 20"), (false, "u64::MAX")] {
        let mut notebook = Notebook::start(is_confined);
        notebook.run(":limit memory 300M").unwrap();
        notebook.run(&code.replace("MOST", most)).unwrap_or_else(|failure| panic!("{}", failure.message));
    }
}
