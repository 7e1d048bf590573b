//! The variables of the environment that a confined process gets: a short list, since `env!` and `std::env::var` read them all, and
//! a notebook server keeps tokens there.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What is passed on as it is: where programs are, how people write, and how panics are told.
const PASSED_ON: [&str; 5] = ["PATH", "LANG", "TZ", "TERM", "RUST_BACKTRACE"];

/// The environment of a confined process: of what is `inherited`, what is harmless; `HOME`, `TMPDIR` and `CARGO_HOME` are private.
pub fn allowed(
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
    home: &Path,
    temporary: &Path,
) -> Vec<(OsString, OsString)> {
    let private = [
        ("HOME", home.to_path_buf()),
        ("TMPDIR", temporary.to_path_buf()),
        ("CARGO_HOME", home.join(".cargo")),
    ];
    let private = private.map(|(name, folder)| (OsString::from(name), folder.into_os_string()));
    inherited.into_iter().filter(|(name, _)| is_passed_on(name)).chain(private).collect()
}

/// Whether a variable of this name is harmless.
fn is_passed_on(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| PASSED_ON.contains(&name) || name.starts_with("LC_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secrets stay behind, also under names that begin as an allowed one; the private folders replace the user's.
    #[test]
    fn only_the_list_is_passed_on() {
        let inherited = [
            ("PATH", "/bin"),
            ("LC_ALL", "C.UTF-8"),
            ("LANGUAGE_TOKEN", "secret"),
            ("JUPYTERHUB_API_TOKEN", "secret"),
            ("LD_PRELOAD", "/evil.so"),
            ("HOME", "/home/ann"),
            ("CARGO_HOME", "/home/ann/.cargo"),
        ];
        let inherited = inherited.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let got = allowed(inherited, Path::new("/s/home"), Path::new("/s/tmp"));
        let got: Vec<_> =
            got.iter().map(|(name, value)| (name.to_str().unwrap(), value.to_str().unwrap())).collect();
        assert_eq!(
            got,
            [
                ("PATH", "/bin"),
                ("LC_ALL", "C.UTF-8"),
                ("HOME", "/s/home"),
                ("TMPDIR", "/s/tmp"),
                ("CARGO_HOME", "/s/home/.cargo")
            ]
        );
    }
}
