//! Crates that notebooks ask for, beyond one notebook: vendored ones, sets that are shared, builds that are stopped or met by
//! two at once, and folders that are not to be trusted.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use netsplit_engine::dependencies::prepare_shared;
use netsplit_engine::library::{self, Places};
use netsplit_engine::{Audience, Cell, Engine, Failure, Interrupt, Output, Settings, Stream};

/// The library's cache, which is compared before and after, and the folder that this process works in, are one test's at a
/// time.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn places() -> Places {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-cache");
    Places { cache, shared: None, vendored: None, is_offline: false }
}

/// Writes files below a folder.
fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn manifest(name: &str, version: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n{rest}")
}

/// A notebook: its engine, and what its cells say.
struct Notebook {
    engine: Engine,
    interrupt: Arc<Interrupt>,
    cells: u32,
    _folder: tempfile::TempDir,
}

#[derive(Default)]
struct Seen {
    value: String,
    err: String,
}

impl Audience for Seen {
    fn put(&mut self, output: Output) {
        match output {
            Output::Text(Stream::Err, text) => self.err += &text,
            Output::Result(data) => self.value = data["text/plain"].as_str().unwrap_or_default().to_string(),
            _ => {}
        }
    }

    fn ask(&mut self, _: &str, _: bool) -> Result<String, String> {
        Err("nobody is there".to_string())
    }
}

impl Notebook {
    fn new(places: &Places) -> Self {
        let library = library::prepare_in(&home(), places, &mut |_| {}).expect("the library can be prepared");
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::usual(folder.path().to_path_buf());
        let interrupt = Arc::new(Interrupt::default());
        let engine = Engine::start(library, settings, interrupt.clone(), Arc::new(|_, _, _| {})).unwrap();
        Self { engine, interrupt, cells: 0, _folder: folder }
    }

    /// The value of a cell, and what it said on stderr.
    fn run(&mut self, code: &str) -> Result<(String, String), Failure> {
        let mut seen = Seen::default();
        self.cells += 1;
        let cell = Cell { code: code.to_string(), number: self.cells, id: None };
        self.engine.execute(&cell, &mut seen).map(|()| (seen.value, seen.err))
    }
}

/// A folder as `cargo vendor` makes it takes the place of the registry, transitive crates included; what is not in it is
/// named, with the remedy.
#[test]
fn vendored_crates() {
    let _one = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let checksum = format!("{{\"files\":{{}},\"package\":\"{}\"}}", "0".repeat(64));
    for (name, rest, code) in [
        ("netsplit-test-inner", "", "//! A.\npub fn one() -> u32 { 1 }"),
        (
            "netsplit-test-outer",
            "[dependencies]\nnetsplit-test-inner = \"0.1\"\n[features]\nmore = []\n",
            "//! A.\npub fn two() -> u32 { 2 * netsplit_test_inner::one() }",
        ),
        ("netsplit-test-lame", "[dependencies]\nnetsplit-test-gone = \"1\"\n", "//! A."),
    ] {
        let files = [
            ("Cargo.toml", manifest(name, "0.1.7", rest)),
            ("src/lib.rs", code.to_string()),
            (".cargo-checksum.json", checksum.clone()),
        ];
        files.iter().for_each(|(file, text)| write(&folder.path().join(name), &[(file, text)]));
    }
    let mut notebook = Notebook::new(&Places { vendored: Some(folder.path().to_path_buf()), ..places() });
    let (value, _) = notebook.run(":dep netsplit-test-outer = \"0.1\"\nnetsplit_test_outer::two()").unwrap();
    assert_eq!(value, "2");
    for (line, expected) in [
        (":dep netsplit-test-nothing", "the crate `netsplit-test-nothing` is not among the vendored ones"),
        (
            ":dep netsplit-test-lame",
            "the crate `netsplit-test-gone`, which another crate needs, is not among",
        ),
        (
            ":dep netsplit-test-outer = \"0.2\"",
            "no version of `netsplit-test-outer` as in `netsplit-test-outer = \"^0.2\"`; there are 0.1.7",
        ),
        (
            ":dep netsplit-test-outer = { version = \"0.1\", features = [\"mor\"] }",
            "the crate `netsplit-test-outer` has no feature `mor`; do you mean `more`?",
        ),
    ] {
        let failure = notebook.run(line).unwrap_err();
        assert!(failure.message.contains(expected), "{line}: {}", failure.message);
        assert_eq!(notebook.engine.dependencies()[0].version, "0.1.7", "after {line}");
    }
    assert_eq!(notebook.run("netsplit_test_outer::two() + 1").unwrap().0, "3");
}

