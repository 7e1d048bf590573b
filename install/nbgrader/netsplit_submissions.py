"""How nbgrader reads what was handed in: so that every submission gets a grade, and says in its feedback what was wrong with it.

By itself nbgrader gives no grade to a file that is no notebook, stops grading *everybody* at a notebook whose marks for
nbgrader were changed, and takes a test cell that was deleted for one that a person must look at. `Submission` reads what can be
read, `Restore` gives every cell the marks with which it was released; both leave the folder `submitted` as it is.
nbgrader_config.py names them; both are settings that nbgrader has for that.
"""

import json
import re
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import (
    CheckCellMetadata, ClearOutput, DeduplicateIds, NbGraderPreprocessor, OverwriteCells, OverwriteKernelspec,
)
from nbgrader.utils import compute_checksum, setenv
from traitlets import Unicode

REMARKS = "netsplit-remarks"


class Submission(NotebookExporter):
    """Reads a submission, whatever state it is in, and runs it confined and limited."""

    limits = Unicode(
        "memory=2G,cpu=60s,time=2m,processes=64,file=100M,output=5M",
        help="What a student's cell may use while it is graded, in the words of `netsplit kernel --ceilings`",
    ).tag(config=True)

    def from_file(self, file_stream, resources=None, **more):
        notebook, remarks = read(Path(file_stream.name).read_bytes())
        show(notebook, remarks)
        # For this notebook's kernel alone: a server that grades also starts the kernels of those who work on it.
        with setenv(
            NETSPLIT_COURSE=str(Path(__file__).resolve().parent),
            NETSPLIT_CONFINED="1",
            NETSPLIT_CEILINGS=self.limits,
            NETSPLIT_HISTORY="",
        ):
            return self.from_notebook_node(notebook, resources=resources, **more)


def read(content):
    """The notebook in a file's bytes, and what had to be left out of it."""
    try:
        notebook = nbformat.reads(content.decode("utf-8-sig"), as_version=4)
        nbformat.validate(notebook, relax_add_props=True)
        return nbformat.v4.upgrade(notebook), []
    except Exception:  # What can be wrong with a file is more than nbformat has exceptions for.
        return salvage(content)


def salvage(content):
    """What can be read of a file that is no proper notebook."""
    try:
        cells = json.loads(content.decode("utf-8-sig"))["cells"]
        cleaned = [clean(cell) for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        remark = f"The file is no notebook, or was cut off ({error}): there was nothing to grade. Open it in JupyterLab, and save it again."
        return new_notebook(), [remark]
    kept = [cell for cell in cleaned if cell]
    damaged = len(cleaned) - len(kept)
    return new_notebook(cells=kept), [f"{damaged} damaged cells were left out."] if damaged else []


def clean(raw):
    """A cell with nothing but what grading needs; None where it is no cell."""
    make = {"code": new_code_cell, "markdown": new_markdown_cell}.get(raw.get("cell_type")) if isinstance(raw, dict) else None
    source = raw.get("source") if make else None
    lines = [source] if isinstance(source, str) else source
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return None
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return make("".join(lines), metadata={"nbgrader": marks} if isinstance(marks, dict) else {})


def show(notebook, remarks):
    """Puts remarks at the top of the notebook, where the feedback shows them."""
    if remarks:
        before = [cell for cell in notebook.cells if cell.get("id") == REMARKS]
        heading = before[0].source if before else "**What was found in the file that was handed in**\n"
        text = heading + "".join(f"\n- {remark}" for remark in remarks)
        notebook.cells = [new_markdown_cell(text, id=REMARKS)] + [cell for cell in notebook.cells if cell not in before]


class Restore(NbGraderPreprocessor):
    """Gives every cell the marks that it was released with, and puts locked cells back that are gone."""

    def preprocess(self, notebook, resources):
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            released = released_cells(gradebook.find_notebook(about["notebook"], about["assignment"]))
        remarks = restore_marks(notebook, released) + put_back(notebook, released)
        show(notebook, remarks)
        return notebook, resources


def released_cells(notebook):
    """The marks and the text of every cell that nbgrader knows of, by its name."""
    points = {cell.name: cell.max_score for cell in notebook.grade_cells + notebook.task_cells}
    grades, solutions, tasks = ({cell.name for cell in cells} for cells in (
        notebook.grade_cells, notebook.solution_cells, notebook.task_cells))
    released = {}
    for cell in notebook.source_cells:
        name = cell.name
        marks = {
            "schema_version": 3, "grade_id": name, "grade": name in grades, "solution": name in solutions,
            "task": name in tasks, "locked": cell.locked, "cell_type": cell.cell_type, "checksum": cell.checksum,
        }
        released[name] = (marks | ({"points": points[name]} if name in points else {}), cell.source)
    return released


def restore_marks(notebook, released):
    """Marks as they were released; of two cells with one name the later one counts. Says what was different."""
    remarks, seen = [], set()
    for cell in reversed(notebook.cells):
        found = cell.metadata.pop("nbgrader", None)
        name = found.get("grade_id") if isinstance(found, dict) else None
        if not isinstance(name, str) or name not in released:
            continue
        if name in seen:
            remarks.append(f"The cell `{name}` is there more than once: the last one was graded.")
            continue
        seen.add(name)
        marks, source = released[name]
        cell.metadata["nbgrader"] = nbformat.from_dict(marks)
        if marks["locked"] and (cell.source != source or cell.cell_type != marks["cell_type"]):
            remarks.append(f"The locked cell `{name}` was changed: it was graded as it was given out.")
    return remarks[::-1]


def put_back(notebook, released):
    """Inserts the locked cells that are missing, each behind the one that it was released behind."""
    missing, place = [], 0
    for name, (marks, source) in released.items():
        at = [n for n, cell in enumerate(notebook.cells) if cell.metadata.get("nbgrader", {}).get("grade_id") == name]
        if at:
            place = at[0] + 1
        elif marks["locked"]:
            make = new_code_cell if marks["cell_type"] == "code" else new_markdown_cell
            notebook.cells.insert(place, make(source, metadata={"nbgrader": marks}))
            missing.append(f"`{name}`")
            place += 1
    return [f"Cells that were missing were put back: {', '.join(missing)}."] if missing else []


class CheckPoints(NbGraderPreprocessor):
    """Refuses to make an assignment whose test cells have other points than their exercises: nbgrader could not grade it."""

    def preprocess_cell(self, cell, resources, index):
        marks = cell.metadata.get("nbgrader", {})
        graded = re.fullmatch(r":grade\s+([\w-]+)", cell.source.strip())
        if marks.get("grade") and graded:
            name = graded[1]
            file = Path(resources["metadata"]["path"]) / "exercises" / name / "exercise.rs"
            if not file.exists():
                raise ValueError(f"`:grade {name}`: expected an exercise in {file}, found none")
            points = re.search(rf'Exercise::new\(\s*"{name}",\s*"[^"]*",\s*([\d_.]+)', file.read_text())
            if points and float(points[1]) != float(marks["points"]):
                raise ValueError(f"`:grade {name}`: the cell has {marks['points']} points, and {file} says {points[1]}")
        return cell, resources


# nbgrader's own steps for students' versions, and ours before them.
GENERATE = [CheckPoints, *GenerateAssignment.class_traits()["preprocessors"].make_dynamic_default()]
# And for submissions, with ours before those that rely on the marks.
SANITIZE = [ClearOutput, Restore, DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
