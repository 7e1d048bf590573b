"""Notebooks and their outputs: reading them, and comparing what is stored with what a fresh run gives."""

import difflib
import json
from pathlib import Path

import nbformat


def read(path):
    """The notebook in the file at `path`."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    """The cells that are executed."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def is_error(output):
    """Whether the output says that the cell failed."""
    return output.output_type == "error"


def has_diagram(output):
    """Whether the output carries a picture in SVG."""
    data = output.get("data", {})
    return "image/svg+xml" in data or "<svg" in "".join(data.get("text/html", ""))


def comparable(cell):
    """What a cell shows, without what differs between two good runs: counts, ids, how a stream was cut to pieces."""
    shown = []
    for output in cell.outputs:
        if output.output_type == "stream":
            if shown and shown[-1].get("stream") == output.name:
                shown[-1]["text"] += output.text
            else:
                shown.append({"stream": output.name, "text": output.text})
        elif is_error(output):
            shown.append({"error": output.ename, "value": output.evalue})
        else:
            shown.append({"data": {kind: "".join(value) if isinstance(value, list) else value
                                   for kind, value in sorted(output.data.items())}})
    return shown


def differences(stored, fresh):
    """A readable comparison of the outputs of two runs of the same notebook; empty where they are equal."""
    found = []
    pairs = list(zip(code_cells(stored), code_cells(fresh), strict=True))
    for number, (before, after) in enumerate(pairs, start=1):
        old, new = (json.dumps(comparable(cell), indent=1, ensure_ascii=False).splitlines() for cell in (before, after))
        if old != new:
            lines = difflib.unified_diff(old, new, f"cell {number}, stored", f"cell {number}, fresh", lineterm="")
            found += [line[:400] for line in lines]
    return "\n".join(found)


def title(path):
    """The chapter's name in a report."""
    return Path(path).stem
