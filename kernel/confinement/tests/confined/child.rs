//! What the children do.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use netsplit_confinement::attempts::{Surroundings, attempts};
use netsplit_confinement::{Places, Policy, Starts, Strictness, environment, filter_system_calls};

/// Does what the order says: how to confine, what to do, with what.
pub fn run(order: &[String]) -> ExitCode {
    let [how, what, with @ ..] = order else { return ExitCode::from(2) };
    match what.as_str() {
        "attempts" => {
            let surroundings = Surroundings::from_arguments(with).unwrap();
            confine(how, &surroundings.places());
            for attempt in attempts() {
                let outcome = match attempt.make(&surroundings) {
                    Ok(()) => "succeeded".to_string(),
                    Err(error) => format!("{error:?}"),
                };
                println!("{}", outcome.replace('\n', " "));
            }
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
        "threads" => {
            let waiting = std::thread::spawn(std::thread::park);
            let nothing =
                Policy { readable: vec![], writable: vec![], executable: vec![], starts: Starts::Nothing };
            println!("{}", nothing.apply(Strictness::Required).unwrap_err());
            drop(waiting);
        }
        "signals" => signals(how),
        other => panic!("nobody knows how to {other}"),
    }
    ExitCode::SUCCESS
}

fn confine(how: &str, places: &Places) {
    let policy = match how {
        "free" => return,
        "calls-only" => return filter_system_calls(Starts::Nothing, 0).unwrap(),
        "cells" => Policy::for_cells(places),
        "compiler" => Policy::for_compiler(places, &super::compiling::programs()),
        "builds" => {
            let target = places.cells.join("target");
            Policy::for_builds(places, &super::compiling::programs(), &target, &[])
        }
        other => panic!("nobody knows the confinement {other}"),
    };
    let enforced = policy.apply(Strictness::Required).unwrap();
    assert!(
        enforced.landlock > 0
            && enforced.system_calls
            && enforced.has_no_privileges
            && enforced.gaps.is_empty()
    );
}

/// Sends signals to itself, to a copy of itself, and dies of `abort`.
fn signals(how: &str) {
    use rustix::process::{Signal, WaitOptions, getpid, kill_process, waitpid};
    match how {
        "cells" => {
            let nothing =
                Policy { readable: vec![], writable: vec![], executable: vec![], starts: Starts::Nothing };
            nothing.apply(Strictness::Required).unwrap();
        }
        _ => filter_system_calls(Starts::Nothing, 0).unwrap(),
    }
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
