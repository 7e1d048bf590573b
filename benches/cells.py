"""cells.py --ours NETSPLIT [--peer EVCXR_JUPYTER] [--sessions N] [--only PART]...: the same cells in two Rust kernels.

Sessions of the two kernels alternate, so that a busy minute of the machine hits both. Times are what a front end sees,
in milliseconds, and of several the median counts. The cells themselves are in cell_texts.py. The parts are:

  start   from the start of the kernel to the result of its first cell, and the memory of the kernel and its children then
  short   a dozen small cells in a fresh notebook, each from the request to the kernel's idle
  mixed   48 cells of all kinds in a fresh notebook, likewise
  floor   whole programs as cells, against plain rustc on the same text
  growth  `1 + 1` after 2,000 lines of items in earlier cells, in times of `1 + 1` in an empty notebook
  node    defining a node of 60 lines, and the cell that first runs it, in times of `1 + 1`; ours only
  late    200 cells that print and panic: those of which something came after their end, elsewhere, or not at all

The last line is one JSON object, {"ours": {"median_ms": .., ..}, "peer": the same}; without a peer, or where it has no such
thing, its numbers are missing. The load of the machine stands on stderr beside each session.
"""

import argparse
import json
import os
import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

import cell_texts

SECONDS_PER_CELL = 600
PARTS = ["start", "short", "mixed", "floor", "growth", "node", "late"]
TRIVIAL = "1 + 1"
# How often a trivial cell is run where others are compared with it.
TRIES = 7
LATE_CELLS = 200
CELLS_OF_100_LINES = 20


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
        # Or a kernel that is up would be noticed a tenth of a second later.
        self.manager.context.setsockopt(zmq.RECONNECT_IVL, 5)
        self.manager.start_kernel(stderr=sys.stderr)
        self.client = self.manager.client()
        self.client.start_channels()

    def __enter__(self):
        # Not wait_for_ready: it always waits 0.2 s for more. What comes on iopub shows that outputs arrive.
        deadline = time.perf_counter() + SECONDS_PER_CELL
        while time.perf_counter() < deadline:
            self.client.kernel_info()
            try:
                self.client.get_iopub_msg(timeout=0.05)
                return self
            except queue.Empty:
                pass
        sys.exit(f"{self.name} does not answer")

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, code):
        """Runs a cell and returns its time from request to idle, in milliseconds."""
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

    def trivial(self):
        """The time of a trivial cell; the first ones warm up."""
        self.run(TRIVIAL)
        return statistics.median(self.run(TRIVIAL) for _ in range(TRIES))

    def memory(self):
        """The memory of the kernel and all its children, shared pages divided among those who share them, in MB."""
        kilobytes = 0
        for process in descendants(self.manager.provisioner.process.pid):
            try:
                lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return kilobytes * 1024 / 1e6


def descendants(process):
    """The process and all below it."""
    found = [process]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


def start(session):
    session.run(TRIVIAL)
    first = 1000 * (time.perf_counter() - session.started)
    time.sleep(1)
    return {"first_ms": first, "idle_mb": session.memory()}


def short(session):
    session.run(TRIVIAL)
    return {"short": [session.run(code) for code in cell_texts.SHORT]}


def mixed(session):
    session.run(TRIVIAL)
    return {"mixed": [session.run(code) for code in cell_texts.MIXED]}


def floor(session, compiler):
    session.run(TRIVIAL)
    pairs = [(session.run(code), compiler.run(code)) for _ in range(3) for code in cell_texts.WHOLE]
    cells, compiled = zip(*pairs)
    return {"floor_ms": statistics.median(cells), "rustc_ms": statistics.median(compiled)}


def growth(session):
    before = session.trivial()
    for number in range(CELLS_OF_100_LINES):
        session.run(cell_texts.many_items(number))
    return {"growth": session.trivial() / before}


def node(session):
    trivial = session.trivial()
    defined = session.run(cell_texts.NODE)
    return {"node_defined": defined / trivial, "node_run": session.run(cell_texts.FIRST_RUN) / trivial}


def late(session):
    """Every cell says three things: on stdout, on stderr, and as it panics."""
    said = {}
    idle = {}
    elsewhere = []

    def take(message):
        parent = message["parent_header"].get("msg_id")
        content = message["content"]
        if message["msg_type"] == "status":
            if content["execution_state"] == "idle":
                idle[parent] = True
            return
        text = content.get("text", "") + content.get("evalue", "") + "\n".join(content.get("traceback", []))
        if message["msg_type"] in ("stream", "error"):
            if parent in said and parent not in idle:
                said[parent] += text
            else:
                elsewhere.append(text)

    requests = []
    for number in range(LATE_CELLS):
        code = f'println!("out-{number}."); eprintln!("err-{number}."); panic!("gone-{number}.");'
        # The next cell is asked for as soon as this one is over, as "Run All" does it.
        request = session.client.execute(code, stop_on_error=False)
        requests.append(request)
        said[request] = ""
        while request not in idle:
            take(session.client.get_iopub_msg(timeout=SECONDS_PER_CELL))
    until = time.perf_counter() + 2
    while (left := until - time.perf_counter()) > 0:
        try:
            take(session.client.get_iopub_msg(timeout=left))
        except queue.Empty:
            break
    missed = [
        [what for what in ("out", "err", "gone") if f"{what}-{number}." not in said[request]]
        for number, request in enumerate(requests)
    ]
    pieces = sum(map(len, missed))
    print(f"{session.name}: {pieces} of {3 * LATE_CELLS} pieces late or lost", file=sys.stderr)
    return {"late": sum(1 for pieces in missed if pieces)}


