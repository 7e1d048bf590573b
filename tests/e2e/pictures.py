"""Pictures as readers meet them: live in JupyterLab, in a saved page without a kernel, and where no script may run."""

import re
import subprocess
import sys

import nbformat

import notebooks
from patience import eventually, has_ended, save

NAME = "pictures.ipynb"
STRANGER = "of-a-stranger.ipynb"
WAIT_MILLISECONDS = 180_000

RUN = """let lab = Lab::new(42);
let store = lab.cluster("store", 3, |_id| EagerStore::default());
let (ann, bob) = (store.client_of(0).named("ann"), store.client_of(2).named("bob"));
let cut = lab.partition([store.nodes([0]), store.nodes([1, 2])]);
ann.put("<b>x</b>", 1); lab.run_for(secs(1));
bob.get("<b>x</b>"); lab.run_for(secs(1));
store.crash(1); lab.heal(cut); ann.put("y", "<script>alert(1)</script>"); lab.run_for(secs(1));"""
LONG_RUN = """use netsplit::consensus::raft::{Config, KeyValueStore, Raft};
let long = Lab::new(7);
let raft = long.cluster("raft", 3, |_id| Raft::<KeyValueStore>::new(Config::paper()));
long.run_for(secs(5)); raft.crash(1); long.run_for(secs(10));
long.diagram()"""
CELLS = [
    RUN,
    "lab.diagram()",
    "lab.player()",
    "lab.cluster_view()",
    LONG_RUN,
    "store.history().check(linearizable(spec::KeyValue))",
    "store.history().latency_chart()",
    "let other = Lab::new(43); let _s = other.cluster(\"store\", 3, |_id| EagerStore::default()); other.run_for(secs(1)); lab.compare(&other)",
]
DIAGRAM, PLAYER, VIEW, LONG, VERDICT, CHART, COMPARED = range(1, 8)
LIVE = {DIAGRAM: "a diagram", PLAYER: "a player", LONG: "a long run", VERDICT: "a verdict", CHART: "a chart",
        COMPARED: "two runs"}


def write(course, chapter):
    """The notebook, for the same kernel as a chapter's."""
    metadata = {"kernelspec": notebooks.read(chapter).metadata.kernelspec}
    cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), course / NAME)


def output(page, cell):
    """What a cell shows, in the notebook that is on the screen."""
    shown = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").nth(cell).locator(".jp-OutputArea")
    shown.first.scroll_into_view_if_needed(timeout=WAIT_MILLISECONDS)
    return shown.first


def in_page(page, cell):
    """The same in a page that was made of the notebook."""
    return page.locator(".jp-CodeCell").nth(cell)


def run_cells(page, course, origin, token):
    page.goto(f"{origin}/lab/workspaces/pictures/tree/{NAME}?token={token}")
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    panel.locator(".jp-CodeCell").first.wait_for(timeout=WAIT_MILLISECONDS)
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=2 * WAIT_MILLISECONDS)
    panel.locator(".jp-CodeCell .cm-content").first.click()
    for _ in CELLS:
        page.keyboard.press("Shift+Enter")
    eventually(page, lambda: has_ended(panel, len(CELLS) - 1))
    save(page, course / NAME, lambda cells: cells[-1].outputs)


def hover_tells_the_message(shown):
    """The pointer over an arrow: the message in full, with what is markup in it as letters."""
    # The arrow's text: the middle of its box is on the text itself.
    shown.locator(".stage text[data-m]").first.hover(force=True)
    said = shown.locator(".panel").inner_text()
    return "put <b>x</b> = 1" in said and "ms" in said, said


def clicking_shows_the_cone(shown):
    """A click leaves bright what led to an event and what followed; Escape brings the rest back."""
    shown.locator(".stage text[data-m]").first.click(force=True)
    bright, dim = shown.locator(".stage .lit").count(), shown.locator(".stage svg.cone").count()
    shown.locator(".stage").press("Escape")
    return bright > 0 and dim == 1 and shown.locator(".stage svg.cone").count() == 0, (bright, dim)


def keys_step(shown):
    """The arrow keys go from event to event, and back."""
    stage, panel = shown.locator(".stage"), shown.locator(".panel")
    said = []
    for key in ["Home", "ArrowDown", "ArrowDown", "ArrowUp"]:
        stage.press(key)
        said.append(panel.inner_text())
    return said[1] == said[3] and len(set(said[:3])) == 3, said


