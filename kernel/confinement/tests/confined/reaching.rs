//! What a confined process reaches, and what it does not.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::{Command, Output};
use std::time::{Duration, Instant, SystemTime};

use netsplit_confinement::attempts::{Attempt, Needs, Stage, Surroundings, attempts};
use netsplit_confinement::{Landlock, available};

use crate::runner::Test;

pub const TESTS: &[Test] = &[
    ("attempts_succeed_where_nothing_is_confined", attempts_succeed_where_nothing_is_confined),
    ("no_attempt_succeeds_in_cells", no_attempt_succeeds_in_cells),
    ("no_attempt_succeeds_in_the_compiler", no_attempt_succeeds_in_the_compiler),
    ("builds_start_what_they_build_and_reach_nothing", builds_start_what_they_build_and_reach_nothing),
    ("confined_cells_can_live", confined_cells_can_live),
    ("signals_stay_inside", signals_stay_inside),
    ("calls_of_other_kinds_do_not_exist", calls_of_other_kinds_do_not_exist),
    ("several_threads_are_refused", several_threads_are_refused),
    ("this_machine_can_enforce_it", this_machine_can_enforce_it),
];

/// Starts a child of this program.
pub fn child(how: &str, what: &str, with: &[String]) -> Output {
    let program = std::env::current_exe().unwrap();
    Command::new(program)
        .args(["child", how, what])
        .args(with)
        .env("NETSPLIT_SECRET", "hidden")
        .output()
        .unwrap()
}

/// What came of each attempt.
fn outcomes(how: &str) -> Vec<(Attempt, String)> {
    outcomes_of(how, "attempts")
}

/// The same of a child that does something else before.
pub fn outcomes_of(how: &str, what: &str) -> Vec<(Attempt, String)> {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path()).unwrap();
    let output = child(how, what, &stage.surroundings().to_arguments());
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    let outcomes: Vec<_> = attempts().into_iter().zip(text.lines().map(str::to_string)).collect();
    assert_eq!(outcomes.len(), attempts().len(), "{text}{said}");
    outcomes
}

/// What any user can do succeeds; what root can do succeeds for root.
fn attempts_succeed_where_nothing_is_confined() {
    let is_root = rustix::process::getuid().is_root();
    for (attempt, outcome) in outcomes("free") {
        let must_succeed = match attempt.needs {
            Needs::Nothing => true,
            Needs::Root => is_root,
            Needs::Setting(_) => false,
        };
        if outcome != "succeeded" {
            println!("    unconfined, cannot {}: {outcome}", attempt.what);
        }
        assert!(!must_succeed || outcome == "succeeded", "cannot {}: {outcome}", attempt.what);
    }
}

/// The error is that of something denied: one that is not found would prove nothing.
pub fn is_denied(outcome: &str) -> bool {
    ["PermissionDenied", "CrossesDevices", "Unsupported"].iter().any(|it| outcome.contains(it))
}

/// Everything is denied to cells, with an error that says so.
fn no_attempt_succeeds_in_cells() {
    for (attempt, outcome) in outcomes("cells") {
        assert!(is_denied(&outcome), "a cell can {}: {outcome}", attempt.what);
    }
}

/// Neither to the code of macros, which runs in the compiler: it may start programs, and not these.
fn no_attempt_succeeds_in_the_compiler() {
    for (attempt, outcome) in outcomes("compiler") {
        assert!(is_denied(&outcome), "the compiler can {}: {outcome}", attempt.what);
    }
}

/// What a build needs more, it has: times and permissions of files. All the rest is denied.
fn builds_start_what_they_build_and_reach_nothing() {
    for (attempt, outcome) in outcomes("builds") {
        let is_allowed = ["make a file outside readable for all", "change the time of a file outside"];
        assert_eq!(
            is_denied(&outcome),
            !is_allowed.contains(&attempt.what),
            "builds: {}: {outcome}",
            attempt.what
        );
    }
}

/// What every cell does still works: memory, threads, clocks, random numbers, files of its own, pipes, libraries, futures, copies of
/// itself.
fn confined_cells_can_live() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path()).unwrap();
    let places = stage.surroundings().places();
    let pipe = places.pipes.join("stdout");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    // For reading and writing, which waits for nobody.
    let _reader = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let library = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"]
        .iter()
        .find_map(|it| fs::copy(format!("{it}/libm.so.6"), places.cells.join("library.so")).ok());
    assert!(library.is_some(), "a library to load");
    for how in ["free", "cells"] {
        let output = child(how, "live", &stage.surroundings().to_arguments());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{how}: {}: {said}", output.status);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "alive\n");
    }
}