/// A set that was prepared for everybody is used by who may only read it, for all of it and for a part; what it does not
/// have is built on top of it in the user's own cache. Nothing in the shared folder changes.
#[test]
fn shared_sets_are_only_read() {
    let _one = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let crates = ["alpha", "beta", "gamma"].map(|name| {
        let code = format!("//! A.\nuse std::sync::atomic::*;\npub static N: AtomicU32 = AtomicU32::new(0);\npub fn {name}() -> u32 {{ N.fetch_add(1, Ordering::SeqCst) }}");
        let manifest = manifest(&format!("netsplit-test-{name}"), "1.0.0", "");
        write(&folder.path().join(name), &[("Cargo.toml", &manifest), ("src/lib.rs", &code)]);
        format!("netsplit-test-{name} = {{ path = \"{}\" }}", folder.path().join(name).display())
    });
    let [alpha, beta, gamma] = &crates;
    let shared = places().cache;
    let mut progress = Vec::new();
    let prepared =
        prepare_shared(&home(), &shared, &[alpha, beta], &mut |line| progress.push(line.to_string()));
    let prepared: Vec<String> = prepared.unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(prepared, ["netsplit_test_alpha", "netsplit_test_beta"]);
    assert!(progress.iter().any(|line| line.contains("Compiling netsplit-test-alpha")), "{progress:?}");

    let before = listing(&shared);
    let cache = tempfile::tempdir().unwrap();
    let reader = Places { cache: cache.path().to_path_buf(), shared: Some(shared.clone()), ..places() };
    let mut notebook = Notebook::new(&reader);
    let (value, said) = notebook.run(&format!(":dep {beta}\nnetsplit_test_beta::beta()")).unwrap();
    assert_eq!((value.as_str(), said.as_str()), ("0", ""));
    assert!(notebook.run("netsplit_test_alpha::alpha()").is_err(), "what was not asked for has no name");
    let (value, said) = notebook.run(&format!(":dep {alpha}\nnetsplit_test_alpha::alpha()")).unwrap();
    assert_eq!((value.as_str(), said.as_str()), ("0", ""));
    assert!(!cache.path().join("crates").exists(), "nothing was built");
    let (value, said) = notebook
        .run(&format!(":dep {gamma}\nnetsplit_test_gamma::gamma() + netsplit_test_beta::beta()"))
        .unwrap();
    assert_eq!(value, "1", "the static of the shared set is the one that is there");
    assert!(said.contains("Compiling netsplit-test-gamma") && !said.contains("netsplit-test-beta"), "{said}");
    drop(notebook);
    let after = listing(&shared);
    let changed: Vec<_> =
        after.iter().filter(|it| !before.contains_key(it.0) || before[it.0] != *it.1).collect();
    assert!(changed.is_empty() && after.len() == before.len(), "{changed:?}");
}

/// All files below a folder, with when they were changed and how long they are.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, u64)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let told = entry.metadata().unwrap();
        found.insert(entry.path(), (told.modified().unwrap(), told.len()));
        if told.is_dir() {
            found.extend(listing(&entry.path()));
        }
    }
    found
}

