"""Jupyter's own suite for kernels, jupyter_kernel_test, against ours."""

import sys
import unittest

import jupyter_kernel_test

from expectations import Expectations

# The first cell of a fresh kernel loads the library, and builds it on a fresh machine.
jupyter_kernel_test.TIMEOUT = 300


class NetsplitKernelTests(jupyter_kernel_test.KernelTests):
    """What the suite cannot know: our language, and samples in it."""

    kernel_name = "netsplit"
    language_name = "rust"
    file_extension = ".rs"

    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("something to complain about");'
    code_execute_result = [{"code": "6 * 7", "result": "42"}, {"code": 'String::from("a")', "result": '"a"'}]
    code_generate_error = 'panic!("on purpose")'

    complete_code_samples = ["let x = 5;", "1 + 1", 'println!("a")', "fn f() {}", "for i in 0..3 {}"]
    incomplete_code_samples = ["fn f() {", 'println!("a', "let x = (1,", "/* open"]
    invalid_code_samples = ["fn f() }", "let = ;"]

    completion_samples = [{"text": "String::new().is_emp", "matches": {"is_empty"}}]
    code_inspect_sample = "String"


class CountingResult(unittest.TextTestResult):
    """unittest counts what failed and what was left out; this counts what held."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.held = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.held += 1


def main():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(NetsplitKernelTests)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=CountingResult).run(suite)
    tally = Expectations()
    tally.passed, tally.failed = result.held, len(result.failures) + len(result.errors)
    tally.expect("the suite ran", tally.passed + tally.failed > 5)
    tally.finish()


if __name__ == "__main__":
    main()
