//! How much memory this process can have at all: the machine's, or what its control groups leave of it; and whether it is
//! getting short.

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

/// Whether less than an eighth of it is left, of the machine's or of a group's. Not so where the system does not say.
pub fn is_short() -> bool {
    is_short_below(Path::new("/"))
}

fn is_short_below(root: &Path) -> bool {
    let read = |path: &Path| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let meminfo = read(Path::new("proc/meminfo"));
    let of_machine = field(&meminfo, "MemAvailable:").zip(installed(&meminfo));
    let groups = read(Path::new("proc/self/cgroup"));
    let of_groups = group_files(&groups).into_iter().filter_map(|file| {
        let limit = limit(&read(&file))?;
        let usage = if file.ends_with("memory.max") { "memory.current" } else { "memory.usage_in_bytes" };
        let used: u64 = read(&file.with_file_name(usage)).trim().parse().ok()?;
        // Files that were read and are not in use are given up before anybody is killed.
        let stat = read(&file.with_file_name("memory.stat"));
        let cached = stat.lines().find_map(|line| line.strip_prefix("inactive_file "))?.parse().unwrap_or(0);
        Some((limit.saturating_sub(used.saturating_sub(cached)), limit))
    });
    of_machine.into_iter().chain(of_groups).any(|(left, all)| left < all / 8)
}

fn installed(meminfo: &str) -> Option<u64> {
    field(meminfo, "MemTotal:")
}

/// A number of kilobytes, in bytes.
fn field(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
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

    /// Memory is short when a group has nearly used its limit, but not if most of that are files that can be given up.
    #[test]
    fn short_memory() {
        let is_short = |available: &str, current: &str, inactive: &str| {
            let root = tempfile::tempdir().unwrap();
            let files = [
                ("proc/meminfo", format!("MemTotal: 16000000 kB\nMemAvailable: {available} kB\n")),
                ("proc/self/cgroup", "0::/one\n".to_string()),
                ("sys/fs/cgroup/one/memory.max", "1000000\n".to_string()),
                ("sys/fs/cgroup/one/memory.current", format!("{current}\n")),
                ("sys/fs/cgroup/one/memory.stat", format!("anon 1\ninactive_file {inactive}\n")),
            ];
            for (path, text) in files {
                let path = root.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            is_short_below(root.path())
        };
        assert!(!is_short("8000000", "800000", "0"));
        assert!(is_short("8000000", "900000", "0"));
        assert!(!is_short("8000000", "900000", "500000"));
        assert!(is_short("1000000", "1", "0"));
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
