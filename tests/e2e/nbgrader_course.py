"""nbgrader_course.py NETSPLIT FOLDER: a course from its making to its feedback, with nbgrader as it is and with its pages in Chromium.

`netsplit install --nbgrader` makes the course. The assignment goes out and comes back through nbgrader's exchange; beside the one that came back
lie submissions with everything that can be wrong with one (nbgrader_submissions.py). Each must get the points that it should, without
anybody having to look at it, and its feedback must say why. The last part does the same with nbgrader's pages (nbgrader_pages.py).
"""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
from html import unescape
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

import nbgrader_pages
from expectations import Expectations
from nbgrader_submissions import FULL, STUB, SUBMISSIONS

ASSIGNMENT = "first"
COMMAND_SECONDS = 600
# Shorter than a course's own, so that an endless loop does not take long here; and the exchange is ours.
LIMITS = "--Submission.limits=memory=1G,cpu=3s,time=6s,processes=64,file=10M,output=1M"


class Classroom:
    """The folders of a course, and the commands that are run in them."""

    def __init__(self, netsplit, folder, tally):
        self.netsplit, self.tally = netsplit, tally
        self.course, self.student, self.exchange = folder / "course", folder / "student", folder / "exchange"
        shutil.rmtree(folder, ignore_errors=True)
        for path in (self.course, self.student, self.exchange):
            path.mkdir(parents=True)
        self.exchange.chmod(0o777)

    def run(self, command, folder, well=True):
        """What a command printed, which must end as it should."""
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=COMMAND_SECONDS)
        said = ended.stdout + ended.stderr
        self.tally.expect(f"`{' '.join(map(str, command[1:]))}` ends {'well' if well else 'with an error'}",
                          (ended.returncode == 0) == well, said[-6000:])
        return said

    def nbgrader(self, *arguments, folder=None, well=True):
        """An nbgrader command, in the course's folder unless another one is named."""
        command = [sys.executable, "-m", "nbgrader", *arguments, f"--Exchange.root={self.exchange}"]
        return self.run(command, folder or self.course, well)

    def make(self):
        """The course, twice: the second time everything is there."""
        command = [self.netsplit, "install", "--prefix", sys.prefix, "--nbgrader", self.course]
        self.run(command, self.course)
        with (self.course / "nbgrader_config.py").open("a") as config:
            config.write(f'c.Exchange.root = "{self.exchange}"\n')
        said = self.run(command, self.course)
        self.tally.expect("a second time nothing is written", "Written" not in said and "As it was" in said, said)
        self.tally.expect("what was changed is kept", re.search(r"Kept as it was: \S+/nbgrader_config.py", said), said)

    def released(self):
        """The notebook as students get it."""
        return nbformat.read(self.course / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", as_version=4)

    def hand_in(self, name, content):
        """Puts a submission where nbgrader collects them."""
        folder = self.course / "submitted" / name / ASSIGNMENT
        folder.mkdir(parents=True)
        (folder / f"{ASSIGNMENT}.ipynb").write_bytes(content)


def refuse(room):
    """An assignment that nbgrader could not grade is not made."""
    path = room.course / "source" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    text = path.read_text()
    path.write_text(text.replace('"points": 10.0', '"points": 9.0'))
    said = room.nbgrader("generate_assignment", ASSIGNMENT, well=False)
    room.tally.expect("points that differ are told", "the cell has 9.0 points" in said, said)
    path.write_text(text)


def generate(room):
    """The assignments for students: without solutions, without anything of the instructor's."""
    for path in sorted((room.course / "source").iterdir()):
        room.nbgrader("generate_assignment", path.name)
        text = (room.course / "release" / path.name / f"{path.name}.ipynb").read_text()
        room.tally.expect(f"{path.name}: no solution is released", "SOLUTION" not in text and STUB in text, text)
    room.nbgrader("validate", f"source/{ASSIGNMENT}/{ASSIGNMENT}.ipynb")
    release = room.course / "release" / ASSIGNMENT
    text = "".join(path.read_text() for path in release.rglob("*") if path.is_file())
    room.tally.expect("the right answer is not released", "2 * question.number)" not in text, text)
    names = sorted(path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file())
    wanted = ["exercises/double/exercise.rs", "exercises/double/given.rs", f"{ASSIGNMENT}.ipynb"]
    room.tally.expect("students get the notebook and what is public of the exercises", names == wanted, names)


def exchange(room):
    """Out to a student and back: fetched, validated, answered, handed in, collected. Returns who handed it in."""
    course = ["--course", room.course.name]
    room.nbgrader("release_assignment", ASSIGNMENT)
    room.nbgrader("fetch_assignment", ASSIGNMENT, *course, folder=room.student)
    path = room.student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    said = room.nbgrader("validate", path.name, folder=path.parent)
    room.tally.expect("an unanswered notebook does not pass, and is no error", "VALIDATION FAILED ON 1" in said and "Error" not in said, said)
    notebook = nbformat.read(path, as_version=4)
    SUBMISSIONS["right"].change(notebook)
    nbformat.write(notebook, path)
    said = room.nbgrader("validate", path.name, folder=path.parent)
    room.tally.expect("a right answer passes", "Success" in said, said)
    room.nbgrader("submit", ASSIGNMENT, *course, folder=room.student)
    room.nbgrader("collect", ASSIGNMENT)
    collected = sorted(path.name for path in (room.course / "submitted").iterdir())
    room.tally.expect("one submission is collected", len(collected) == 1, collected)
    return collected[0]


def grades(room, assignment=ASSIGNMENT):
    """The points of every submission of an assignment, as nbgrader exports them, and who must be looked at by a person."""
    path = room.course / "grades.csv"
    room.nbgrader("export", "--to", str(path))
    with path.open() as file:
        rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file) if row["assignment"] == assignment}
    with Gradebook(f"sqlite:///{room.course}/gradebook.db") as gradebook:
        unclear = [it.student.id for it in gradebook.assignment_submissions(assignment) if it.needs_manual_grade]
    return rows, unclear


