// What all live figures share. A figure's own script follows in the same function and works with `figure`.
// The image in the page is replaced by the picture itself, in a shadow tree: its styles touch nothing else on the page.
const script = document.currentScript;
const host = script.closest(".netsplit-figure");
const image = host.querySelector("img");
const figure = { data: {}, root: null, stage: null, panel: null, bar: null, svgs: [] };
const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
};
const picture = (text) => document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
// A button of the toolbar; `pressed` makes it a switch.
figure.button = (label, hint, action, pressed) => {
  const made = element("button", { type: "button", title: hint, "aria-label": hint }, label);
  if (pressed !== undefined) made.setAttribute("aria-pressed", pressed);
  made.addEventListener("click", () => {
    if (pressed !== undefined) made.setAttribute("aria-pressed", made.getAttribute("aria-pressed") !== "true");
    action(made.getAttribute("aria-pressed") === "true");
  });
  figure.bar.append(made);
  return made;
};
// Which theme the page has: JupyterLab says so, elsewhere the reader's system does.
const isDark = () => {
  const said = document.body.dataset.jpThemeLight;
  return said === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : said === "false";
};
const night = /@media\(prefers-color-scheme:dark\)\{([\s\S]*)\}$/;
figure.paint = () => {
  figure.root.host.dataset.theme = isDark() ? "dark" : "light";
  for (const style of figure.root.querySelectorAll("svg style")) {
    style.dataset.sheet ??= style.textContent;
    style.textContent = style.dataset.sheet.replace(night, isDark() ? "$1" : "");
  }
};
figure.looks = `
:host{all:initial;display:block;font:13px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);
--ink:#1f2328;--quiet:#59636e;--ground:#fff;--panel:#f6f8fa;--edge:#d0d7de;--accent:#0072b2;--mark:#e69f00}
:host([data-theme=dark]){--ink:#e6edf3;--quiet:#9aa4af;--ground:#111418;--panel:#1a1f25;--edge:#3a434d;--accent:#4aa8e0;--mark:#e8ab1c}
.bar{display:flex;flex-wrap:wrap;gap:4px 6px;align-items:center;margin:4px 0}
button,select{font:inherit;color:var(--ink);background:var(--panel);border:1px solid var(--edge);border-radius:5px;padding:1px 8px;cursor:pointer}
button:hover{border-color:var(--accent)}
button[aria-pressed=true]{border-color:var(--accent);box-shadow:inset 0 -2px 0 var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
.stage{overflow:auto;max-height:min(78vh,900px);border-radius:8px;background:var(--ground)}
.stage svg{display:block}
.panel{height:7.2em;overflow:auto;resize:vertical;margin:4px 0;padding:4px 8px;border-radius:5px;background:var(--panel);white-space:pre-wrap;overflow-wrap:anywhere}
.panel:empty{display:none}
svg text{user-select:none}
.quiet{color:var(--quiet)}`;
const begin = (run) => {
  // Once, and never so that a fault of the script hides the picture.
  if (!image || host.querySelector(".netsplit-live")) return;
  const live = element("div", { class: "netsplit-live" });
  try {
    figure.data = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
    figure.root = live.attachShadow({ mode: "open" });
    figure.bar = element("div", { class: "bar", role: "toolbar" });
    figure.stage = element("div", { class: "stage", tabindex: "0" });
    figure.panel = element("div", { class: "panel", "aria-live": "polite" });
    figure.style = element("style", {}, figure.looks);
    figure.svg = picture(decodeURIComponent(image.getAttribute("src").slice("data:image/svg+xml,".length)));
    figure.stage.append(figure.svg);
    figure.root.append(figure.style, figure.bar, figure.stage, figure.panel);
    run(figure);
    figure.paint();
    new MutationObserver(() => figure.paint()).observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => figure.paint());
    host.prepend(live);
    image.style.display = "none";
  } catch (error) {
    live.remove();
    console.error("netsplit figure", error);
  }
};
