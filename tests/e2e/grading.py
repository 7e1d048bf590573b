"""Grading from the command line: attacks that must gain nothing, grades that must not change, and a batch that is killed midway.

`grading.py NETSPLIT ATTACKS` takes the binary and the folder tests/attacks; with `--long` the repetitions are as many as the
figures of the project ask for.
"""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from expectations import Expectations

LIMIT = 2400
# A right answer's points may not depend on anything, and a wrong one's neither.
ENOUGH = 1e-9


class Stage:
    """A copy of the course of tests/attacks, with its secret, and what students have handed in."""

    def __init__(self, netsplit, attacks, folder):
        self.netsplit = netsplit
        self.folder = Path(folder)
        self.course = self.folder / "course"
        shutil.copytree(attacks / "course", self.course)
        secret = self.course / "instructor" / "secret"
        secret.write_text("5e" * 32)
        secret.chmod(0o600)

    def hand_in(self, where, source, name=None):
        """Copies a file into a folder of its own, as a student's, below the folder `where`."""
        student = self.folder / where / (name or source.stem)
        student.mkdir(parents=True, exist_ok=True)
        # What attacks want to read, they are told: where it is must not be what protects it.
        text = source.read_text().replace("@COURSE@", str(self.course))
        (student / source.name).write_text(text)
        return student

    def command(self, where, jobs=2, log="log.jsonl", table="grades.csv"):
        """What grades what students have handed in there."""
        return [self.netsplit, "grade", self.folder / where, "--course", self.course, "-j", str(jobs),
                "--log", self.folder / log, "--csv", self.folder / table]

    def grade(self, where, **options):
        """The points of each student and exercise, and the reasons."""
        table = options.get("table", "grades.csv")
        subprocess.run(self.command(where, **options), check=True, timeout=LIMIT,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.read(table)

    def read(self, table):
        """What a table says."""
        with open(self.folder / table, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {(row["student"], row["exercise"]): (float(row["points"]), row["reason"]) for row in rows}


def attacks(expectations, stage, folder):
    """No attack gets more than the wrong answer that it dresses up; right answers get everything."""
    paths = [stage.hand_in("attacks", file) for file in sorted((folder / "submissions").glob("*.rs"))]
    paths += [stage.hand_in("attacks", file, f"baseline-{file.stem}") for file in sorted((folder / "baselines").glob("*.rs"))]
    instructor = folder / "course" / "instructor" / "attacks"
    paths += [stage.hand_in("attacks", file, f"right-{file.parent.name}") for file in sorted(instructor.glob("*/reference.rs"))]
    grades = stage.grade("attacks")
    expectations.expect("every submission has a grade", len(grades) == len(paths), f"{len(grades)} of {len(paths)}")
    gained = []
    for (student, exercise), (points, reason) in sorted(grades.items()):
        if student.startswith("right-"):
            expectations.expect(f"{student} gets everything", points > 10 - ENOUGH, f"{points}: {reason}")
        elif not student.startswith("baseline-"):
            least, _ = grades[f"baseline-{instead_of(folder, student) or exercise}", exercise]
            if not expectations.expect(f"{student} gains nothing", points <= least + ENOUGH,
                                       f"{points} points, {least} without the attack: {reason}"):
                gained.append(student)
    return len(gained)


def instead_of(folder, attack):
    """The wrong answer that an attack dresses up, where it is not the usual one of its exercise."""
    lines_ = (folder / "submissions" / f"{attack}.rs").read_text().splitlines()
    return next((line.removeprefix("// instead of: ") for line in lines_ if line.startswith("// instead of: ")), None)


def stability(expectations, stage, folder, times):
    """The same answers, graded again and again with nothing remembered, get the same grades."""
    panicking = folder / "submissions" / "quiet_panic.rs"
    right = folder / "course" / "instructor" / "attacks" / "agree" / "reference.rs"
    stage.hand_in("stable", panicking, "stable-panicking")
    stage.hand_in("stable", right, "stable-right")
    different, first = 0, None
    for time_ in range(times):
        (stage.folder / "again.jsonl").unlink(missing_ok=True)
        grades = stage.grade("stable", log="again.jsonl", table=f"again-{time_ % 2}.csv")
        first = first or grades
        different += grades != first
    expectations.expect(f"{times} times the same grades", different == 0, f"{different} differ")
    return different


def batch(expectations, stage, folder, size):
    """Many submissions; the whole is killed in the middle, goes on, and comes to the same grades as without."""
    sources = sorted((folder / "course" / "instructor" / "attacks").glob("*/reference.rs"))
    sources += sorted((folder / "baselines").glob("*.rs"))
    for number in range(size):
        student = stage.hand_in("batch", sources[number % len(sources)], f"student-{number:03}")
        (file,) = student.glob("*.rs")
        # Each is an answer of its own.
        file.write_text(f"{file.read_text()}\n// Handed in by student {number}.\n")
        if number < 8:
            shutil.copytree(student, stage.folder / "alone" / student.name)
    log = stage.folder / "batch.jsonl"
    begun = time.monotonic()
    command = stage.command("batch", log="batch.jsonl", table="batch.csv")
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while running.poll() is None and lines(log) < size // 2:
        time.sleep(0.02)
    before = lines(log)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    grades = stage.grade("batch", log="batch.jsonl", table="batch.csv")
    seconds = time.monotonic() - begun
    keys = [json.loads(line)["key"] for line in log.read_text().splitlines() if line.endswith("}")]
    expectations.expect("it was killed in the middle", 0 < before < size, f"{before} of {size}")
    expectations.expect("nothing was graded twice", len(keys) == len(set(keys)) == size, f"{len(keys)} lines of {size}")
    alone = stage.grade("alone", log="alone.jsonl", table="alone.csv", jobs=1)
    same = all(grades[which] == grade for which, grade in alone.items())
    expectations.expect("a batch gives the grades that each gets alone", same)
    return seconds


def chapters(expectations, stage, folder, is_long):
    """The exercises of every chapter give their right, empty and wrong answers what they should."""
    depth = [] if is_long else ["--quick"]
    for exercises in sorted((folder.parent.parent / "notebooks").glob("*/exercises")):
        checked = subprocess.run([stage.netsplit, "exercise", "check", *depth, exercises], capture_output=True, text=True,
                                 timeout=LIMIT, check=False)
        print(checked.stdout)
        expectations.expect(f"the exercises of {exercises.parent.name} are ready", checked.returncode == 0,
                            checked.stdout + checked.stderr)


def submission(expectations, stage, folder, times):
    """Seconds for one submission of three exercises with 200 hidden cases each, of which nothing is known but the exercises: the median."""
    instructor = stage.course / "instructor" / "attacks"
    for name, cases in [("memory", 100), ("agree", 200), ("digest", 200)]:
        hidden = instructor / name / "hidden.rs"
        hidden.write_text(re.sub(r"\.hidden\((\"[^\"]+\"), \d+,", rf".hidden(\1, {cases},", hidden.read_text()))
    answers = [(instructor / name / "reference.rs").read_text() for name in ("memory", "agree", "digest")]
    taken = []
    for time_ in range(times + 1):
        student = stage.folder / f"three-{time_}" / "student"
        student.mkdir(parents=True)
        for number, answer in enumerate(answers):
            (student / f"{number}.rs").write_text(f"{answer}\n// Handed in {time_}.\n")
        begun = time.monotonic()
        grades = stage.grade(student.parent, log="three.jsonl", table="three.csv")
        taken.append(time.monotonic() - begun)
        points = [points for points, _ in grades.values()]
        expectations.expect("all three get everything", len(points) == 3 and min(points) > 10 - ENOUGH, str(grades))
    # The first one builds the judge.
    return sorted(taken[1:])[times // 2]


def lines(file):
    """How many lines a file has; none where there is no file."""
    return file.read_bytes().count(b"\n") if file.exists() else 0


def main():
    """Runs all of it."""
    netsplit, folder = Path(sys.argv[1]), Path(sys.argv[2])
    is_long = "--long" in sys.argv[3:]
    expectations = Expectations()
    with tempfile.TemporaryDirectory(prefix="netsplit-grading-") as place:
        stage = Stage(netsplit, folder, place)
        chapters(expectations, stage, folder, is_long)
        figures = {
            "attacks": attacks(expectations, stage, folder),
            "stability": stability(expectations, stage, folder, 1000 if is_long else 20),
            "batch": batch(expectations, stage, folder, 500 if is_long else 20),
            # Last, since it changes the course.
            "submission": submission(expectations, stage, folder, 11 if is_long else 3),
        }
    print(json.dumps(figures))
    expectations.finish()


if __name__ == "__main__":
    main()
