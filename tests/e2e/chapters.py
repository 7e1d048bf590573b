"""chapters.py NOTEBOOK...: runs every chapter under nbclient and compares its stored outputs with the fresh ones."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import notebooks
from expectations import Expectations

# The first cell of a fresh kernel may have to build the library.
SECONDS_PER_CELL = 600


def run(path, folder):
    """Executes the notebook at `path` in a copy of its folder, and returns it with its fresh outputs."""
    copy = Path(folder) / path.parent.name
    shutil.copytree(path.parent, copy)
    fresh = notebooks.read(copy / path.name)
    client = NotebookClient(fresh, timeout=SECONDS_PER_CELL, kernel_name="netsplit", resources={"metadata": {"path": copy}})
    try:
        client.execute()
    finally:
        # What came out is worth a look, above all where the run failed.
        artifacts = Path(os.environ.get("NETSPLIT_ARTIFACTS", folder))
        artifacts.mkdir(parents=True, exist_ok=True)
        nbformat.write(fresh, artifacts / f"{path.stem}.nbclient.ipynb")
    return fresh


def check(path, tally):
    """One chapter: it runs, every cell was counted, its stored outputs are those of the fresh run."""
    name = notebooks.title(path)
    stored = notebooks.read(path)
    with tempfile.TemporaryDirectory() as folder:
        fresh = tally.attempt(f"{name} runs under nbclient", lambda: run(path, folder))
    if fresh is None:
        return
    counts = [cell.execution_count for cell in notebooks.code_cells(fresh)]
    tally.expect(f"{name}: execution counts go up from 1", counts == list(range(1, len(counts) + 1)), counts)
    tally.expect(f"{name}: no output is an error", not any(
        notebooks.is_error(output) for cell in notebooks.code_cells(fresh) for output in cell.outputs))
    tally.expect(f"{name}: there is a diagram", any(
        notebooks.has_diagram(output) for cell in notebooks.code_cells(fresh) for output in cell.outputs))
    differences = notebooks.differences(stored, fresh)
    tally.expect(f"{name}: the stored outputs are those of a fresh run", not differences, differences)


def main():
    tally = Expectations()
    paths = [Path(path).resolve() for path in sys.argv[1:]]
    tally.expect("there are chapters to run", bool(paths))
    for path in paths:
        check(path, tally)
    tally.finish()


if __name__ == "__main__":
    main()
