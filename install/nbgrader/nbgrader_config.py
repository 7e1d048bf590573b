"""nbgrader's settings for this course. The file is yours; what netsplit needs is said where it stands."""

import sys
from pathlib import Path

from nbgrader.preprocessors import ClearSolutions, InstantiateTests

course = Path(__file__).resolve().parent
if str(course) not in sys.path:
    sys.path.append(str(course))
import netsplit_submissions  # noqa: E402  (it lies in the course's folder)

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.root = str(course)
c.CourseDirectory.course_id = "@COURSE@"
# Where assignments are released to and collected from. Everybody must be able to write there: mode 777.
# c.Exchange.root = "/usr/local/share/nbgrader/exchange"

# What stands in place of a solution compiles, so that a notebook without answers runs from top to bottom.
rust = "// YOUR ANSWER HERE"
c.ClearSolutions.code_stub = {**ClearSolutions().code_stub, "rust": rust}
c.ClearSolutions.begin_solution_delimeter = "BEGIN SOLUTION"
c.ClearSolutions.end_solution_delimeter = "END SOLUTION"
c.ClearHiddenTests.begin_test_delimeter = "BEGIN HIDDEN TESTS"
c.ClearHiddenTests.end_test_delimeter = "END HIDDEN TESTS"

# A line `// AUTOTEST expression` in a test cell becomes a test that the expression has the value that it has in your
# solution; autotests.yml says how. For what is to be kept from students, write an exercise instead.
defaults = InstantiateTests()
c.InstantiateTests.comment_strs = {**defaults.comment_strs, "@KERNEL@": "//"}
c.InstantiateTests.sanitizers = {**defaults.sanitizers, "@KERNEL@": str.strip}

# Seconds. Cells and exercises have limits of their own, which end them sooner and with a reason; the first :grade of an
# assignment compiles its judge.
c.Execute.timeout = 300
c.Execute.startup_timeout = 120
c.Execute.iopub_timeout = 30

# A notebook that was damaged, or whose marks for nbgrader were changed, gets a grade like any other.
c.Autograde.exporter_class = netsplit_submissions.Submission
c.Autograde.sanitize_preprocessors = netsplit_submissions.SANITIZE

# An assignment whose points differ from its exercises' is not made: nbgrader gives no grade where there are more than it knows of.
c.GenerateAssignment.preprocessors = netsplit_submissions.GENERATE
