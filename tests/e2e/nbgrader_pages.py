"""nbgrader's pages in Chromium: the button that validates a notebook, and the grader's pages, where a submission is graded again and its
feedback made. What an instructor sees is left among the artifacts."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager

from playwright.sync_api import expect, sync_playwright

import browser

# Grading one submission, with a kernel that starts and a judge that is there.
PATIENCE = 300_000


@contextmanager
def jupyterlab(course):
    """A JupyterLab in the course's folder, as the instructor starts it; its address with the token."""
    options = [f"--ServerApp.port={browser.free_port()}", f"--ServerApp.root_dir={course}", "--allow-root", "--no-browser",
               "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], cwd=course, stdout=log, stderr=log,
                                  env=os.environ | {"JUPYTER_TOKEN": "abc"})
        try:
            yield f"http://127.0.0.1:{options[0].split('=')[1]}"
        finally:
            # It ends its kernels first.
            server.terminate()
            server.wait(30)


def opened(page, address, path):
    """Opens a page as soon as the server is there."""
    for _ in range(360):
        try:
            page.goto(f"{address}{path}?token=abc")
            return
        except Exception:
            page.wait_for_timeout(500)
    raise TimeoutError(f"JupyterLab did not answer at {address}")


def validated(page, address, path):
    """What the Validate button says of a notebook."""
    opened(page, address, f"/lab/tree/{path}")
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="Validate", exact=True).click()
    dialog = page.locator(".jp-Dialog-content")
    dialog.wait_for(timeout=PATIENCE)
    return dialog.inner_text()


def graded_again(page, address, student):
    """Clicks the flash that autogrades a submission, then the balloon that makes its feedback; what the row says then."""
    opened(page, address, "/formgrader/manage_submissions/first")
    row = page.locator("tr").filter(has=page.locator("td.student-id").get_by_text(student, exact=True))
    for action in ("autograde", "generate-feedback"):
        row.locator(f".{action} a").click()
        done = page.locator("#success-modal")
        done.wait_for(timeout=PATIENCE)
        done.get_by_role("button", name="OK").click()
        expect(done).to_have_count(0)
    return row.inner_text()


def check(room, artifacts, tally):
    """Validates, grades and looks, in the course as the commands have left it."""
    chromium = os.environ.get("NETSPLIT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    artifacts.mkdir(parents=True, exist_ok=True)
    if not tally.expect("Chromium is installed (Debian: apt install chromium)", chromium):
        return
    with jupyterlab(room.course) as address, sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium, args=browser.CHROMIUM_OPTIONS)
        page = chrome.new_page(viewport={"width": 1400, "height": 1000})
        watcher = browser.Watcher(page, address)
        for path, wanted in (("source/first/first.ipynb", "Success"), ("release/first/first.ipynb", "failed")):
            said = tally.attempt(f"{path} is validated", lambda: validated(page, address, path))
            tally.expect(f"{path}: {wanted}", wanted.lower() in (said or "").lower(), said)
            page.screenshot(path=artifacts / f"nbgrader-validate-{wanted.lower()}.png")
        # The grader's own pages ask for MathJax elsewhere; they do without it where there is no network.
        tally.expect("notebooks ask nothing from elsewhere", not watcher.elsewhere, "\n".join(watcher.elsewhere))
        said = tally.attempt("a submission is graded again", lambda: graded_again(page, address, "right"))
        tally.expect("the page shows the points", "10 / 10" in (said or ""), said)
        page.screenshot(path=artifacts / "nbgrader-submissions.png")
        opened(page, address, "/formgrader/gradebook/first/first")
        page.locator("tbody a").first.click(timeout=PATIENCE)
        report = page.locator(".netsplit-grade").first
        report.wait_for(timeout=PATIENCE)
        page.screenshot(path=artifacts / "nbgrader-formgrader.png", full_page=True)
        for student in ("misspelt", "cut-off"):
            page.goto((room.course / "feedback" / student / "first" / "first.html").as_uri())
            tally.expect(f"the report of {student} is seen in its feedback", page.locator(".netsplit-grade").first.is_visible())
            page.screenshot(path=artifacts / f"nbgrader-feedback-{student}.png", full_page=True)
        chrome.close()