def words(path):
    """What a page says, without its markup."""
    text = re.sub(r"(?s)<(style|script).*?</\1>", "", path.read_text())
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", text)))


def grade_all(room, by_exchange):
    """Everything that can be handed in gets its points, by itself, and a reason."""
    for name, submission in SUBMISSIONS.items():
        room.hand_in(name, submission.content(room.released()))
    before = {path: path.read_bytes() for path in (room.course / "submitted").rglob("*.ipynb")}
    room.nbgrader("autograde", ASSIGNMENT, LIMITS)
    room.nbgrader("generate_feedback", ASSIGNMENT)
    room.tally.expect("what was handed in is as it was", all(path.read_bytes() == it for path, it in before.items()))
    points, unclear = grades(room)
    room.tally.expect("nobody has to be looked at", not unclear, unclear)
    room.tally.expect("what came by the exchange has full points", points.get(by_exchange) == FULL, points)
    secret = (room.course / "instructor" / "secret").read_text().strip()
    for name, submission in SUBMISSIONS.items():
        room.tally.expect(f"{name}: {submission.least} to {submission.most} points",
                          submission.least <= points.get(name, -1.0) <= submission.most, points.get(name))
        page = room.course / "feedback" / name / ASSIGNMENT / f"{ASSIGNMENT}.html"
        said = words(page) if room.tally.expect(f"{name}: there is feedback", page.exists()) else ""
        for reason in submission.reasons:
            room.tally.expect(f"{name}: the feedback says {reason!r}", reason in said, said[-3000:])
        room.tally.expect(f"{name}: the feedback keeps the secret", secret not in said and "many_questions_of" not in said)


def give_back(room, student):
    """The feedback reaches the student, by the exchange through which the submission came."""
    room.nbgrader("release_feedback", ASSIGNMENT, f"--CourseDirectory.student_id={student}")
    room.nbgrader("fetch_feedback", ASSIGNMENT, "--course", room.course.name, folder=room.student)
    pages = list((room.student / ASSIGNMENT / "feedback").rglob("*.html"))
    room.tally.expect(f"{student} gets the feedback", len(pages) == 1 and "of 10 points" in words(pages[0]), pages)


def autotests(room):
    """A test that nbgrader makes from a value of the solution: a right answer passes, a wrong one in part, an empty one not."""
    def cell(name, source, points=None):
        marks = {"grade_id": name, "schema_version": 3, "task": False, "grade": points is not None, "solution": points is None,
                 "locked": points is not None}
        marks.update({"points": points} if points is not None else {})
        return nbformat.v4.new_code_cell(source, metadata={"nbgrader": marks})

    name, wrong = "values", "if n == 12 { 6 } else { n }"
    cells = [cell("half", "fn half(n: u32) -> u32 {\n    // BEGIN SOLUTION\n    n / 2\n    // END SOLUTION\n}"),
             cell("seen", "// AUTOTEST half(10)\n// AUTOTEST half(7)", 2.0), cell("hashed", "// HASHED AUTOTEST half(12)", 1.0)]
    kernel = {"kernelspec": {"name": "netsplit", "language": "rust", "display_name": "netsplit"}}
    source = room.course / "source" / name
    source.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), source / f"{name}.ipynb")
    room.nbgrader("generate_assignment", name)
    released = nbformat.read(room.course / "release" / name / f"{name}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in released.cells)
    room.tally.expect("values become tests", "AUTOTEST" not in text and '"5"' in text and '"6"' not in text, text)
    for student, answer in {"right": "n / 2", "partly": wrong, "empty": STUB}.items():
        folder = room.course / "submitted" / student / name
        folder.mkdir(parents=True)
        nbformat.write(nbformat.from_dict({**released, "cells": [{**cell, "source": cell.source.replace(STUB, answer)}
                                                                 for cell in released.cells]}), folder / f"{name}.ipynb")
    room.nbgrader("autograde", name, LIMITS)
    points, _ = grades(room, name)
    wanted = {"right": 3.0, "partly": 1.0, "empty": 0.0}
    # Who has handed in nothing here is in the table as well.
    room.tally.expect("they give the points of what is right", {who: points.get(who) for who in wanted} == wanted, points)


def main():
    # Asked to end, the script still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("the nbgrader test was ended from outside"))
    tally = Expectations()
    room = Classroom(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), tally)
    room.make()
    refuse(room)
    generate(room)
    by_exchange = tally.attempt("an assignment goes out and comes back", lambda: exchange(room))
    tally.attempt("everything is graded", lambda: grade_all(room, by_exchange))
    tally.attempt("feedback is given back", lambda: give_back(room, by_exchange))
    tally.attempt("tests from values", lambda: autotests(room))
    artifacts = Path(os.environ.get("NETSPLIT_ARTIFACTS", "."))
    tally.attempt("nbgrader's pages", lambda: nbgrader_pages.check(room, artifacts, tally))
    tally.finish()


if __name__ == "__main__":
    main()
