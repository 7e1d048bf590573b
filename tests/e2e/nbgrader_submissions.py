"""What students hand in: right and wrong answers to the exercise `double`, and notebooks that were broken by accident or on purpose."""

from collections.abc import Callable
from dataclasses import dataclass

import nbformat
from nbformat.v4 import new_code_cell, new_output

FULL = 10.0
STUB = "// YOUR ANSWER HERE"
RIGHT = "ctx.reply(call, 2 * question.number);"
WRONG = "ctx.reply(call, question.number);"


@dataclass
class Submission:
    """A notebook, the points that it must get, and what its feedback must say."""

    change: Callable
    least: float
    most: float
    reasons: tuple = ()

    def content(self, notebook):
        """The file, made from the released notebook."""
        text = self.change(notebook)
        return (text or nbformat.writes(notebook)).encode()


def cell(notebook, kind):
    """One of the cells that nbgrader knows: given, answer, grade."""
    return next(it for it in notebook.cells if it.id == f"double-{kind}")


def answer(notebook, body):
    it = cell(notebook, "answer")
    it.source = it.source.replace(STUB, body)


def answered(body):
    """Only the answer is written."""
    return lambda notebook: answer(notebook, body)


def with_cell(code, body=RIGHT):
    """A cell of the student's own stands before all others."""
    def change(notebook):
        answer(notebook, body)
        notebook.cells.insert(0, new_code_cell(code))
    return change


def duplicated(notebook):
    """The answer cell was copied together with the test cell, and only the copy is right."""
    copies = [nbformat.from_dict(cell(notebook, kind)) for kind in ("answer", "grade")]
    answer(notebook, WRONG)
    for number, copy in enumerate(copies):
        copy.id = f"copy-{number}"
        copy.source = copy.source.replace(STUB, RIGHT)
    notebook.cells += copies


def altered(notebook):
    """The locked cell says what it would like to have."""
    answer(notebook, WRONG)
    cell(notebook, "grade").source = "10.0"


def forged(notebook):
    """Full points stand in the outputs."""
    full = new_output("execute_result", data={"text/plain": "10.0"}, execution_count=1)
    for it in notebook.cells:
        if it.cell_type == "code":
            it.outputs = [full]
    notebook.cells.insert(0, new_code_cell("10.0", outputs=[full]))


def early(notebook):
    """The student has a :grade cell of their own, before the answer."""
    answer(notebook, RIGHT)
    notebook.cells.insert(1, new_code_cell(":grade double"))


def cut_off(notebook):
    """Half of the file has arrived."""
    answer(notebook, RIGHT)
    text = nbformat.writes(notebook)
    return text[:len(text) // 2]


def removed(notebook):
    """The locked cells are gone."""
    answer(notebook, RIGHT)
    notebook.cells = [it for it in notebook.cells if it.id not in ("double-given", "double-grade")]


def marked(notebook):
    """The marks for nbgrader say something else."""
    answer(notebook, RIGHT)
    cell(notebook, "answer").metadata["nbgrader"] = "mine"
    cell(notebook, "given").metadata["nbgrader"]["schema_version"] = 0
    cell(notebook, "grade").metadata["nbgrader"].update(points=1000, grade=False, solution=True, locked=False)


def other_kernel(notebook):
    """The notebook asks for another kernel."""
    answer(notebook, RIGHT)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}


SPY = """
let course = std::path::Path::new("../../..");
let looks = [std::fs::read_to_string(course.join("instructor/secret")).is_err(), std::fs::read(course.join("gradebook.db")).is_err(),
    std::fs::write(course.join("gradebook.db"), "").is_err(), std::fs::read_dir(course.join("submitted")).is_err(),
    std::env::var("NETSPLIT_COURSE").is_err()];
println!("kept out: {looks:?}");
"""

SUBMISSIONS = {
    "right": Submission(answered(RIGHT), FULL, FULL, ("10 of 10 points",)),
    "unanswered": Submission(lambda notebook: None, 0, 0, ("0 of 10 points", "every question is answered")),
    "wrong": Submission(answered(WRONG), 0, 5.9, ("the answer is twice the number",)),
    "misspelt": Submission(answered('ctx.reply(call, "two");'), 0, 0, ("0 of 10 points", "does not compile")),
    "exits": Submission(answered("std::process::exit(0);"), 0, 0, ("0 of 10 points",)),
    "exits-in-a-cell": Submission(with_cell("std::process::exit(0)"), FULL, FULL),
    "loops": Submission(answered("loop {}"), 0, 0, ("0 of 10 points",)),
    "loops-in-a-cell": Submission(with_cell("loop {}"), FULL, FULL, ("limit",)),
    "stderr": Submission(answered(f'eprintln!("a question"); {RIGHT}'), FULL, FULL, ("10 of 10 points",)),
    "stderr-in-a-cell": Submission(with_cell('eprintln!("hello"); print!("10.0")'), FULL, FULL),
    "duplicated": Submission(duplicated, FULL, FULL, ("is there more than once",)),
    "altered": Submission(altered, 0, 5.9, ("double-grade was changed",)),
    "forged": Submission(forged, 0, 0, ("0 of 10 points",)),
    "early": Submission(early, FULL, FULL, ("no cell says",)),
    "cut-off": Submission(cut_off, 0, 0, ("was cut off",)),
    "removed": Submission(removed, FULL, FULL, ("missing were put back",)),
    "marked": Submission(marked, FULL, FULL),
    "other-kernel": Submission(other_kernel, FULL, FULL),
    "spy": Submission(with_cell(SPY), FULL, FULL, ("kept out: [true, true, true, true, true]",)),
}