/// An interrupt ends a build with all that it has started, and the notebook is as it was; the next attempt goes on.
#[test]
fn builds_are_interrupted() {
    let _one = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let (pid_file, slow) = (folder.path().join("pid"), folder.path().join("slow"));
    let script = format!(
        "fn main() {{\n    let mut child = std::process::Command::new(\"sleep\").arg(\"600\").spawn().unwrap();\n    std::fs::write({:?}, child.id().to_string()).unwrap();\n    if !std::path::Path::new({:?}).exists() {{ return child.kill().unwrap(); }}\n    child.wait().unwrap();\n}}\n",
        pid_file, slow
    );
    let manifest = manifest("netsplit-test-slow", "1.0.0", "");
    let at = folder.path().join("crate");
    write(
        &at,
        &[("Cargo.toml", &manifest), ("build.rs", &script), ("src/lib.rs", "//! A.\npub fn f() -> u8 { 3 }")],
    );
    fs::write(&slow, "").unwrap();
    let mut notebook = Notebook::new(&places());
    let line = format!(":dep netsplit-test-slow = {{ path = \"{}\" }}", at.display());
    let interrupt = notebook.interrupt.clone();
    let waiter = std::thread::spawn({
        let pid_file = pid_file.clone();
        move || loop {
            if let Some(pid) = fs::read_to_string(&pid_file).ok().filter(|it| !it.is_empty()) {
                interrupt.interrupt();
                return pid;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    });
    let failure = notebook.run(&line).unwrap_err();
    assert_eq!(failure.name, "Interrupted", "{}", failure.message);
    let child = PathBuf::from("/proc").join(waiter.join().unwrap());
    let is_alive = || fs::read_to_string(child.join("stat")).is_ok_and(|it| !it.contains(") Z "));
    while is_alive() {
        // It is killed already, and takes its time to go; if it were not, this would never end.
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(notebook.engine.dependencies().is_empty());
    notebook.interrupt.clear();
    fs::remove_file(&slow).unwrap();
    assert_eq!(notebook.run(&format!("{line}\nnetsplit_test_slow::f()")).unwrap().0, "3");
}

/// Two notebooks that want the same crates at the same time build them once.
#[test]
fn builds_are_shared() {
    let _one = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let manifest = manifest("netsplit-test-both", "1.0.0", "");
    write(folder.path(), &[("Cargo.toml", &manifest), ("src/lib.rs", "//! A.\npub fn f() -> u8 { 3 }")]);
    let code = format!(
        ":dep netsplit-test-both = {{ path = \"{}\" }}\nnetsplit_test_both::f()",
        folder.path().display()
    );
    let built: usize = std::thread::scope(|scope| {
        let run = || {
            let (value, said) = Notebook::new(&places()).run(&code).unwrap();
            assert_eq!(value, "3");
            said.matches("Compiling").count()
        };
        [scope.spawn(run), scope.spawn(run)].map(|it| it.join().unwrap()).iter().sum()
    });
    assert_eq!(built, 1);
}

/// Files in the notebook's folder that tell cargo or rustup what to do are not obeyed: neither when the compiler is asked,
/// nor when crates are built; a crate's own folder has no say either.
#[test]
fn folders_give_no_orders() {
    let _one = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("obeyed");
    let orders = format!("[build]\nrustc-wrapper = {:?}\nrustc = {0:?}\n", folder.path().join("evil.sh"));
    let evil = format!("#!/bin/sh\ntouch {}\nexit 1\n", marker.display());
    let toolchain = "[toolchain]\nchannel = \"nightly-1999-01-01\"\n";
    for at in [folder.path().to_path_buf(), folder.path().join("mine")] {
        write(&at, &[(".cargo/config.toml", &orders), ("rust-toolchain.toml", toolchain)]);
    }
    write(folder.path(), &[("evil.sh", &evil)]);
    fs::set_permissions(folder.path().join("evil.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let manifest = manifest("mine", "1.0.0", "");
    write(
        &folder.path().join("mine"),
        &[("Cargo.toml", &manifest), ("src/lib.rs", "//! A.\npub fn f() -> u8 { 3 }")],
    );

    let before = std::env::current_dir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    let version = library::compiler_version();
    let mut notebook = Notebook::new(&places());
    // The path is that of the notebook's folder all the same.
    let ran = notebook.run(":dep mine = { path = \"mine\" }\nmine::f()");
    std::env::set_current_dir(before).unwrap();
    assert!(version.unwrap().starts_with("rustc "));
    assert_eq!(ran.unwrap().0, "3");
    assert!(!marker.exists(), "a file in the notebook's folder was obeyed");
}
