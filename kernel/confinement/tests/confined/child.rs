//! What the children do.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use netsplit_confinement::attempts::{Surroundings, attempts};
use netsplit_confinement::{Places, Policy, Starts, Strictness, environment};

/// Does what the order says: how to confine, what to do, with what.
pub fn run(order: &[String]) -> ExitCode {
    let [how, what, with @ ..] = order else { return ExitCode::from(2) };
    match what.as_str() {
        "attempts" => {
            let surroundings = Surroundings::from_arguments(with).unwrap();
            confine(how, &surroundings.places());
            make_attempts(&surroundings);
        }
        "live" => {
            let surroundings = Surroundings::from_arguments(with).unwrap();
            confine(how, &surroundings.places());
            super::reaching::live(&surroundings);
        }
        "start" => {
            let [folder, sysroot, program, arguments @ ..] = with else { return ExitCode::from(2) };
            let places = super::compiling::places(folder.as_ref(), sysroot.as_ref());
            let mut command = Command::new(program);
            if how != "free" {
                command.env_clear().envs(environment::allowed(
                    std::env::vars_os(),
                    &places.home,
                    &places.temporary,
                ));
            }
            confine(how, &places);
            let error = command.args(arguments).current_dir(&places.cells).exec();
            println!("not started: {error}");
            return ExitCode::from(3);
        }
        "old-kernel" => {
            let surroundings = Surroundings::from_arguments(with).unwrap();
            super::old_kernel::run(&surroundings);
        }
        "threads" => {
            let waiting = std::thread::spawn(std::thread::park);
            println!("{}", nothing().apply(Strictness::Required).unwrap_err());
            drop(waiting);
        }
        "signals" => signals(how),
        "other-calls" => {
            if how == "cells" {
                nothing().apply(Strictness::Required).unwrap();
            }
            other_calls();
        }
        other => panic!("nobody knows how to {other}"),
    }
    ExitCode::SUCCESS
}

/// Prints what comes of each attempt.
pub fn make_attempts(surroundings: &Surroundings) {
    for attempt in attempts() {
        let outcome = match attempt.make(surroundings) {
            Ok(()) => "succeeded".to_string(),
            Err(error) => format!("{error:?}"),
        };
        println!("{}", outcome.replace('\n', " "));
    }
}

/// Allows nothing at all.
fn nothing() -> Policy {
    Policy { readable: vec![], writable: vec![], pipes: vec![], executable: vec![], starts: Starts::Nothing }
}

fn confine(how: &str, places: &Places) {
    let policy = match how {
        "free" => return,
        "cells" => Policy::for_cells(places),
        "compiler" => Policy::for_compiler(places, &super::compiling::programs()),
        "builds" => {
            // Whoever asks for a build has made its folder.
            let target = places.cells.join("target");
            let _ = std::fs::create_dir(&target);
            Policy::for_builds(places, &super::compiling::programs(), &target, &[])
        }
        other => panic!("nobody knows the confinement {other}"),
    };
    let enforced = policy.apply(Strictness::Required).unwrap();
    assert_eq!(rustix::thread::capabilities(None).unwrap().permitted, rustix::thread::CapabilitySet::empty());
    assert!(rustix::thread::no_new_privs().unwrap());
    assert!(
        enforced.landlock > 0
            && enforced.system_calls
            && enforced.has_no_privileges
            && enforced.gaps.is_empty()
    );
}

/// Makes a call that is newer than the list of what is denied, and one as a 32-bit program makes it; prints what they answer.
#[allow(unsafe_code, reason = "no library offers these")]
fn other_calls() {
    /// `listxattrat`, since Linux 6.13.
    const NEWER: libc::c_long = 465;
    // SAFETY: without a path, nothing is looked up and nothing written.
    let newer = unsafe { libc::syscall(NEWER, -1, 0, 0, 0, 0) };
    assert_eq!(newer, -1);
    println!("{}", std::io::Error::last_os_error().raw_os_error().unwrap_or_default());
    std::io::stdout().flush().unwrap();
    #[cfg(target_arch = "x86_64")]
    {
        /// `getpid` of 32-bit programs.
        const GETPID: i64 = 20;
        let answer: i64;
        // SAFETY: the call has no arguments, and changes no register but those that are named.
        unsafe {
            std::arch::asm!("int 0x80", inlateout("rax") GETPID => answer, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
        }
        println!("{answer}");
    }
}

/// Sends signals to itself, to a copy of itself, and dies of `abort`.
fn signals(how: &str) {
    use rustix::process::{Signal, WaitOptions, getpid, kill_process, waitpid};
    let strictness = match how {
        "cells" => Strictness::Required,
        _ => {
            super::old_kernel::pretend();
            Strictness::AsFarAsPossible
        }
    };
    nothing().apply(strictness).unwrap();
    kill_process(getpid(), Signal::CONT).unwrap();
    println!("itself");
    std::io::stdout().flush().unwrap();
    #[allow(unsafe_code, reason = "the standard library does not fork")]
    // SAFETY: this process has one thread.
    match unsafe { libc::fork() } {
        0 => {
            // Until it is killed, or has waited long enough for the signal that does not come.
            std::thread::sleep(std::time::Duration::from_millis(500));
            std::process::exit(0)
        }
        copy => {
            let copy = rustix::process::Pid::from_raw(copy).unwrap();
            match kill_process(copy, Signal::KILL) {
                Ok(()) => {
                    let (_, status) = waitpid(Some(copy), WaitOptions::empty()).unwrap().unwrap();
                    println!("its copy: {:?}", status.terminating_signal());
                }
                Err(error) => println!("its copy: {error}"),
            }
        }
    }
    std::process::abort();
}
