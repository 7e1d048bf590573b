//! Processes of a notebook are killed at random moments: nothing is left, and what lives goes on. `cargo measure kernel/kills`
//! does it two hundred times.

use std::path::{Path, PathBuf};

use netsplit_engine::library;

#[path = "../../tests/src/measure/kills.rs"]
mod kills;

/// Neither a process nor a folder is left of a kernel that is killed, and a kernel that loses a process runs the next cell.
#[test]
fn kills_leave_nothing() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // A cache of its own: what is in its folder of sessions is ours. It stays, so that the library is prepared once.
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("netsplit-kills");
    library::prepare(&home, &cache, &mut |_| {}).expect("the library can be prepared");
    let seen = kills::run(Path::new(env!("CARGO_BIN_EXE_netsplit")), &cache, 20_261_121, 20).unwrap();
    assert_eq!(
        seen,
        kills::Kills { kills: 20, kernels: seen.kernels, ..kills::Kills::default() },
        "nothing should be left"
    );
    assert!(seen.kernels > 0);
}
