//! Confinement, tried on the kernel that this runs on. Each test runs children of this very program, which confine themselves and
//! then do what the test is about; a child that is not confined does the same, and must succeed, or the test would prove nothing.
//!
//! Run by root, all of it runs once more as an ordinary user.

#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod compiling;
#[cfg(target_os = "linux")]
mod old_kernel;
#[cfg(target_os = "linux")]
mod reaching;
#[cfg(target_os = "linux")]
mod runner;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(order) = arguments.strip_prefix(&["child".to_string()]) {
        return child::run(order);
    }
    runner::run(&arguments, &[reaching::TESTS, old_kernel::TESTS, compiling::TESTS].concat())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
