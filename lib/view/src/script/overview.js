// The overview of a long run: time to the right, a row for each participant. Far away it shows how much happens where; near, messages.
const overview = (figure) => {
  const { data: { overview: run } } = figure;
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const packed = new DataView(bytes(run.packed).buffer), size = 13, told = run.told;
  const whole = 2 ** 32, length = run.until - run.since;
  const sent = new Float64Array(told), took = new Float64Array(told);
  const small = new Uint8Array(3 * told), text = new Uint16Array(told);
  let longest = 0;
  for (let at = 0; at < told; at++) {
    sent[at] = packed.getUint32(at * size, true) / whole;
    took[at] = packed.getUint32(at * size + 4, true) / whole;
    longest = Math.max(longest, took[at]);
    for (let part = 0; part < 3; part++) small[3 * at + part] = packed.getUint8(at * size + 8 + part);
    text[at] = packed.getUint16(at * size + 11, true);
  }
  const counts = bytes(run.counts), lost = bytes(run.lost), slices = run.slices;
  const marks = run.marks.map(([at, row, kind, time, words]) => ({ at: at / whole, row, kind, time, words }));
  const spans = run.spans.map(([row, crashed, from, to]) => ({ row, crashed, from: (from - run.since) / length, to: (to - run.since) / length }));

  figure.style.textContent += `
.run{display:block;width:100%;border-radius:8px;touch-action:none;cursor:grab}.small{height:44px;cursor:ew-resize}
.hint{min-height:1.5em}
.run:focus-visible{outline:2px solid var(--accent)}`;
  const small_view = element("canvas", { class: "run small", tabindex: 0, role: "slider", "aria-label": "part of the run that is shown", "aria-valuemin": 0, "aria-valuemax": 100 });
  const view = element("canvas", { class: "run", tabindex: 0, role: "img", "aria-label": `overview of ${run.events} events; arrow keys move, plus and minus zoom` });
  const status = element("div", { class: "quiet" }), hint = element("div", { class: "hint", "aria-live": "polite" });
  const controls = element("div", { class: "bar", role: "toolbar", "aria-label": "overview" });
  const button = (label, hint, action) => controls.append(element("button", { type: "button", title: hint, "aria-label": hint, onclick: action }, label));
  figure.bar.before(small_view, controls, view, hint, status);
  figure.bar.before(element("div", { class: "quiet" }, `The ${figure.data.detail} events in detail:`));

  // What is seen: a part of the whole, from..to, each between 0 and 1; rows that are folded are not.
  let from = 0, to = 1;
  const folded = new Set();
  const left = 108, top = 20;
  let rows = [], colours = {}, width = 800, ratio = 1, rowHeight = 26;
  const theme = () => {
    const dark = root_is_dark();
    colours = dark
      ? { ground: "#111418", ink: "#e6edf3", quiet: "#9aa4af", line: "#3a434d", busy: "74,168,224", message: "#4aa8e0", call: "#cc79a7", harm: "#f0762b", good: "#1fb58a", doubt: "#e8ab1c", down: "rgba(240,118,43,.28)", paused: "rgba(154,164,175,.3)" }
      : { ground: "#ffffff", ink: "#1f2328", quiet: "#59636e", line: "#c9d1d9", busy: "0,114,178", message: "#0072b2", call: "#94437f", harm: "#d55e00", good: "#009e73", doubt: "#e69f00", down: "rgba(213,94,0,.2)", paused: "rgba(89,99,110,.22)" };
  };
  const root_is_dark = () => figure.root.host.dataset.theme === "dark";
  const time = (part) => said(run.since + part * length);
  const said = (nanos) => {
    if (!nanos) return "0s";
    const [unit, name] = [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]].find(([unit]) => Math.abs(nanos) >= unit) ?? [1, "ns"];
    return `${+(nanos / unit).toPrecision(7)}${name}`;
  };
  const place = (part) => left + ((part - from) / (to - from)) * (width - left - 8);
  const y = (row) => top + rows.indexOf(row) * rowHeight + rowHeight / 2;
  const prepare = (canvas, height) => {
    ratio = devicePixelRatio || 1;
    width = canvas.clientWidth || 800;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.style.height = `${height}px`;
      canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = colours.ground; pen.fillRect(0, 0, width, height);
    return pen;
  };
  // The first message that is sent no earlier than a moment.
  const after = (part) => {
    let low = 0, high = told;
    while (low < high) { const middle = (low + high) >> 1; sent[middle] < part ? (low = middle + 1) : (high = middle); }
    return low;
  };
  const most = 3000;
  let shown = { step: 1, first: 0, last: 0 };

  const drawRows = (pen) => {
    pen.font = "12px system-ui,sans-serif"; pen.textBaseline = "middle";
    const first = Math.max(0, Math.floor(from * slices)), last = Math.min(slices - 1, Math.ceil(to * slices));
    for (const row of rows) {
      const middle = y(row);
      pen.fillStyle = colours.ink; pen.fillText(run.columns[row][0].slice(0, 15), 6, middle);
      pen.fillStyle = colours.line; pen.fillRect(left, middle, width - left - 8, 1);
      for (let slice = first; slice <= last; slice++) {
        const level = counts[row * slices + slice];
        if (!level) continue;
        const [x, end] = [place(slice / slices), place((slice + 1) / slices)];
        pen.fillStyle = `rgba(${colours.busy},${0.12 + 0.5 * level / 255})`;
        const high = 4 + 14 * level / 255;
        pen.fillRect(Math.max(left, x), middle - high / 2, Math.max(1, end - Math.max(left, x)), high);
      }
    }
    for (const { row, crashed, from: begin, to: end } of spans) {
      if (end < from || begin > to || !rows.includes(row)) continue;
      const x = Math.max(left, place(begin));
      pen.fillStyle = crashed ? colours.down : colours.paused;
      pen.fillRect(x, y(row) - 11, Math.max(2, place(end) - x), 22);
    }
  };
  const drawMessages = (pen) => {
    const first = after(from - longest), last = after(to);
    const step = Math.max(1, Math.ceil((last - first) / most));
    shown = { step, first, last };
    const near = (to - from) * told < 60_000 / Math.max(1, step);
    if (!near && step > 6) return;
    pen.save(); pen.beginPath(); pen.rect(left, 0, width - left - 8, 4000); pen.clip();
    pen.lineWidth = step > 1 ? 0.7 : 1.3; pen.globalAlpha = step > 1 ? 0.5 : 0.9;
    const paths = { message: new Path2D(), call: new Path2D(), harm: new Path2D() };
    for (let at = first; at < last; at += step) {
      const [a, b, kind] = [small[3 * at], small[3 * at + 1], small[3 * at + 2]];
      if (folded.has(a) || folded.has(b)) continue;
      const path = kind & 4 ? paths.harm : kind & 3 ? paths.call : paths.message;
      const [x, end] = [place(sent[at]), place(sent[at] + took[at])];
      path.moveTo(x, y(a));
      if (kind & 4) { const part = 0.7; path.lineTo(x + (end - x) * part, y(a) + (y(b) - y(a)) * part); } else path.lineTo(end, y(b));
    }
    for (const [name, path] of Object.entries(paths)) { pen.strokeStyle = colours[name]; pen.stroke(path); }
    pen.globalAlpha = 1;
    if (step === 1 && last - first < 60) {
      pen.font = "11px ui-monospace,Menlo,monospace"; pen.textAlign = "center";
      for (let at = first; at < last; at++) {
        if (!text[at] || folded.has(small[3 * at]) || folded.has(small[3 * at + 1])) continue;
        const [x, end] = [place(sent[at]), place(sent[at] + took[at])];
        const label = run.texts[text[at] - 1].slice(0, 28);
        if (label.length * 5 > end - x) continue;
        pen.fillStyle = colours.ink; pen.fillText(label, (x + end) / 2, (y(small[3 * at]) + y(small[3 * at + 1])) / 2 - 6);
      }
      pen.textAlign = "start";
    }
    pen.restore();
  };
  const drawMarks = (pen, height) => {
    const colour = { x: "harm", v: "harm", c: "harm", e: "harm", g: "good", u: "doubt", f: "doubt" };
    for (const mark of marks) {
      if (mark.at < from || mark.at > to || (mark.row !== null && !rows.includes(mark.row))) continue;
      const x = place(mark.at);
      pen.fillStyle = pen.strokeStyle = colours[colour[mark.kind]];
      if (mark.row === null) { pen.setLineDash([5, 4]); pen.beginPath(); pen.moveTo(x, 4); pen.lineTo(x, height); pen.stroke(); pen.setLineDash([]); continue; }
      pen.beginPath();
      if (mark.kind === "x") { pen.lineWidth = 2.5; pen.moveTo(x - 5, y(mark.row) - 5); pen.lineTo(x + 5, y(mark.row) + 5); pen.moveTo(x + 5, y(mark.row) - 5); pen.lineTo(x - 5, y(mark.row) + 5); pen.stroke(); }
      else { pen.arc(x, y(mark.row), 4, 0, 7); pen.fill(); }
    }
  };
  const drawAxis = (pen, height) => {
    pen.font = "10px system-ui,sans-serif"; pen.fillStyle = colours.quiet; pen.textBaseline = "middle";
    const span = (to - from) * length, rough = span / Math.max(2, (width - left) / 110), unit = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((it) => it * unit).find((it) => it >= rough);
    for (let at = Math.ceil((run.since + from * length) / step) * step; at <= run.since + to * length; at += step) {
      const x = place((at - run.since) / length);
      pen.fillText(said(at), x + 3, 9);
      pen.fillRect(x, 4, 1, height);
    }
  };
  const draw = () => {
    theme();
    rows = run.columns.map((_, row) => row).filter((row) => !folded.has(row));
    rowHeight = Math.max(24, Math.min(52, Math.floor(260 / rows.length)));
    const height = top + rows.length * rowHeight + 8;
    const pen = prepare(view, height);
    pen.globalAlpha = 0.25; drawAxis(pen, height); pen.globalAlpha = 1; drawAxis(pen, 0);
    drawRows(pen); drawMessages(pen); drawMarks(pen, height);
    const mini = prepare(small_view, 44);
    for (let slice = 0; slice < slices; slice++) {
      let level = 0;
      for (let row = 0; row < run.columns.length; row++) level = Math.max(level, counts[row * slices + slice]);
      const x = (slice / slices) * width;
      mini.fillStyle = `rgba(${colours.busy},.55)`; mini.fillRect(x, 40 - 34 * level / 255, Math.max(1, width / slices), 34 * level / 255);
      if (lost[slice]) { mini.fillStyle = colours.harm; mini.fillRect(x, 0, Math.max(1, width / slices), 1 + 6 * lost[slice] / 255); }
    }
    for (const mark of marks) if ("xvc".includes(mark.kind)) { mini.fillStyle = colours.harm; mini.fillRect(mark.at * width, 34, 2, 10); }
    mini.strokeStyle = colours.doubt; mini.lineWidth = 2; mini.strokeRect(from * width + 1, 1, Math.max(3, (to - from) * width - 2), 42);
    small_view.setAttribute("aria-valuenow", Math.round(50 * (from + to)));
    small_view.setAttribute("aria-valuetext", `${time(from)} to ${time(to)}`);
    const part = run.told < run.messages ? `1 of ${Math.ceil(run.messages / run.told)} messages is in this page` : "";
    const drawn = shown.step > 1 ? `1 of ${shown.step} of them is drawn at this zoom` : "";
    status.textContent = [`${time(from)} to ${time(to)} of ${run.events} events`, part, drawn, run.marks_left_out ? `${run.marks_left_out} marks are left out` : "", `in a cell: .since(ns(${Math.round(run.since + from * length)})).until(ns(${Math.round(run.since + to * length)}))`].filter(Boolean).join(" · ");
  };
  let asked = false;
  const redraw = () => { if (asked) return; asked = true; requestAnimationFrame(() => { asked = false; draw(); }); };
  const least = Math.min(1, 2000 / length);
  figure.look = (begin, span) => {
    span = Math.min(1, Math.max(least, span));
    from = Math.min(1 - span, Math.max(0, begin)); to = from + span;
    redraw();
  };
  const zoom = (factor, around = (from + to) / 2) => { const span = Math.min(1, Math.max(least, (to - from) * factor)); figure.look(around - ((around - from) * span) / (to - from), span); };
  const move = (parts) => figure.look(from + parts * (to - from), to - from);
  const partAt = (event) => from + ((event.offsetX - left) / (width - left - 8)) * (to - from);
  view.addEventListener("wheel", (event) => { event.preventDefault(); Math.abs(event.deltaX) > Math.abs(event.deltaY) ? move(event.deltaX / 800) : zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, partAt(event)); }, { passive: false });
  let drag = null;
  view.addEventListener("pointerdown", (event) => { drag = { x: event.offsetX, from, moved: false }; view.setPointerCapture(event.pointerId); });
  view.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved && event.offsetX < left) { const row = rows[Math.floor((event.offsetY - top) / rowHeight)]; if (row !== undefined && rows.length > 1) { folded.add(row); unfold.hidden = false; redraw(); } }
    drag = null;
  });
  view.addEventListener("pointermove", (event) => {
    if (drag) { if (Math.abs(event.offsetX - drag.x) > 3) drag.moved = true; if (drag.moved) figure.look(drag.from - ((event.offsetX - drag.x) / (width - left - 8)) * (to - from), to - from); return; }
    tell(event.offsetX, event.offsetY);
  });
  const jump = (event) => figure.look(event.offsetX / small_view.clientWidth - (to - from) / 2, to - from);
  small_view.addEventListener("pointerdown", (event) => { small_view.setPointerCapture(event.pointerId); if (to - from > 0.99) figure.look(0, 0.02); jump(event); });
  small_view.addEventListener("pointermove", (event) => { if (event.buttons & 1) jump(event); });
  const keys = { ArrowRight: () => move(0.2), ArrowLeft: () => move(-0.2), "+": () => zoom(1 / 1.5), "-": () => zoom(1.5), 0: () => figure.look(0, 1), Home: () => figure.look(0, to - from), End: () => figure.look(1, to - from) };
  for (const canvas of [view, small_view]) canvas.addEventListener("keydown", (event) => { if (keys[event.key] && !event.ctrlKey && !event.metaKey) { event.preventDefault(); event.stopPropagation(); keys[event.key](); } });
  // What is nearest to the pointer, in words.
  const tell = (x, at_y) => {
    let best = null, distance = 9;
    for (const mark of marks) if (mark.at >= from && mark.at <= to) {
      const away = Math.abs(place(mark.at) - x) + (mark.row === null ? 4 : Math.abs(y(mark.row) - at_y));
      if (away < distance) { distance = away; best = `${mark.time} ${mark.words}`; }
    }
    for (let at = shown.first; at < shown.last; at += shown.step) {
      const [a, b, kind] = [small[3 * at], small[3 * at + 1], small[3 * at + 2]];
      if (folded.has(a) || folded.has(b)) continue;
      const [x0, y0, x1, y1] = [place(sent[at]), y(a), place(sent[at] + took[at]), y(b)];
      const [dx, dy] = [x1 - x0, y1 - y0], along = Math.max(0, Math.min(1, ((x - x0) * dx + (at_y - y0) * dy) / (dx * dx + dy * dy || 1)));
      const away = Math.hypot(x - x0 - along * dx, at_y - y0 - along * dy);
      if (away < distance) {
        distance = away;
        const [one, other] = [run.columns[a][0], run.columns[b][0]];
        best = `${time(sent[at])} ${one} → ${other}: ${text[at] ? run.texts[text[at] - 1] : "(its text is not in this page)"}${kind & 4 ? ", lost" : kind & 8 ? ", still under way at the end" : `, received at ${time(sent[at] + took[at])}`}`;
      }
    }
    if (best) hint.textContent = best;
  };
  button("whole run", "show the whole run", () => figure.look(0, 1));
  button("−", "zoom out", () => zoom(1.5)); button("+", "zoom in", () => zoom(1 / 1.5));
  button("◀", "earlier", () => move(-0.5)); button("▶", "later", () => move(0.5));
  const go = (later) => {
    const middle = (from + to) / 2, list = marks.filter((mark) => (later ? mark.at > middle + 1e-12 : mark.at < middle - 1e-12));
    const next = later ? list[0] : list.at(-1);
    if (next) { figure.look(next.at - Math.min(to - from, 0.02) / 2, Math.min(to - from, 0.02)); hint.textContent = `${next.time} ${next.words}`; }
  };
  if (marks.length) { button("previous fault", "to the fault or failed call before", () => go(false)); button("next fault", "to the next fault or failed call", () => go(true)); }
  const unfold = element("button", { type: "button", hidden: true, onclick: () => { folded.clear(); unfold.hidden = true; redraw(); } }, "show all rows");
  controls.append(unfold, element("span", { class: "quiet" }, "wheel zooms, dragging moves, a name folds its row"));
  const painted = figure.paint;
  figure.paint = () => { painted(); redraw(); };
  new ResizeObserver(redraw).observe(view);
};
