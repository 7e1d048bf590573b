"""cells.py --ours NETSPLIT [--peer EVCXR_JUPYTER] [--sessions N]: the same small cells in two Rust kernels.

Sessions of the two kernels alternate, so that a busy minute of the machine hits both. Times are what a front end sees,
in milliseconds: from the start of the kernel to the result of its first cell, and for each cell from the request to the
kernel's idle. Of several sessions the median of each cell counts. The last line is one JSON object:
{"ours": {"first_ms": .., "median_ms": .., "p95_ms": ..}, "peer": the same or null}.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

SECONDS_PER_CELL = 600

# What people type into notebooks: values, items, variables that live on, collections, text, loops.
CELLS = [
    "2 + 3",
    "let speed = 30;",
    "speed * 2",
    "fn half(x: u64) -> u64 { x / 2 }",
    "half(84)",
    'println!("half of ten is {}", half(10));',
    "let mut queue = std::collections::VecDeque::from([1, 2, 3]);",
    "queue.push_back(4); queue.len()",
    "#[derive(Debug, Clone)] struct Account { owner: String, balance: i64 }",
    'let mut account = Account { owner: "ann".to_string(), balance: 10 };',
    "account.balance += 5; account.balance",
    'format!("{} has {}", account.owner, account.balance)',
    "impl Account { fn is_rich(&self) -> bool { self.balance > 100 } }",
    "account.is_rich()",
    "let squares: Vec<u64> = (1..=10).map(|n| n * n).collect();",
    "squares.iter().sum::<u64>()",
    "use std::collections::BTreeMap;",
    "let mut ages: BTreeMap<String, u32> = BTreeMap::new();",
    'ages.insert("bob".to_string(), 44); ages.get("bob").copied()',
    'for n in 0..3 { println!("{n}"); }',
]


def kernelspec(folder, name, argv, interrupt_mode):
    """Writes a kernelspec that only this run knows."""
    spec = {"argv": argv, "display_name": name, "language": "rust", "interrupt_mode": interrupt_mode}
    target = Path(folder) / "kernels" / name
    target.mkdir(parents=True)
    (target / "kernel.json").write_text(json.dumps(spec))


class Session:
    """A kernel from its start to its end."""

    def __init__(self, specs, name):
        self.name = name
        self.started = time.perf_counter()
        self.manager = KernelManager(kernel_name=name, kernel_spec_manager=specs)
        self.manager.start_kernel(stderr=sys.stderr)
        self.client = self.manager.client()
        self.client.start_channels()

    def __enter__(self):
        self.client.wait_for_ready(timeout=SECONDS_PER_CELL)
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, code):
        """Runs a cell and returns its time from request to idle."""
        failed = []

        def see(message):
            if message["msg_type"] == "error":
                failed.append(message["content"].get("evalue"))

        begun = time.perf_counter()
        reply = self.client.execute_interactive(code, timeout=SECONDS_PER_CELL, output_hook=see)
        taken = time.perf_counter() - begun
        if failed or reply["content"]["status"] != "ok":
            sys.exit(f"{self.name}: the cell {code!r} failed: {failed}")
        return 1000 * taken

    def measure(self):
        """The time from the start to the first result, and the time of each cell."""
        self.run("1 + 1")
        first = 1000 * (time.perf_counter() - self.started)
        return first, [self.run(code) for code in CELLS]


def summary(sessions):
    """The medians over the sessions of one kernel."""
    cells = [statistics.median(times) for times in zip(*(times for _, times in sessions))]
    everything = sorted(time for _, times in sessions for time in times)
    return {
        "first_ms": round(statistics.median(first for first, _ in sessions), 1),
        "median_ms": round(statistics.median(cells), 1),
        "p95_ms": round(everything[int(0.95 * (len(everything) - 1))], 1),
    }, cells


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--peer")
    parser.add_argument("--sessions", type=int, default=3)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        kernelspec(folder, "ours", [options.ours, "kernel", "{connection_file}"], "message")
        if options.peer:
            kernelspec(folder, "peer", [options.peer, "--control_file", "{connection_file}"], "message")
        specs = KernelSpecManager(kernel_dirs=[str(Path(folder) / "kernels")], ensure_native_kernel=False)
        names = ["ours", "peer"] if options.peer else ["ours"]
        runs = {name: [] for name in names}
        for number in range(options.sessions):
            for name in names:
                with Session(specs, name) as session:
                    runs[name].append(session.measure())
                print(f"session {number + 1} of {options.sessions}, {name}: done", file=sys.stderr)

    results = {name: summary(sessions) for name, sessions in runs.items()}
    for number, code in enumerate(CELLS):
        times = "  ".join(f"{results[name][1][number]:8.0f}" for name in names)
        print(f"{times}  {code[:70]}", file=sys.stderr)
    print(json.dumps({"ours": results["ours"][0], "peer": results["peer"][0] if options.peer else None}))


if __name__ == "__main__":
    main()