/// The child's part of [`confined_cells_can_live`].
#[allow(unsafe_code, reason = "loading a library, and a fork in a process with one thread")]
pub fn live(surroundings: &Surroundings) {
    let places = surroundings.places();
    assert_eq!(vec![7u8; 300 << 20].iter().rev().take(1).sum::<u8>(), 7);
    let threads: Vec<_> = (0..4).map(|it| std::thread::spawn(move || it)).collect();
    assert_eq!(threads.into_iter().map(|it| it.join().unwrap()).sum::<i32>(), 6);
    assert!(SystemTime::now() > SystemTime::UNIX_EPOCH && Instant::now().elapsed() < Duration::from_secs(60));
    let random = || std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 1);
    assert_ne!(random(), random());
    for folder in [&places.temporary, &places.home] {
        fs::create_dir(folder.join("a")).unwrap();
        fs::write(folder.join("a/file"), "text").unwrap();
        fs::rename(folder.join("a/file"), folder.join("other")).unwrap();
        assert_eq!(fs::read_to_string(folder.join("other")).unwrap(), "text");
        fs::OpenOptions::new().write(true).truncate(true).open(folder.join("other")).unwrap();
        fs::remove_file(folder.join("other")).unwrap();
        fs::remove_dir(folder.join("a")).unwrap();
    }
    fs::write("/dev/null", "x").unwrap();
    let mut some = [0; 4];
    std::io::Read::read_exact(&mut fs::File::open("/dev/urandom").unwrap(), &mut some).unwrap();
    OpenOptions::new().write(true).open(places.pipes.join("stdout")).unwrap().write_all(b"printed").unwrap();
    let library =
        std::ffi::CString::new(places.cells.join("library.so").into_os_string().into_encoded_bytes())
            .unwrap();
    // SAFETY: the C library's own mathematics, whose initialisers do nothing to anybody.
    assert!(!unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW) }.is_null());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (mut one, mut other) = tokio::net::UnixStream::pair().unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut one, b"hi").await.unwrap();
        let mut heard = [0; 2];
        tokio::io::AsyncReadExt::read_exact(&mut other, &mut heard).await.unwrap();
        assert_eq!(&heard, b"hi");
    });
    drop(runtime);
    // SAFETY: all threads have been joined.
    match unsafe { libc::fork() } {
        0 => std::process::exit(7),
        copy => {
            let ended = rustix::process::waitpid(
                rustix::process::Pid::from_raw(copy),
                rustix::process::WaitOptions::empty(),
            );
            assert_eq!(ended.unwrap().unwrap().1.exit_status(), Some(7));
        }
    }
    println!("alive");
}

/// A confined process may signal itself and its copies, and `abort` is what it is elsewhere. Without Landlock's help its copies are
/// out of reach.
fn signals_stay_inside() {
    use std::os::unix::process::ExitStatusExt;
    let Landlock::Version(version) = available().landlock else { panic!("no Landlock") };
    for (how, copy) in [("cells", "its copy: Some(9)"), ("old-kernel", "its copy: Operation not permitted")] {
        if version >= 6 || how == "old-kernel" {
            let output = child(how, "signals", &[]);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.starts_with("itself\n") && text.contains(copy), "{how}: {text}");
            assert_eq!(output.status.signal(), Some(6), "{how}");
        }
    }
}

/// System calls that nobody has looked at, and those of 32-bit programs, which have other numbers, are answered as by a kernel
/// that does not have them.
fn calls_of_other_kinds_do_not_exist() {
    let answers = |how: &str| -> Vec<i64> {
        let output = child(how, "other-calls", &[]);
        assert!(how == "free" || output.status.success(), "it is ended for asking: {}", output.status);
        String::from_utf8(output.stdout).unwrap().lines().map(|it| it.parse().unwrap()).collect()
    };
    let absent = i64::from(libc::ENOSYS);
    let (free, confined) = (answers("free"), answers("cells"));
    assert_eq!(confined[0], absent);
    println!("    unconfined, they answer {free:?}");
    // A kernel without 32-bit programs ends the process, and there is nothing to try.
    if free.get(1).is_some_and(|pid| *pid > 0) {
        assert_eq!(confined[1], -absent);
    }
}

/// A process whose other threads would stay free is told so.
fn several_threads_are_refused() {
    let output = child("free", "threads", &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("one thread, and this one has 2"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Asking what can be enforced agrees with the tests above, which did enforce it.
fn this_machine_can_enforce_it() {
    let found = available();
    assert!(matches!(found.landlock, Landlock::Version(1..)) && found.system_calls, "{found:?}");
    assert_eq!(found.process_limit, !rustix::process::getuid().is_root());
}
