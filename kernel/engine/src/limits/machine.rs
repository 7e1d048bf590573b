//! How much memory this process can have at all: the machine's, or what its control groups leave of it.

use std::path::{Path, PathBuf};

/// In bytes; none where the system does not say.
pub fn memory() -> Option<u64> {
    memory_below(Path::new("/"))
}

/// The same, of a machine whose files are below this folder.
fn memory_below(root: &Path) -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let installed = installed(&read("proc/meminfo"));
    let groups = read("proc/self/cgroup");
    let allowed =
        group_files(&groups).into_iter().filter_map(|path| limit(&read(&path.display().to_string())));
    installed.into_iter().chain(allowed).min()
}

fn installed(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// The files that may hold a limit for this process. Each group is limited by all groups above it, too; and in a
/// container, the path that the system tells is often that outside, and the group's files are at the top.
fn group_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (top, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            of if of.split(',').any(|it| it == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let group = Path::new(top).join(path.trim_start_matches('/'));
        files.extend(group.ancestors().take_while(|it| it.starts_with(top)).map(|it| it.join(file)));
    }
    files
}

/// The number in a group's file; `max`, and the number that the first version writes instead, are none.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse::<u64>().ok().filter(|bytes| (1..1 << 60).contains(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        memory_below(root.path())
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:       16000000 kB\nMemFree: 1 kB\n");

    /// Without groups, or in groups without a limit, it is the machine's memory.
    #[test]
    fn a_machine_without_limits() {
        assert_eq!(machine(&[MEMINFO]), Some(16_000_000 * 1024));
        let unlimited =
            [MEMINFO, ("proc/self/cgroup", "0::/user\n"), ("sys/fs/cgroup/user/memory.max", "max\n")];
        assert_eq!(machine(&unlimited), Some(16_000_000 * 1024));
        assert_eq!(machine(&[]), None);
    }

    /// The second version of control groups: the least of a group's limit and those of the groups above it.
    #[test]
    fn groups_of_the_second_version() {
        let files = [
            MEMINFO,
            ("proc/self/cgroup", "0::/pods/one/kernel\n"),
            ("sys/fs/cgroup/pods/one/kernel/memory.max", "max\n"),
            ("sys/fs/cgroup/pods/one/memory.max", "2147483648\n"),
            ("sys/fs/cgroup/pods/memory.max", "9147483648\n"),
        ];
        assert_eq!(machine(&files), Some(2 << 30));
    }

    /// In a container, the path is that outside, and only the top is there to be read.
    #[test]
    fn a_container() {
        let second = [
            MEMINFO,
            ("proc/self/cgroup", "0::/../../pods/one\n"),
            ("sys/fs/cgroup/memory.max", "1073741824"),
        ];
        assert_eq!(machine(&second), Some(1 << 30));
        let first = [
            MEMINFO,
            ("proc/self/cgroup", "12:cpu,cpuacct:/docker/a\n9:memory:/docker/a\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "3221225472\n"),
        ];
        assert_eq!(machine(&first), Some(3 << 30));
    }

    /// The first version writes a very large number where there is no limit.
    #[test]
    fn the_first_versions_no_limit() {
        let files = [
            MEMINFO,
            ("proc/self/cgroup", "9:memory:/a\n"),
            ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(machine(&files), Some(16_000_000 * 1024));
    }

    /// This machine has some.
    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine() {
        assert!(memory().unwrap() > 64 << 20);
    }
}
