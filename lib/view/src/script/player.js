// Playing a run: forwards and backwards, by itself or step by step, with the cluster beside the diagram.
const player = (figure) => {
  const { items, data, root, bar, stage, svg } = figure;
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("class", "now");
  svg.append(line);
  figure.style.textContent += `
.now{stroke:var(--mark);stroke-width:2;stroke-dasharray:5 3;pointer-events:none}
.both{display:grid;grid-template-columns:minmax(0,1fr);gap:6px}
.both .stage{max-height:min(52vh,560px)}
.both .cluster{overflow:auto;border-radius:8px;background:var(--ground)}
.both .cluster svg{display:block;max-width:100%;height:auto}
@container (min-width:1100px){.both{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}}
:host{container-type:inline-size}
.time{font-weight:600;min-width:9em}
input[type=range]{flex:1 1 160px;accent-color:var(--accent)}
.what{min-height:1.4em}`;
  const both = element("div", { class: "both" });
  stage.replaceWith(both);
  const what = element("div", { class: "what quiet" });
  both.append(stage, element("div", {}, element("div", { class: "cluster" }, figure.cluster), what));
  if (!items.length) return;
  let now = items.length - 1, timer = null;
  const controls = element("div", { class: "bar", role: "toolbar", "aria-label": "player" });
  const control = (label, hint, action) => { const made = element("button", { type: "button", title: hint, "aria-label": hint, onclick: action }, label); controls.append(made); return made; };
  const scrubber = element("input", { type: "range", min: 0, max: items.length - 1, step: 1, "aria-label": "moment" });
  const speed = element("select", { "aria-label": "speed" }, ...[["slow", 1200], ["normal", 500], ["fast", 120], ["very fast", 30]].map(([name, wait]) => element("option", { value: wait, selected: name === "normal" }, name)));
  const clock = element("span", { class: "time" });
  const show = (index, quietly) => {
    now = Math.max(0, Math.min(items.length - 1, index));
    const { y, time, words } = items[now];
    line.setAttribute("d", `M0 ${y}H${svg.viewBox.baseVal.width}`);
    scrubber.value = now;
    scrubber.setAttribute("aria-valuetext", `${time} ${words}`);
    clock.textContent = `${time}  ${now + 1}/${items.length}`;
    what.textContent = figure.showCluster(now);
    if (!quietly) figure.select(now);
  };
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "▶ play"; play.setAttribute("aria-label", "play"); };
  const toggle = () => {
    if (timer !== null) return stop();
    if (now === items.length - 1) show(0);
    play.textContent = "❚❚ pause"; play.setAttribute("aria-label", "pause");
    timer = setInterval(() => { show(now + 1); if (now === items.length - 1 || !root.host.isConnected) stop(); }, +speed.value);
  };
  control("|◀", "to the beginning", () => { stop(); show(0); });
  control("◀ back", "one event back", () => { stop(); show(now - 1); });
  const play = control("▶ play", "play", toggle);
  control("on ▶", "one event on", () => { stop(); show(now + 1); });
  control("▶|", "to the end", () => { stop(); show(items.length - 1); });
  // Where to jump: what broke, what healed, what calls ended badly.
  const jumps = items.filter((item) => "cxfwp".includes(item.kind) || (item.kind === "e" && figure.calls[item.part[1]].outcome !== "ok"));
  if (jumps.length) {
    const jump = element("select", { "aria-label": "jump to" }, element("option", { value: "" }, "jump to…"), ...jumps.slice(0, 200).map((item) => element("option", { value: item.index }, `${item.time} ${item.words.slice(0, 60)}`)));
    jump.addEventListener("change", () => { if (jump.value !== "") { stop(); show(+jump.value); jump.value = ""; } });
    controls.append(jump);
  }
  controls.append(scrubber, clock, speed);
  bar.before(controls);
  scrubber.addEventListener("input", () => { stop(); show(+scrubber.value); });
  scrubber.addEventListener("keydown", (event) => event.stopPropagation());
  speed.addEventListener("change", () => { if (timer !== null) { stop(); toggle(); } });
  stage.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); event.stopPropagation(); toggle(); } });
  figure.selected = (index) => { if (index !== null && index !== now) show(index, true); };
  show(0);
};