class Compiler:
    """rustc as somebody would run it who compiles a cell's text to a shared library, with the flags that cells get."""

    def __init__(self, folder):
        self.folder = Path(folder)
        sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout
        # Not the proxy of rustup, which looks up which compiler is meant.
        self.program = Path(sysroot.strip()) / "bin" / "rustc"
        self.linker = []
        found = [[f"-Clink-arg=-fuse-ld={name}"] for name in ("mold", "lld") if shutil.which(name) or shutil.which(f"ld.{name}")]
        times = {}
        for linker in [[], *found]:
            self.linker = linker
            times[tuple(linker)] = statistics.median(self.run(cell_texts.WHOLE[0]) for _ in range(5))
        self.linker = list(min(times, key=times.get))
        print(f"plain rustc links with {times}", file=sys.stderr)

    def run(self, code):
        """Compiles the text as the body of a function, and returns how long that took, in milliseconds."""
        source, library = self.folder / "plain.rs", self.folder / "libplain.so"
        source.write_text(f"#[unsafe(no_mangle)]\npub fn plain() {{\n{code}\n}}\n")
        command = [self.program, "--edition=2024", "--crate-type=cdylib", "-Cprefer-dynamic", "-Ccodegen-units=1",
                   "-Copt-level=0", "-Cembed-bitcode=no", *self.linker, "-o", library, source]
        begun = time.perf_counter()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return 1000 * (time.perf_counter() - begun)


def summary(runs):
    """The medians over the sessions of one kernel: rows of numbers, the mixed cells apart."""
    numbers = {}
    for name in {name for row in runs for name in row if name not in ("short", "mixed")}:
        numbers[name] = statistics.median(row[name] for row in runs if name in row)
    cells = [row["mixed"] for row in runs if "mixed" in row]
    if cells:
        numbers["median_ms"] = statistics.median(statistics.median(times) for times in zip(*cells))
        numbers["p95_mixed_ms"] = percentile_95(cells)
    few = [row["short"] for row in runs if "short" in row]
    if few:
        numbers["p95_ms"] = percentile_95(few)
    return {name: round(number, 3) for name, number in numbers.items()}


def percentile_95(sessions):
    """Of all cells of all sessions."""
    everything = sorted(time for times in sessions for time in times)
    return everything[int(0.95 * (len(everything) - 1))]


def show_mixed(runs):
    """Every mixed cell with its median in each kernel."""
    for number, code in enumerate(cell_texts.MIXED):
        medians = [statistics.median(row["mixed"][number] for row in rows if "mixed" in row) for rows in runs.values()]
        shown = code.replace("\n", " ")[:70]
        print("  ".join(f"{median:8.0f}" for median in medians), "", shown, file=sys.stderr)


def measure(specs, names, options):
    """Runs all parts in sessions of their own, and returns what each session of each kernel measured."""
    runs = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        compiler = Compiler(folder) if "floor" in options.only else None
        parts = {"start": start, "short": short, "mixed": mixed, "growth": growth, "node": node, "late": late,
                 "floor": lambda session: floor(session, compiler)}
        for part in options.only:
            # What is counted, and not timed, is the same in every session.
            for number in range(1 if part == "late" else options.sessions):
                for name in names:
                    # There is no node in the peer, and what plain rustc takes is the peer of the floor.
                    if name == "peer" and part in ("node", "floor"):
                        continue
                    with Session(specs, name) as session:
                        row = parts[part](session)
                    runs[name].append(row)
                    shown = {key: round(value, 2) for key, value in row.items() if key not in ("short", "mixed")}
                    load = os.getloadavg()[0]
                    print(f"{part} {number + 1}, {name}: {shown or 'done'}, load {load:.1f}", file=sys.stderr)
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--peer")
    parser.add_argument("--sessions", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        kernelspec(folder, "ours", [options.ours, "kernel", "{connection_file}"], "message")
        if options.peer:
            kernelspec(folder, "peer", [options.peer, "--control_file", "{connection_file}"], "message")
        specs = KernelSpecManager(kernel_dirs=[str(Path(folder) / "kernels")], ensure_native_kernel=False)
        names = ["ours", "peer"] if options.peer else ["ours"]
        runs = measure(specs, names, options)

    if "mixed" in options.only:
        show_mixed(runs)
    results = {"ours": summary(runs["ours"]), "peer": summary(runs.get("peer", []))}
    if "floor" in options.only:
        results["peer"]["floor_ms"] = results["ours"].pop("rustc_ms")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
