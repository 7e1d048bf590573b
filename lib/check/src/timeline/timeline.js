// A live timeline: words of the operation under the pointer or the focus, steps through the order, the other axis.
begin((figure) => {
  const { operations, steps, accused } = figure.data;
  figure.style.textContent += `
[data-o]{cursor:pointer;outline:none}
[data-o]:hover rect,[data-o].chosen rect{stroke:var(--accent);stroke-width:3px}
[data-o]:focus-visible rect{stroke:var(--accent);stroke-width:3.5px}
[data-o]:hover text,[data-o].chosen text{font-weight:600}`;
  // The panel has room for the longest words, so that nothing below it moves.
  const tallest = Math.max(...operations.map(({ words }) => words.split("\n").length));
  figure.panel.style.minHeight = `${tallest * 1.45}em`;
  const pictures = [figure.svg, picture(figure.data.other)];
  let byTime = figure.data.byTime;
  let chosen = null;
  let pinned = false;
  const marks = () => [...figure.svg.querySelectorAll("[data-o]")].sort((a, b) => a.dataset.o - b.dataset.o);
  // What was chosen stays chosen when the axis changes, and everything else is out of the way of the Tab key.
  const show = (number) => {
    chosen = number;
    const at = steps.indexOf(number);
    for (const mark of marks()) {
      const own = Number(mark.dataset.o);
      mark.classList.toggle("chosen", own === number);
      mark.setAttribute("tabindex", own === (number ?? 0) ? "0" : "-1");
    }
    figure.panel.textContent = number === null ? hint : operations[number].words;
    if (count) count.textContent = at < 0 ? `– of ${steps.length}` : `${at + 1} of ${steps.length}`;
  };
  const focus = (number) => {
    if (number === null || number === undefined) return;
    pinned = true;
    show(number);
    marks()[number]?.focus();
  };
  const middle = (mark) => {
    const box = mark.querySelector("rect").getBoundingClientRect();
    return box.left + box.width / 2;
  };
  // The neighbour in the same lane, or the nearest one in the next lane that has any.
  const beside = (number, by) => {
    const lane = operations[number].lane;
    for (let next = number + by; next >= 0 && next < operations.length; next += by) {
      if (operations[next].lane === lane) return next;
    }
    return null;
  };
  const across = (number, by) => {
    const lanes = operations.map((operation) => operation.lane);
    const further = lanes.filter((lane) => (lane - lanes[number]) * by > 0);
    if (further.length === 0) return null;
    const lane = by > 0 ? Math.min(...further) : Math.max(...further);
    const all = marks();
    const here = middle(all[number]);
    const there = lanes.flatMap((other, index) => (other === lane ? [index] : []));
    const far = (index) => Math.abs(middle(all[index]) - here);
    return there.reduce((best, index) => (far(index) < far(best) ? index : best));
  };
  const step = (by) => {
    const at = steps.indexOf(chosen);
    const next = at < 0 ? (by > 0 ? 0 : steps.length - 1) : Math.min(Math.max(at + by, 0), steps.length - 1);
    focus(steps[next]);
  };
  const keys = {
    ArrowLeft: (number) => beside(number, -1),
    ArrowRight: (number) => beside(number, 1),
    ArrowUp: (number) => across(number, -1),
    ArrowDown: (number) => across(number, 1),
    Home: () => 0,
    End: () => operations.length - 1,
  };
  const prepare = (svg) => {
    svg.setAttribute("role", "group");
    for (const mark of svg.querySelectorAll("[data-o]")) {
      const number = Number(mark.dataset.o);
      mark.setAttribute("role", "img");
      mark.setAttribute("aria-label", operations[number].words);
      // The panel says it; a second panel of the browser would only be in the way.
      mark.querySelector("title")?.remove();
      mark.addEventListener("focus", () => show(number));
      mark.addEventListener("pointerenter", () => pinned || show(number));
      mark.addEventListener("click", () => {
        const again = pinned && chosen === number;
        focus(number);
        pinned = !again;
      });
    }
    svg.addEventListener("keydown", (event) => {
      const number = chosen ?? 0;
      if (event.key === "Escape") {
        pinned = false;
        show(null);
      } else if (keys[event.key]) {
        focus(keys[event.key](number));
      } else if (steps.length > 0 && (event.key === "PageDown" || event.key === "PageUp")) {
        step(event.key === "PageDown" ? 1 : -1);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
  };
  pictures.forEach(prepare);
  figure.bar.setAttribute("aria-label", "timeline");
  figure.button("true time", "draw true time instead of one column for each call and return", (on) => {
    byTime = on;
    const next = pictures[byTime === figure.data.byTime ? 0 : 1];
    figure.svg.replaceWith(next);
    figure.svg = next;
    figure.paint();
    show(chosen);
  }, byTime);
  let count = null;
  if (steps.length > 0) {
    figure.button("◀", "the step before in the order", () => step(-1));
    count = element("span", { class: "quiet" });
    figure.bar.append(count);
    figure.button("▶", "the next step of the order", () => step(1));
  }
  if (accused !== null) figure.button("✗", "the operation that has no place", () => focus(accused));
  const hint = "Point at an operation, or go to one with Tab and the arrow keys: here it is told in words.";
  show(null);
});
