//! What a crate does that needs a library of the system.

fn main() {
    eprintln!("The system library `frobnicate` required by crate `native` was not found.");
    std::process::exit(1);
}
