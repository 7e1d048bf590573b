// The cluster at a moment of the run: who is up, in which role, what each holds, what is cut, what is under way.
const cluster = (figure) => {
  const { data, items, messages, calls } = figure;
  const { places, roles, svg: text } = data.cluster;
  const view = picture(text);
  figure.cluster = view;
  const part = (kind, index) => view.querySelector(`[data-${kind}="${index}"]`);
  const names = data.columns.map(([, name]) => name);
  const nodes = data.columns.map(([, , client], column) => (client ? -1 : column)).filter((column) => column >= 0);
  const rows = data.rows.slice(0, view.querySelectorAll("[data-k]").length);
  figure.style.textContent += `
:host{--r0:#e8f1f8;--r1:#fbeac3;--r2:#f0e3ed;--r3:#f9dcc8;--r4:#c9ebe0;--harm:#d55e00;--message:#0072b2;--call:#94437f;--odd:#8a5a00}
:host([data-theme=dark]){--r0:#16283a;--r1:#423308;--r2:#3a2234;--r3:#4a2410;--r4:#0e3b2f;--harm:#f0762b;--message:#4aa8e0;--call:#cc79a7;--odd:#f5c95c}
.moving{stroke:var(--ground);stroke-width:2}
.was{opacity:.55}`;
  for (const title of view.querySelectorAll("g > title")) title.remove();
  const flights = document.createElementNS("http://www.w3.org/2000/svg", "g");
  view.append(flights);
  const show = (shape, is) => { if (shape) { shape.setAttribute("visibility", is ? "visible" : "hidden"); shape.style.visibility = is ? "visible" : "hidden"; } };
  const fits = (shape, text) => { if (shape && shape.textContent !== text) shape.textContent = text; };
  const room = Math.max(3, Math.floor((618 / Math.max(1, nodes.length) - 8) / 7));
  const short = (text) => (text.length > room ? text.slice(0, room - 1) + "…" : text);
  // Which span of items lasts at an item: from where it began (the picture's beginning if nowhere) up to its end.
  const lasts = (now, from, to) => (from === null || from <= now) && (to === null || to > now);

  // The latest state of each node before an item, found once for each node by going back through its states.
  const of_node = data.columns.map(() => []);
  for (const state of figure.states) of_node[state.column].push(state);
  const stateAt = (column, now) => {
    const list = of_node[column];
    let low = 0, high = list.length;
    while (low < high) { const middle = (low + high) >> 1; list[middle].item <= now ? (low = middle + 1) : (high = middle); }
    return list[low - 1] ?? null;
  };

  figure.showCluster = (now) => {
    const down = new Set(), paused = new Set();
    for (const [column, crashed, from, to] of data.outages) if (lasts(now, from, to)) (crashed ? down : paused).add(column);
    const states = nodes.map((column) => stateAt(column, now));
    nodes.forEach((column, place) => {
      const state = states[place], group = part("p", column), shape = group.querySelector("circle");
      const ground = `var(--r${roles[state?.role] ?? 0})`;
      shape.style.fill = ground;
      const here = items[now]?.kind === "l" ? messages[items[now].part[1]].from : items[now]?.column;
      shape.style.stroke = here === column ? "var(--mark)" : "";
      shape.style.strokeWidth = here === column ? 4 : "";
      const head = part("h", place);
      if (head) head.style.fill = ground;
      fits(part("q", column), state?.role ?? "");
      for (const faded of group.querySelectorAll("circle,text")) faded.classList.toggle("was", down.has(column));
    });
    data.columns.forEach((_, column) => { show(part("z", column), down.has(column)); show(part("u", column), paused.has(column)); });
    rows.forEach((name, row) => {
      const values = states.map((state) => state?.rows[row]);
      const up = values.filter((_, place) => !down.has(nodes[place]) && states[place]);
      const differs = up.some((value) => value !== up[0]);
      const label = part("k", row);
      fits(label, (differs ? "≠ " : "") + (name === "" ? "state" : name.length > 19 ? name.slice(0, 18) + "…" : name));
      label.style.fill = differs ? "var(--odd)" : "";
      values.forEach((value, place) => {
        const cell = part("r", row * nodes.length + place);
        if (!cell) return;
        fits(cell, short(value ?? (differs ? "–" : "")));
        const isNew = states[place]?.item === now && states[place].changed.includes(String(row));
        cell.style.fill = isNew ? "var(--accent)" : "";
        cell.style.fontWeight = isNew ? "700" : "";
      });
    });
    const cut = (from, to) => data.walls.some(([sides, oneWay, begin, end]) => {
      const [a, b] = [sides[from], sides[to]];
      return lasts(now, begin, end) && a !== null && b !== null && a !== b && (!oneWay || a < b);
    });
    const links = [];
    nodes.forEach((from, one) => nodes.slice(one + 1).forEach((to) => {
      const link = part("l", from * names.length + to);
      if (!link) return;
      const is_cut = cut(from, to) || cut(to, from);
      const line = link.querySelector("path");
      line.style.stroke = is_cut ? "var(--harm)" : "";
      line.style.strokeDasharray = is_cut ? "3 5" : "";
      if (is_cut) links.push([(places[from][0] + places[to][0]) / 2, (places[from][1] + places[to][1]) / 2]);
    }));
    const shapes = links.map(([x, y]) => {
      const cross = document.createElementNS("http://www.w3.org/2000/svg", "path");
      cross.setAttribute("d", `M${x - 5} ${y - 5}l10 10m0 -10l-10 10`);
      cross.setAttribute("style", "stroke:var(--harm);stroke-width:3;stroke-linecap:round");
      return cross;
    });
    // What is under way: how far along its way by the order of events, which is what the diagram's axis shows.
    for (const { from, to, cargo, sent, received, lost } of messages) {
      const end = received[0] ?? lost ?? items.length;
      if (sent === null || sent > now || end < now || (end === now && lost === null && received[0] !== now)) continue;
      const part = end === now ? (lost === now ? 0.6 : 0.86) : 0.16 + (0.6 * (now - sent)) / (end - sent);
      const [x, y] = [0, 1].map((axis) => places[from][axis] + (places[to][axis] - places[from][axis]) * part);
      const dot = document.createElementNS("http://www.w3.org/2000/svg", lost === now ? "path" : "circle");
      if (lost === now) { dot.setAttribute("d", `M${x - 7} ${y - 7}l14 14m0 -14l-14 14`); dot.setAttribute("style", "stroke:var(--harm);stroke-width:4"); }
      else { dot.setAttribute("cx", x); dot.setAttribute("cy", y); dot.setAttribute("r", 7); dot.setAttribute("class", "moving"); dot.style.fill = cargo ? "var(--call)" : "var(--message)"; }
      shapes.push(dot);
    }
    flights.replaceChildren(...shapes);
    const waiting = calls.filter((call) => lasts(now, call.invoked, call.returned)).map((call) => `${names[call.column]} waits for ${call.text}`);
    const cuts = data.walls.filter(([, , from, to]) => lasts(now, from, to)).map(([, , , , text]) => text);
    return [...cuts, ...waiting].join(" · ");
  };
};