def states_are_told(shown):
    """What a node was before and after an event stands beside it."""
    for index in range(shown.locator(".stage text[data-m]").count()):
        shown.locator(".stage text[data-m]").nth(index).hover(force=True)
        said = shown.locator(".panel").inner_text()
        if "after it" in said and "<b>x</b>" in said.split("after it")[1]:
            return True, said
    return False, "no event tells of the key in a state"


def player_steps(shown):
    """On, on, back: the moment, and with it what the cluster holds."""
    def moment():
        return shown.locator(".time").inner_text(), shown.locator(".cluster svg").text_content()

    on, back = shown.get_by_label("one event on"), shown.get_by_label("one event back")
    shown.get_by_label("to the beginning").click()
    seen = [moment()]
    for _ in range(12):
        on.click()
        seen.append(moment())
    for earlier in reversed(seen[:-1]):
        back.click()
        if moment() != earlier:
            return False, (earlier, moment())
    return len({cluster for _, cluster in seen}) > 1, seen


def player_plays(page, shown):
    """By itself from the beginning, until it is stopped."""
    shown.get_by_label("speed").select_option("fast")
    shown.get_by_label("to the beginning").click()
    shown.get_by_label("play", exact=True).click()

    def place():
        return int(shown.get_by_role("slider", name="moment").input_value())

    eventually(page, place, lambda place: place > 1)
    shown.get_by_label("pause").click()
    value = place()
    page.wait_for_timeout(400)
    return value > 1 and value == place(), value


def overview_moves(shown):
    """Zooming and moving change which part of the run is seen."""
    slider = shown.get_by_label("part of the run that is shown")
    seen = [slider.get_attribute("aria-valuetext")]
    for label in ["zoom in", "zoom in", "later"]:
        shown.get_by_label(label, exact=True).click()
        seen.append(eventually(slider.page, lambda: slider.get_attribute("aria-valuetext"), lambda now: now not in seen))
    return len(set(seen)) == 4, seen


def operations_are_told(shown):
    """The pointer over an operation, and an arrow key from there: what was asked, what came, in words."""
    shown.locator("svg [data-o] rect").first.hover(force=True)
    said = [eventually(shown.page, shown.locator(".panel").inner_text)]
    shown.locator("svg [data-o]").first.focus()
    for key in ["Home", "End"]:
        shown.page.keyboard.press(key)
        said.append(shown.locator(".panel").inner_text())
    told = said[0] and said[1].startswith("ann's put <b>x</b> = 1") and said[2].startswith("bob's get of <b>x</b>")
    return told, said


def points_are_told(shown):
    """The arrow keys go from point to point of a chart, and each is told; a name in the legend hides its series."""
    stage, panel = shown.locator(".stage"), shown.locator(".panel")
    stage.focus()
    said = []
    for key in ["Home", "ArrowRight"]:
        stage.press(key)
        said.append(panel.inner_text())
    shown.locator("svg g[data-e]").first.click(force=True)
    hidden = shown.locator("svg g[data-s]").first.evaluate("it => it.style.display === 'none'")
    return "ms" in said[0] and said[0] != said[1] and hidden, (said, hidden)


def themes(page, shown):
    """A dark page has dark pictures."""
    ground = "it => getComputedStyle(it).backgroundColor"
    light = shown.locator(".stage").evaluate(ground)
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    dark = eventually(page, lambda: shown.locator(".stage").evaluate(ground), lambda now: now != light)
    page.evaluate("document.body.dataset.jpThemeLight = 'true'")
    return light != dark, (light, dark)


