// The space-time diagram: what happened, under the pointer or step by step; its causes and consequences; filters, folding, zoom.
// The picture is drawn already. Tags lead from its parts to the lists of `figure.data`, which `live.rs` describes.
const diagram = (figure) => {
  const { data, svg, stage, panel, root } = figure;
  const items = data.items.map(([y, column, kind, time, words, cause], index) => ({ index, y, column, kind, time, words, cause, before: [], after: [], states: [] }));
  const messages = data.messages.map(([from, to, cargo, sent, received, lost, text], index) => ({ index, from, to, cargo, sent, received, lost, text }));
  const calls = data.calls.map(([column, invoked, returned, outcome, text], index) => ({ index, column, invoked, returned, outcome, text }));
  figure.items = items; figure.messages = messages; figure.calls = calls;

  // Who happened before whom (Lamport 1978): the order on each lifeline, and each message's sending before its arrival.
  const link = (from, to) => { if (from !== null && to !== null && from !== to) { items[from].after.push(to); items[to].before.push(from); } };
  const last = new Map();
  for (const item of items) {
    item.part = null;
    if (item.column !== null && item.kind !== "l") { link(last.get(item.column) ?? null, item.index); last.set(item.column, item.index); }
  }
  for (const message of messages) {
    const ends = [message.sent, ...message.received, message.lost].filter((item) => item !== null);
    for (const end of ends) items[end].part = ["m", message.index];
    for (const end of ends) if (end !== message.sent) link(message.sent, end);
  }
  for (const call of calls) for (const end of [call.invoked, call.returned]) if (end !== null) items[end].part = ["o", call.index];
  data.walls.forEach(([, , from, to], index) => { for (const end of [from, to]) if (end !== null) items[end].part = ["w", index]; });
  for (const { from, to, cargo, sent, received, text } of messages) {
    const [sender, receiver] = [from, to].map((column) => data.columns[column][1]);
    if (sent !== null) items[sent].words = `${sender} ${["sends", "asks", "answers"][cargo]} ${receiver}: ${text}`;
    received.forEach((item, copy) => { items[item].words = `${receiver} receives ${copy ? "another copy " : ""}from ${sender}: ${text}`; });
  }
  for (const item of items) item.part ??= ["i", item.index];
  const reach = (start, way) => {
    const seen = new Set([start]), open = [start];
    while (open.length) for (const next of items[open.pop()][way]) if (!seen.has(next)) { seen.add(next); open.push(next); }
    return seen;
  };

  // States: each tells what is new since the one before it of the same node.
  const current = data.columns.map(() => null);
  figure.states = [];
  for (const [item, column, role, changed] of data.states) {
    const rows = { ...(current[column]?.rows ?? {}) };
    for (const [row, value] of Object.entries(changed)) if (value === null) delete rows[row]; else rows[row] = value;
    const state = { item, column, role, rows, earlier: current[column], changed: Object.keys(changed) };
    current[column] = state;
    items[item].states.push(state);
    figure.states.push(state);
  }

  // Every part of the picture, by its tag.
  const parts = new Map();
  for (const kind of ["m", "i", "o", "w", "x", "c"]) for (const part of svg.querySelectorAll(`[data-${kind}]`)) {
    const tag = kind + part.dataset[kind];
    parts.has(tag) ? parts.get(tag).push(part) : parts.set(tag, [part]);
  }
  const of = ([kind, index]) => parts.get(kind + index) ?? [];
  for (const title of svg.querySelectorAll("g > title")) title.remove();
  svg.querySelector("title")?.remove();

  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  cursor.setAttribute("r", 10); cursor.setAttribute("class", "cursor"); cursor.setAttribute("visibility", "hidden");
  svg.append(cursor);
  figure.style.textContent += `
.stage svg [data-m],.stage svg [data-i],.stage svg [data-o]{cursor:pointer}
.cone [data-m],.cone [data-i],.cone [data-o]{opacity:.13}
.cone .lit{opacity:1}
.over{filter:drop-shadow(0 0 2px var(--mark)) drop-shadow(0 0 1px var(--mark))}
.hidden,.folded{display:none}
.head{cursor:pointer}.head[aria-pressed=true]{opacity:.35}
.cursor{fill:none;stroke:var(--mark);stroke-width:3;pointer-events:none}
.heads{position:sticky;top:0;height:0;z-index:1}.heads span{position:absolute;top:2px;transform:translateX(-50%);padding:0 7px;border-radius:5px;background:var(--panel);border:1px solid var(--edge);font-weight:600;font-size:12px;white-space:nowrap}
.panel b{font-weight:600}.panel table{border-collapse:collapse;margin-top:2px}
.panel td,.panel th{padding:0 10px 0 0;text-align:left;font-weight:400;vertical-align:top;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px}
.panel .new{color:var(--accent);font-weight:600}`;

  // What there is to say of an item.
  const sentence = (index) => { const { time, words } = items[index]; return element("div", {}, element("b", {}, time), " " + words); };
  const ofMessage = (message) => [message.sent, ...message.received, message.lost].filter((item) => item !== null);
  const stateTable = (state) => {
    const rows = data.rows.map((name, row) => [name, state.earlier?.rows[row], state.rows[row]]).filter(([, was, is]) => was !== undefined || is !== undefined);
    const line = ([name, was, is]) => is === was
      ? element("tr", { class: "quiet" }, element("td", {}, name), element("td", { colspan: 2 }, is))
      : element("tr", {}, element("td", {}, name), element("td", { class: "quiet" }, state.earlier ? (was ?? "(none)") + " →" : ""), element("td", { class: "new" }, is ?? "(gone)"));
    const changed = rows.filter(([, was, is]) => was !== is), same = rows.filter(([, was, is]) => was === is);
    const role = state.role === null ? "" : state.earlier && state.earlier.role !== state.role ? `${state.earlier.role} → ${state.role}` : state.role;
    const title = element("div", {}, element("b", {}, data.columns[state.column][1]), ` after it${role ? ": " : ""}`, element("span", { class: state.earlier?.role === state.role ? "" : "new" }, role));
    const table = element("table", {}, ...changed.slice(0, 12).map(line), ...same.slice(0, Math.max(0, 8 - changed.length)).map(line));
    if (!changed.length && rows.length) title.append(element("span", { class: "quiet" }, " (nothing changed)"));
    return [title, table];
  };
  const describe = (index) => {
    const item = items[index], [kind, part] = item.part;
    const said = kind === "m" ? ofMessage(messages[part]) : kind === "o" ? [calls[part].invoked, calls[part].returned].filter((it) => it !== null) : [index];
    const known = said.flatMap((it) => items[it].states);
    const nodes = said.map(sentence);
    if (item.column !== null && !known.length && data.unknown && "rtb".includes(item.kind)) nodes.push(element("div", { class: "quiet" }, "Its state is not in this picture."));
    panel.replaceChildren(...nodes, ...known.flatMap(stateTable));
  };

  // The selection, and what the pointer is over.
  let selected = null, cone = false;
  const resting = () => panel.replaceChildren(element("span", { class: "quiet" }, items.length ? "Point at an arrow or a mark; click to see what led to it and what followed. ↓ ↑ step through all events, → ← along one lifeline." : "Nothing happened."));
  const point = (index) => {
    const shown = index !== null && items[index].column !== null;
    cursor.setAttribute("visibility", shown ? "visible" : "hidden");
    const column = shown && (items[index].kind === "l" ? messages[items[index].part[1]].from : items[index].column);
    if (shown) { cursor.setAttribute("cx", data.columns[column][0]); cursor.setAttribute("cy", items[index].y); }
  };
  const light = () => {
    for (const part of svg.querySelectorAll(".lit")) part.classList.remove("lit");
    svg.classList.toggle("cone", cone && selected !== null);
    if (!cone || selected === null) return;
    const within = new Set([...reach(selected, "before"), ...reach(selected, "after")]);
    for (const index of within) {
      const item = items[index], [kind, part] = item.part;
      if (kind === "m") {
        const message = messages[part], whole = ofMessage(message).every((end) => within.has(end)) || index !== message.sent || ofMessage(message).length === 1;
        if (!whole) continue;
      }
      for (const shape of of(item.part)) shape.classList.add("lit");
    }
    const past = reach(selected, "before").size - 1, future = reach(selected, "after").size - 1;
    panel.append(element("div", { class: "quiet" }, `${past} ${past === 1 ? "event" : "events"} led to it, ${future} followed from it; the rest is concurrent. Esc shows everything.`));
  };
  figure.select = (index, { quietly = false } = {}) => {
    selected = index;
    point(index);
    if (index === null) resting(); else describe(index);
    light();
    if (index !== null && !quietly) {
      const y = (items[index].y / svg.viewBox.baseVal.height) * svg.getBoundingClientRect().height;
      if (y < stage.scrollTop + 40 || y > stage.scrollTop + stage.clientHeight - 40) stage.scrollTop = y - stage.clientHeight / 2;
    }
    figure.selected?.(index);
  };
  const at = (target) => {
    const part = target.closest?.("[data-m],[data-o],[data-i]");
    if (!part) return null;
    const { m, o, i } = part.dataset;
    if (i !== undefined) return +i;
    if (o !== undefined) return calls[o].invoked ?? calls[o].returned;
    return messages[m].received[0] ?? messages[m].lost ?? messages[m].sent;
  };
  const over = (part, is) => { if (part) for (const shape of of(part)) shape.classList.toggle("over", is); };
  let hovered = null;
  svg.addEventListener("pointerover", (event) => {
    const index = at(event.target);
    if (hovered !== null) over(items[hovered].part, false);
    hovered = index;
    if (index === null) return;
    over(items[index].part, true);
    describe(index);
  });
  svg.addEventListener("pointerleave", () => {
    if (hovered !== null) over(items[hovered].part, false);
    hovered = null;
    if (selected === null) resting(); else { describe(selected); light(); }
  });

  // Folding: a lifeline that is folded shows nothing of itself, nor messages from or to it.
  const folded = new Set();
  const fold = (column) => {
    folded.has(column) ? folded.delete(column) : folded.add(column);
    for (const head of of(["c", column])) head.setAttribute("aria-pressed", folded.has(column));
    for (const item of items) {
      const [kind, part] = item.part;
      const gone = kind === "m" ? folded.has(messages[part].from) || folded.has(messages[part].to) : item.column !== null && folded.has(item.column);
      for (const shape of of(item.part)) shape.classList.toggle("folded", gone);
    }
    data.outages.forEach(([of_column], index) => { for (const shape of of(["x", index])) shape.classList.toggle("folded", folded.has(of_column)); });
  };
  data.columns.forEach(([, name], column) => { for (const head of of(["c", column])) {
    head.classList.add("head");
    for (const [key, value] of Object.entries({ tabindex: 0, role: "button", "aria-pressed": false, "aria-label": `fold ${name}` })) head.setAttribute(key, value);
    head.addEventListener("click", (event) => { event.stopPropagation(); fold(column); });
    head.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); fold(column); } });
  } });

  // Moving the picture, and clicking it.
  let drag = null;
  stage.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, y: event.clientY, left: stage.scrollLeft, top: stage.scrollTop, moved: false }; });
  stage.addEventListener("pointermove", (event) => {
    if (!drag || !(event.buttons & 1)) return;
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    if (Math.abs(x) + Math.abs(y) > 4) drag.moved = true;
    if (drag.moved) { stage.scrollLeft = drag.left - x; stage.scrollTop = drag.top - y; }
  });
  stage.addEventListener("click", (event) => {
    if (drag?.moved) return;
    const index = at(event.target);
    cone = index !== null;
    figure.select(index, { quietly: true });
  });
  // The names stay in sight while the picture is scrolled.
  const heads = element("div", { class: "heads", "aria-hidden": "true" }, ...data.columns.map(([, name]) => element("span", {}, name)));
  stage.prepend(heads);
  const placeHeads = () => {
    heads.style.visibility = stage.scrollTop > data.top * scale ? "visible" : "hidden";
    data.columns.forEach(([x], column) => { heads.children[column].style.left = `${x * scale}px`; });
  };
  stage.addEventListener("scroll", placeHeads);
  let scale = 1;
  const [width, height] = [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height];
  const zoom = (to) => {
    const middle = (stage.scrollTop + stage.clientHeight / 2) / scale;
    scale = Math.min(4, Math.max(0.2, to));
    svg.setAttribute("width", width * scale); svg.setAttribute("height", height * scale);
    stage.scrollTop = middle * scale - stage.clientHeight / 2;
    placeHeads();
  };
  stage.addEventListener("wheel", (event) => { if (event.ctrlKey || event.metaKey) { event.preventDefault(); zoom(scale * (event.deltaY < 0 ? 1.15 : 1 / 1.15)); } }, { passive: false });
  figure.step = (by, along) => {
    const rightHere = selected === null ? (by > 0 ? -1 : items.length) : selected;
    for (let next = rightHere + by; next >= 0 && next < items.length; next += by) {
      if (along && selected !== null && items[next].column !== items[selected].column) continue;
      return figure.select(next);
    }
  };
  stage.addEventListener("keydown", (event) => {
    const keys = {
      ArrowDown: () => figure.step(1), ArrowUp: () => figure.step(-1), ArrowRight: () => figure.step(1, true), ArrowLeft: () => figure.step(-1, true),
      Home: () => items.length && figure.select(0), End: () => items.length && figure.select(items.length - 1),
      Enter: () => { cone = !cone; if (selected !== null) figure.select(selected); }, Escape: () => { cone = false; figure.select(null); },
      "+": () => zoom(scale * 1.25), "-": () => zoom(scale / 1.25), 0: () => zoom(1),
    };
    // JupyterLab has meanings of its own for most keys; while the picture has the focus they are the picture's.
    if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); event.stopPropagation(); keys[event.key](); }
  });
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", svg.getAttribute("aria-label") + ". Arrow keys step through the events.");

  // The toolbar.
  figure.button("−", "smaller", () => zoom(scale / 1.25));
  figure.button("+", "larger", () => zoom(scale * 1.25));
  figure.button("fit", "fit the width, or show in full size", () => zoom(scale === 1 ? stage.clientWidth / width : 1));
  const filter = (label, kinds, chosen) => {
    const mine = items.filter((item) => kinds.includes(item.kind) && (!chosen || chosen(item)));
    if (!mine.length || mine.length === items.length) return;
    figure.button(label, `show ${label}`, (shown) => { for (const item of mine) for (const shape of of(item.part)) shape.classList.toggle("hidden", !shown); }, true);
  };
  filter("messages", "srl", (item) => messages[item.part[1]].cargo === 0);
  filter("requests", "srl", (item) => messages[item.part[1]].cargo !== 0);
  filter("timers", "t"); filter("notes", "n"); filter("disk", "d");
  resting();
  placeHeads();
};
