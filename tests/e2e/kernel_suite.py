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


def main():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(NetsplitKernelTests)
    # Totals go to stdout as the last line; unittest's own report goes to stderr before it.
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2).run(suite)
    sys.stderr.flush()
    tally = Expectations()
    tally.failed = len(result.failures) + len(result.errors)
    tally.passed = result.testsRun - tally.failed - len(result.skipped)
    tally.expect("the suite ran", tally.passed + tally.failed > 5)
    tally.finish()


if __name__ == "__main__":
    main()
