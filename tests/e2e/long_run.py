"""A long run in JupyterLab: it says how far it is while it runs, the stop button ends it, and the saved notebook shows none of that."""

import nbformat

import notebooks
from patience import eventually, has_ended, save

NAME = "long-run.ipynb"
WAIT_MILLISECONDS = 180_000

PLAYERS = """#[derive(Clone, Debug)] struct Player;
impl Node for Player { type Message = (); type Timer = ();
  fn on_start(&mut self, ctx: &mut Context<Self>) { ctx.broadcast(()); }
  fn on_message(&mut self, from: NodeId, _: (), ctx: &mut Context<Self>) { ctx.send(from, ()); } }
let lab = Lab::new(7); let players = lab.cluster("player", 2, |_| Player);"""
CELLS = [
    PLAYERS,
    'println!("before"); lab.set_budget(Budget::new().real(secs(10))); let stopped = lab.try_run_for(hours(1_000_000)); stopped.is_err()',
    "lab.set_budget(Budget::new()); lab.run_for(hours(1_000_000));",
    "lab.run_for(secs(1)); lab.now() > Time::ZERO + mins(1)",
]


def write(course, chapter):
    """The notebook, for the same kernel as a chapter's."""
    metadata = {"kernelspec": notebooks.read(chapter).metadata.kernelspec}
    cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), course / NAME)


def panel(page):
    """The notebook that is on the screen: JupyterLab brings back the tabs of an earlier page as well, behind it."""
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def line_of_progress(page, cell):
    """The text of the cell's output that says how far it is, once it is there."""
    line = panel(page).locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea-output", has_text="running: ")
    line.first.wait_for(timeout=WAIT_MILLISECONDS)
    return line.first.inner_text()


def wait_for_number(page, cell):
    """Waits until the cell has ended."""
    if not eventually(page, lambda: has_ended(panel(page), cell), milliseconds=WAIT_MILLISECONDS):
        raise TimeoutError(f"cell {cell} did not end")


def use(page, course, origin, token, artifacts):
    """What a user does; gives back what the two long cells said of themselves."""
    # In a workspace of its own: the usual one would look for this notebook's tab when it is gone.
    page.goto(f"{origin}/lab/workspaces/long-run/tree/{NAME}?token={token}")
    panel(page).locator(".jp-CodeCell").first.wait_for(timeout=WAIT_MILLISECONDS)
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=2 * WAIT_MILLISECONDS)
    panel(page).locator(".jp-CodeCell .cm-content").first.click()
    for _ in range(3):
        page.keyboard.press("Shift+Enter")
    said = [line_of_progress(page, 1)]
    page.screenshot(path=artifacts / "long-run.1.png")
    wait_for_number(page, 1)
    said.append(line_of_progress(page, 2))
    panel(page).locator('[data-command="notebook:interrupt-kernel"], button[title*="Interrupt"]').first.click()
    wait_for_number(page, 2)
    panel(page).locator(".jp-CodeCell .cm-content").nth(3).click()
    page.keyboard.press("Shift+Enter")
    wait_for_number(page, 3)
    save(page, course / NAME, lambda cells: cells[3].outputs)
    page.screenshot(path=artifacts / "long-run.2.png")
    return said


def check(browser, address, course, chapter, artifacts, tally):
    """Opens the notebook, uses it and reads what was saved."""
    write(course, chapter)
    artifacts.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    said = tally.attempt("a long run is watched and stopped", lambda: use(page, course, *address, artifacts))
    page.close()
    if said is None:
        return
    tally.expect("it says how far it is", all("events" in line for line in said), said)
    shown = [notebooks.comparable(cell) for cell in notebooks.read(course / NAME).cells]
    (course / NAME).unlink()
    tally.expect("the saved notebook has what the cell printed and its value, and nothing else",
                 shown[1] == [{"stream": "stdout", "text": "before\n"}, {"data": {"text/plain": "true"}}], shown[1])
    tally.expect("a stopped run leaves its error alone, which says that nothing is lost",
                 len(shown[2]) == 1 and "no variable is lost" in shown[2][0].get("value", ""), shown[2])
    tally.expect("and it goes on", shown[3] == [{"data": {"text/plain": "true"}}], shown[3])
