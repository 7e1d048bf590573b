"""browser.py NETSPLIT COURSE [NUMBER...]: opens chapters of the course folder, by their numbers or all, in JupyterLab, in a headless Chromium.

JupyterLab is started as a user starts it, with `netsplit lab`. In each chapter the menu's "Restart Kernel and Run All
Cells" must end without an error, with the diagram on the page, and with nothing to complain about in the console.
A screenshot of the whole chapter is left among the artifacts. Then a long run is watched, stopped and saved, and pictures are used in every way.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

import long_run
import notebooks
import pictures
from expectations import Expectations
from patience import eventually

START_SECONDS = 180
RUN_SECONDS = 900
TALLEST_PICTURE = 12_000
CHROMIUM_OPTIONS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]
# Outputs that are diagrams: SVG as an image of its own, or inside of HTML.
DIAGRAMS = ".jp-OutputArea-output .jp-RenderedSVG img, .jp-RenderedSVG img, .jp-OutputArea-output svg"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def jupyterlab(netsplit, course):
    """A JupyterLab that `netsplit lab` started, as the address of its page with the token."""
    command = [netsplit, "lab", "--no-browser", "--dir", course, "--port", str(free_port())]
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            yield wait_for_address(server, log)
        finally:
            # The whole session: kernels that the server has not ended yet go with it.
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)


def wait_for_address(server, log):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        log.seek(0)
        found = re.search(r"(http://127\.0\.0\.1:\d+)/\S*\?token=(\w+)", log.read())
        if found:
            return found.groups()
        time.sleep(0.2)
    log.seek(0)
    raise RuntimeError(f"JupyterLab did not start within {START_SECONDS} s:\n{log.read()}")


class Watcher:
    """What a page complains about, and what it asks from elsewhere."""

    def __init__(self, page, origin):
        self.complaints, self.elsewhere = [], []
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.is_elsewhere(request.url, origin) and self.elsewhere.append(request.url))

    @staticmethod
    def is_elsewhere(url, origin):
        return url.startswith("http") and not url.startswith(origin)


def run_all(page):
    """Clears what was stored, so that only fresh outputs count, unfolds all cells, since a folded one shows no number, then takes
    "Restart Kernel and Run All Cells" from the Run menu, and says yes to the dialog that asks whether that is meant."""
    page.get_by_role("menuitem", name="View", exact=True).click()
    page.get_by_role("menuitem", name="Expand All Code").click()
    page.get_by_role("menuitem", name="Edit", exact=True).click()
    page.get_by_role("menuitem", name="Clear Outputs of All Cells").click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("Restart Kernel and Run All Cells")).click()
    page.get_by_role("button", name=re.compile("Confirm Kernel Restart|^Restart$")).click()


def prompts(page):
    """The numbers of the code cells, `[3]:`, with a star while a cell runs or waits, and empty before."""
    # Not the inner texts: those are empty for cells that are scrolled out of sight.
    texts = page.locator(".jp-Notebook .jp-CodeCell .jp-InputArea-prompt").all_text_contents()
    return [text.strip().strip("[]:") for text in texts]


def wait_until_done(page, cells):
    """Waits for the last number; cells after a failed one never get theirs, so an error ends the waiting too."""
    end = time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        numbers = prompts(page)
        running = [number for number in numbers if number == "*"]
        if not running and len(numbers) >= cells and (numbers[-1].isdigit() or errors(page)):
            return numbers
        time.sleep(0.5)
    raise TimeoutError(f"the cells did not end within {RUN_SECONDS} s: {prompts(page)}")


def errors(page):
    return page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]').all_text_contents()


def visible_diagrams(page):
    """The sizes of the diagrams that really show something: an image that could not be decoded has no natural size."""
    return page.locator(DIAGRAMS).evaluate_all(
        """elements => elements
            .filter(it => it.tagName.toLowerCase() === 'svg' || it.naturalWidth > 0)
            .map(it => [it.getBoundingClientRect().width, it.getBoundingClientRect().height])
            .filter(([width, height]) => width > 100 && height > 50)""")


def screenshots(page, folder, name):
    """The whole chapter in as few pictures as Chromium allows: the window is made as tall as the notebook."""
    folder.mkdir(parents=True, exist_ok=True)
    panel = page.locator(".jp-Notebook .jp-WindowedPanel-outer, .jp-WindowedPanel-outer.jp-Notebook").first
    height = int(panel.evaluate("it => it.scrollHeight"))
    page.set_viewport_size({"width": 1400, "height": min(height + 200, TALLEST_PICTURE)})
    shown = int(panel.evaluate("it => it.clientHeight"))
    for number, top in enumerate(range(0, height, shown), start=1):
        panel.evaluate("(it, top) => it.scrollTo(0, top)", top)
        page.wait_for_timeout(1500)
        page.screenshot(path=folder / f"{name}.{number}.png")


def check(browser, address, course, chapter, tally):
    origin, token = address
    name, stored = notebooks.title(chapter), notebooks.read(chapter)
    cells = len(notebooks.code_cells(stored))
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    watcher = Watcher(page, origin)

    def use():
        # A workspace of its own: JupyterLab would open the chapters of before beside this one.
        page.goto(f"{origin}/lab/workspaces/{name}/tree/{chapter.relative_to(course).as_posix()}?token={token}")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=180_000)
        # Only a kernel that is up can be restarted: the status bar says so.
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=300_000)
        run_all(page)
        return wait_until_done(page, cells)

    numbers = tally.attempt(f"{name}: restart and run all ends", use)
    tally.attempt(f"{name}: screenshots", lambda: screenshots(
        page, Path(os.environ.get("NETSPLIT_ARTIFACTS", ".")), name))
    if numbers is not None:
        tally.expect(f"{name}: every cell ran, in order", numbers == [str(n + 1) for n in range(cells)], numbers)
        tally.expect(f"{name}: no output is an error", not errors(page), "\n".join(errors(page)))
        tally.expect(f"{name}: a diagram is on the page", eventually(page, lambda: visible_diagrams(page)))
    tally.expect(f"{name}: no error in the console", not watcher.complaints, "\n".join(watcher.complaints))
    tally.expect(f"{name}: nothing is asked from elsewhere", not watcher.elsewhere, "\n".join(watcher.elsewhere))
    page.close()


def main():
    # Asked to end, the script still ends the JupyterLab that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("the browser test was ended from outside"))
    netsplit, course = sys.argv[1], Path(sys.argv[2]).resolve()
    chromium = os.environ.get("NETSPLIT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    tally = Expectations()
    wanted = sys.argv[3:]
    chapters = sorted(path for path in course.glob("[0-9]*/*.ipynb") if not wanted or path.name[:2] in wanted)
    tally.expect("there are chapters in the course folder", bool(chapters), course)
    if tally.expect("Chromium is installed (Debian: apt install chromium)", chromium):
        with jupyterlab(netsplit, course) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
            for chapter in chapters:
                check(browser, address, course, chapter, tally)
            artifacts = Path(os.environ.get("NETSPLIT_ARTIFACTS", "."))
            long_run.check(browser, address, course, chapters[0], artifacts, tally)
            pictures.check(browser, address, course, chapters[0], artifacts, Watcher, tally)
            browser.close()
    tally.finish()


if __name__ == "__main__":
    main()
