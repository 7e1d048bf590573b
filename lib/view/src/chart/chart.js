// A chart that answers: the pointer or the arrow keys tell a point's values, the legend's entries show and hide their series.
begin(({ data, svg, stage, panel, bar }) => {
  const NS = "http://www.w3.org/2000/svg";
  const [left, top, right, bottom] = data.area;
  const hidden = new Set();
  const make = (name, attributes) => {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  // Words that the pointer shows are told in the panel, so the browser's own need not cover the values.
  for (const title of svg.querySelectorAll("g > title")) {
    if (title.parentNode.dataset.s !== undefined) title.remove();
  }
  svg.setAttribute("role", "group");
  const cross = make("path", { fill: "none", "stroke-width": 1, "stroke-dasharray": "2 3", "pointer-events": "none" });
  const ring = make("circle", { r: 6, fill: "none", "stroke-width": 2, "pointer-events": "none" });
  cross.style.stroke = "var(--quiet)";
  ring.style.stroke = "var(--ink)";
  svg.append(cross, ring);
  const shown = () => data.series.filter((series) => !hidden.has(series.entry) && series.points.length);
  const named = (series) => data.entries[series.entry] || data.y || "value";
  // The point of a series whose place on the horizontal axis is nearest; points come in any order.
  const beside = (series, x) => series.points.reduce((best, point) => Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best);
  let at = null;
  const tell = (series, point) => {
    at = { series, point };
    const [x, y, over, height] = point;
    cross.setAttribute("d", `M${x} ${top}V${bottom}M${left} ${y}H${right}`);
    ring.setAttribute("cx", x);
    ring.setAttribute("cy", y);
    cross.style.display = ring.style.display = "";
    const others = shown().filter((other) => other !== series).map((other) => [other, beside(other, x)]);
    const same = others.filter(([, point]) => Math.abs(point[0] - x) <= 3).map(([other, point]) => `${named(other)}: ${point[3]}`);
    const during = data.spans.filter(([from, to]) => from - 2 <= x && x <= to + 2).slice(0, 3).map(([, , words]) => `(${words})`);
    const place = `${data.x ? data.x + " " : ""}${over}`;
    panel.textContent = [`${named(series)}: ${height} at ${place}`, ...same, ...during].join("   ");
  };
  const clear = () => {
    at = null;
    cross.style.display = ring.style.display = "none";
    panel.replaceChildren(hint);
  };
  const hint = element("span", { class: "quiet" }, "Point at the chart, or use the arrow keys; a click on a name in the legend hides it.");
  const pointed = (event) => {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    if (x < left - 8 || x > right + 8 || y < top - 8 || y > bottom + 8) return;
    let best = null;
    for (const series of shown()) {
      for (const point of series.points) {
        const distance = (point[0] - x) ** 2 + ((point[1] - y) / 2) ** 2;
        if (!best || distance < best.distance) best = { series, point, distance };
      }
    }
    if (best) tell(best.series, best.point);
  };
  svg.addEventListener("pointermove", pointed);
  svg.addEventListener("pointerdown", pointed);
  svg.addEventListener("pointerleave", clear);
  // Left and right go from point to point, up and down from series to series.
  const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
  stage.setAttribute("aria-label", "Chart: arrow keys go from point to point, Escape ends");
  stage.setAttribute("role", "application");
  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage) return;
    const all = shown();
    if (!all.length) return;
    const number = at ? all.indexOf(at.series) : -1;
    const series = number < 0 ? all[0] : all[number];
    if (event.key === "Escape") clear();
    else if (event.key in steps) {
      const order = [...series.points].sort((one, other) => one[0] - other[0]);
      const next = number < 0 ? 0 : order.indexOf(at.point) + steps[event.key];
      tell(series, order[Math.max(0, Math.min(order.length - 1, next))]);
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const next = all[(Math.max(0, number) + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length];
      tell(next, at ? beside(next, at.point[0]) : next.points[0]);
    } else return;
    event.preventDefault();
  });
  for (const entry of svg.querySelectorAll("g[data-e]")) {
    const number = Number(entry.dataset.e);
    const name = data.entries[number];
    entry.setAttribute("role", "button");
    entry.setAttribute("tabindex", "0");
    entry.setAttribute("aria-label", `show ${name || "the series"}`);
    entry.setAttribute("aria-pressed", "true");
    entry.style.cursor = "pointer";
    const toggle = () => {
      const hides = !hidden.has(number);
      if (hides) hidden.add(number);
      else hidden.delete(number);
      entry.setAttribute("aria-pressed", String(!hides));
      entry.style.opacity = hides ? 0.4 : 1;
      for (const group of svg.querySelectorAll(`g[data-s="${number}"]`)) group.style.display = hides ? "none" : "";
      if (at && hidden.has(at.series.entry)) clear();
    };
    entry.addEventListener("click", toggle);
    entry.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      toggle();
    });
  }
  bar.remove();
  clear();
});