def use(page, course, address, artifacts, tally):
    """Everything that a reader does with live pictures in JupyterLab."""
    run_cells(page, course, *address)
    diagram = output(page, DIAGRAM)
    for what, done in [
        ("the pointer tells a message in full", lambda: hover_tells_the_message(diagram)),
        ("a click shows what led to an event", lambda: clicking_shows_the_cone(diagram)),
        ("arrow keys step through a diagram", lambda: keys_step(diagram)),
        ("a node's state stands beside an event", lambda: states_are_told(diagram)),
        ("pictures follow the page's theme", lambda: themes(page, diagram)),
        ("the player steps on and back", lambda: player_steps(output(page, PLAYER))),
        ("the player plays and pauses", lambda: player_plays(page, output(page, PLAYER))),
        ("a timeline tells its operations", lambda: operations_are_told(output(page, VERDICT))),
        ("a chart tells its points", lambda: points_are_told(output(page, CHART))),
        ("the overview of a long run moves", lambda: overview_moves(output(page, LONG))),
    ]:
        answer = tally.attempt(what, done)
        if answer is not None:
            tally.expect(f"{what}: so it is", answer[0], answer[1])
    for cell, name in LIVE.items():
        shown = output(page, cell)
        tally.expect(f"{name} is live", eventually(page, shown.locator(".netsplit-live").count))
        page.wait_for_timeout(200)
        shown.screenshot(path=artifacts / f"pictures.{cell}.png")
    tally.expect("everybody at one moment is seen", eventually(page, lambda: pictures_of(output(page, VIEW))))


def pictures_of(shown):
    """How many images of it have been decoded and are seen."""
    return shown.locator("img").evaluate_all(
        "them => them.filter(it => it.naturalWidth > 100 && it.getBoundingClientRect().width > 50).length")


def without_a_kernel(browser, course, artifacts, tally):
    """The saved notebook as a page: every picture is there, and the player plays."""
    subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", str(course / NAME)], check=True,
                   capture_output=True, timeout=300)
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    complaints = []
    page.on("console", lambda message: message.type == "error" and "netsplit" in message.text
            and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    # What the page itself would fetch has nothing to do with the pictures: they need nothing.
    page.route(re.compile("^https?://"), lambda route: route.abort())
    page.goto((course / NAME).with_suffix(".html").as_uri())
    for cell, name in LIVE.items():
        tally.expect(f"{name} is live in a page without a kernel",
                     eventually(page, in_page(page, cell).locator(".netsplit-live").count))
    answer = tally.attempt("the player steps in a page", lambda: player_steps(in_page(page, PLAYER)))
    if answer is not None:
        tally.expect("the player steps in a page: so it does", *answer)
    page.screenshot(path=artifacts / "pictures.page.png", full_page=True)
    ours = [complaint for complaint in complaints if "require" not in complaint and "MathJax" not in complaint]
    tally.expect("no picture complains in a page", not ours, ours)
    page.close()


def of_a_stranger(page, course, address, tally):
    """A notebook that this JupyterLab did not run: no script of it is run, and every picture is seen."""
    stored = notebooks.read(course / NAME)
    stored.cells.append(nbformat.v4.new_markdown_cell("Changed by somebody else."))
    nbformat.write(stored, course / STRANGER)
    origin, token = address
    page.goto(f"{origin}/lab/workspaces/stranger/tree/{STRANGER}?token={token}")
    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").first.wait_for(timeout=WAIT_MILLISECONDS)
    for cell, name in LIVE.items():
        shown = output(page, cell)
        seen = eventually(page, lambda: pictures_of(shown))
        tally.expect(f"{name} of a stranger is a picture", seen, shown.inner_html()[:300])
        tally.expect(f"{name} of a stranger runs no script", shown.locator(".netsplit-live").count() == 0)


def check(browser, address, course, chapter, artifacts, watch, tally):
    """Opens the notebook, uses its pictures, and looks at what was saved."""
    write(course, chapter)
    artifacts.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    watcher = watch(page, address[0])
    used = tally.attempt("pictures are used", lambda: use(page, course, address, artifacts, tally) or True)
    tally.expect("no picture complains in the console", not watcher.complaints, "\n".join(watcher.complaints))
    tally.expect("no picture asks for anything from elsewhere", not watcher.elsewhere, "\n".join(watcher.elsewhere))
    page.close()
    if used:
        tally.attempt("pictures are seen without a kernel", lambda: without_a_kernel(browser, course, artifacts, tally))
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        tally.attempt("pictures of a stranger are seen", lambda: of_a_stranger(page, course, address, tally))
        page.close()
    for name in [NAME, STRANGER, NAME.replace(".ipynb", ".html")]:
        (course / name).unlink(missing_ok=True)
