"""Jupyter's own suite for kernels, jupyter_kernel_test, against ours: with cells of Rust, and with the scripted engine,
whose cells can do everything that the protocol has."""

import os
import sys
import time
import unittest
from unittest import mock

import jupyter_kernel_test

from expectations import Expectations

# The first cell of a fresh kernel loads the library, and builds it on a fresh machine.
jupyter_kernel_test.TIMEOUT = 300

# How long the assistant, which completes and inspects, may take to read the standard library.
ASSISTANT_SECONDS = 120


class RustTests(jupyter_kernel_test.KernelTests):
    """What the suite cannot know: our language, and samples in it."""

    kernel_name = "netsplit"
    language_name = "rust"
    file_extension = ".rs"

    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("something to complain about");'
    code_execute_result = [{"code": "6 * 7", "result": "42"}, {"code": 'String::from("a")', "result": '"a"'}]
    code_display_data = [{"code": 'display::html("<b>x</b>");', "mime": "text/html"}]
    code_clear_output = 'println!("x"); display::clear(false);'
    code_page_something = ":help"
    code_generate_error = 'panic!("on purpose")'

    complete_code_samples = ["let x = 5;", "1 + 1", 'println!("a")', "fn f() {}", "for i in 0..3 {}"]
    incomplete_code_samples = ["fn f() {", 'println!("a', "let x = (1,", "/* open"]
    invalid_code_samples = ["fn f() }", "let = ;"]

    completion_samples = [{"text": "String::new().is_emp", "matches": {"is_empty"}}]
    code_inspect_sample = "String"

    supported_history_operations = ("tail", "range", "search")
    code_history_pattern = "6*7"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The first question starts the assistant; until it is ready, the kernel answers with what it knows by itself.
        deadline = time.monotonic() + ASSISTANT_SECONDS
        while "is_empty" not in cls.completions("String::new().is_emp"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the assistant has not become ready in {ASSISTANT_SECONDS} s")
            time.sleep(0.5)

    @classmethod
    def completions(cls, text):
        asked = cls.kc.complete(text)
        while (reply := cls.kc.get_shell_msg(timeout=jupyter_kernel_test.TIMEOUT))["parent_header"]["msg_id"] != asked:
            pass
        return reply["content"]["matches"]


class WelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    """A subscriber of iopub is welcomed."""

    kernel_name = "netsplit"
    support_iopub_welcome = True


class ScriptedTests(jupyter_kernel_test.KernelTests):
    """The protocol alone: nothing is left out. The cells are those of kernel/src/engine/scripted.rs."""

    kernel_name = "netsplit"
    language_name = "rust"
    file_extension = ".rs"

    code_hello_world = "print hello, world"
    code_stderr = "eprint something to complain about"
    code_execute_result = [{"code": "result 42", "result": "42"}, {"code": "result a", "result": "a"}]
    code_display_data = [{"code": "display x", "mime": "text/plain"}]
    code_clear_output = "print x\nclear"
    code_page_something = "page x"
    code_generate_error = "error on purpose"

    complete_code_samples = RustTests.complete_code_samples
    incomplete_code_samples = RustTests.incomplete_code_samples
    invalid_code_samples = RustTests.invalid_code_samples

    completion_samples = [{"text": "print a\npri", "matches": {"print"}}]
    code_inspect_sample = "print"

    supported_history_operations = ("tail", "range", "search")
    code_history_pattern = "result ?2"

    @classmethod
    def setUpClass(cls):
        with mock.patch.dict(os.environ, {"NETSPLIT_ENGINE": "scripted"}):
            super().setUpClass()


class CountingResult(unittest.TextTestResult):
    """unittest counts what failed and what was left out; this counts what held."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.held = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.held += 1


def main():
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = unittest.TestSuite(load(tests) for tests in [RustTests, WelcomeTests, ScriptedTests])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=CountingResult).run(suite)
    tally = Expectations()
    tally.passed, tally.failed = result.held, len(result.failures) + len(result.errors)
    tally.expect("nothing is left out", not result.skipped, [test.id() for test, _ in result.skipped])
    tally.expect("the suite ran", tally.passed + tally.failed > 20)
    tally.finish()


if __name__ == "__main__":
    main()
