"""chapters.py CLIENT NOTEBOOK...: runs every chapter without a browser and compares its stored outputs with fresh ones.

CLIENT is `nbclient`, or the path of our own binary, whose `netsplit run` is then the client.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import notebooks
from expectations import Expectations

# The first cell of a fresh kernel may have to build the library.
SECONDS_PER_CELL = 600


def run_nbclient(path, output):
    """Executes the notebook with nbclient and writes it to `output`, above all where it failed."""
    fresh = notebooks.read(path)
    client = NotebookClient(
        fresh, timeout=SECONDS_PER_CELL, kernel_name="netsplit", resources={"metadata": {"path": path.parent}})
    try:
        client.execute()
    finally:
        nbformat.write(fresh, output)


def run_netsplit(netsplit, path, output):
    """Executes the notebook with `netsplit run`, which must leave the notebook itself as it was."""
    before = path.read_bytes()
    ended = subprocess.run([netsplit, "run", "--output", output, path], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"exit code {ended.returncode}\n{ended.stdout}{ended.stderr}")
    if path.read_bytes() != before:
        raise RuntimeError("netsplit run --output changed the notebook itself")


def execute(client, path, folder):
    """Runs a copy of the chapter's folder with the client, and returns the notebook with its fresh outputs."""
    copy = Path(folder) / path.parent.name
    shutil.copytree(path.parent, copy)
    artifacts = Path(os.environ.get("NETSPLIT_ARTIFACTS", folder))
    artifacts.mkdir(parents=True, exist_ok=True)
    output = artifacts / f"{path.stem}.{Path(client).stem}.ipynb"
    if client == "nbclient":
        run_nbclient(copy / path.name, output)
    else:
        run_netsplit(client, copy / path.name, output)
    return notebooks.read(output)


def check(client, path, tally):
    """One chapter: it runs, every cell was counted, its stored outputs are those of the fresh run."""
    name = notebooks.title(path)
    with tempfile.TemporaryDirectory() as folder:
        fresh = tally.attempt(f"{name} runs under {Path(client).name}", lambda: execute(client, path, folder))
    if fresh is None:
        return
    cells = notebooks.code_cells(fresh)
    counts = [cell.execution_count for cell in cells]
    outputs = [output for cell in cells for output in cell.outputs]
    tally.expect(f"{name}: execution counts go up from 1", counts == list(range(1, len(counts) + 1)), counts)
    tally.expect(f"{name}: no output is an error", not any(notebooks.is_error(output) for output in outputs))
    tally.expect(f"{name}: there is a diagram", any(notebooks.has_diagram(output) for output in outputs))
    differences = notebooks.differences(notebooks.read(path), fresh)
    tally.expect(f"{name}: the stored outputs are those of a fresh run", not differences, differences)


def main():
    client, paths = sys.argv[1], [Path(path).resolve() for path in sys.argv[2:]]
    tally = Expectations()
    tally.expect("there are chapters to run", bool(paths))
    for path in paths:
        check(client, path, tally)
    tally.finish()


if __name__ == "__main__":
    main()
