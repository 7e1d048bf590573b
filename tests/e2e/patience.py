"""Waiting for what a page comes to, for as long as a slow machine needs; a fixed wait is too short some day."""

import notebooks

MILLISECONDS = 60_000
STEP = 100


def eventually(page, look, is_there=bool, milliseconds=MILLISECONDS):
    """What `look` gives as soon as it is there, or at last."""
    for _ in range(milliseconds // STEP):
        seen = look()
        if is_there(seen):
            return seen
        page.wait_for_timeout(STEP)
    return look()


def has_ended(panel, cell):
    """Whether a cell of the notebook in this panel has its number."""
    prompt = panel.locator(".jp-CodeCell").nth(cell).locator(".jp-InputArea-prompt")
    return (prompt.text_content() or "").strip().strip("[]:").isdigit()


def save(page, path, is_done):
    """Saves the notebook on the screen, and waits until what lies in the file is what is asked for: a list of its code cells is looked at."""
    page.keyboard.press("Control+s")
    return eventually(page, lambda: is_done(notebooks.code_cells(notebooks.read(path))))
