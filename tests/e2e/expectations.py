"""Counting expectations: each prints one line where it fails, and the last line of a script is its totals."""

import sys
import traceback


class Expectations:
    """How many expectations held and failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def expect(self, what, held, details=""):
        """Counts one expectation, and shows what is known about it where it failed."""
        if held:
            self.passed += 1
            print(f"held: {what}")
        else:
            self.failed += 1
            print(f"FAILED: {what}\n{details}".rstrip())
        return bool(held)

    def attempt(self, what, action):
        """Counts an action that must not raise, and returns what it returned."""
        try:
            answer = action()
        except Exception:
            self.expect(what, False, traceback.format_exc())
            return None
        self.expect(what, True)
        return answer

    def finish(self):
        """Prints the totals and ends the script."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)
