const $ = id => document.getElementById(id);
const make = (name, text, kind) => {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (kind) node.className = kind;
  return node;
};

// Theme: as the system has it, or as chosen. A page from a file may have no storage.
const THEMES = ["auto", "light", "dark"];
const KEPT = "heedful-theme";
function kept() {
  try { return localStorage.getItem(KEPT); } catch { return null; }
}
function keep(theme) {
  try { localStorage.setItem(KEPT, theme); } catch { /* not kept */ }
}
function theme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  $("theme").textContent = "theme: " + name;
  $("theme").dataset.now = name;
}
function nextTheme() {
  const now = THEMES[(THEMES.indexOf($("theme").dataset.now) + 1) % THEMES.length];
  theme(now);
  keep(now);
}
theme(THEMES.includes(kept()) ? kept() : "auto");
$("theme").addEventListener("click", nextTheme);
$("keys").addEventListener("click", () => $("help").showModal());

// Flips: the list is made from data, a body when it is opened.
const PAGE = 100, SIMILAR = 0.3;
let data = null, shown = [], limit = PAGE;
const LABEL = { lost: "▼ regression", won: "▲ improvement", mixed: "other change" };
const text = at => at === null || at === undefined ? "" : data.texts[at];
const met = side => side.v.map(([ok]) => ok);

// Places of constraints whose verdict differs from the base's in some run.
function changed(flip) {
  const base = flip.s[data.base[flip.b]];
  return flip.c.map((_, at) => at).filter(at => flip.s.some(side =>
    side.v.length && base.v.length && met(side)[at] !== met(base)[at]));
}

function kinds(flip) {
  const names = changed(flip).map(at => text(flip.c[at][1]) || text(flip.c[at][0]));
  return [...new Set(names)];
}

function fits(flip) {
  const rule = $("rule").value, wanted = $("text").value.trim().toLowerCase();
  if ($("kind").value && flip.kind !== $("kind").value) return false;
  if ($("benchmark").value && flip.b !== $("benchmark").value) return false;
  if (rule && !kinds(flip).includes(rule)) return false;
  if (!wanted) return true;
  const texts = [flip.k, text(flip.p), ...flip.c.map(([about]) => text(about)),
    ...flip.s.map(side => text(side.r)), ...flip.s.flatMap(side => side.v.map(v => text(v[2])))];
  return texts.some(one => one.toLowerCase().includes(wanted));
}

function button(flip) {
  const node = make("button", undefined, "flip");
  node.type = "button";
  node.setAttribute("aria-expanded", "false");
  const size = (flip.change > 0 ? "+" : "") + +flip.change.toFixed(2);
  const sign = { lost: "down", won: "up" }[flip.kind] || "";
  node.append(make("span", LABEL[flip.kind], sign), make("span", flip.k, "key"),
    make("span", kinds(flip).join(", ") || "no single constraint", "rules"),
    make("span", flip.change ? size : "", "size"));
  node.title = flip.b;
  node.flip = flip;
  node.addEventListener("click", () => toggle(node));
  return node;
}

function list() {
  const flips = data.flips.filter(fits), box = $("list");
  box.replaceChildren();
  shown = [];
  const add = flip => { const node = button(flip); shown.push(node); box.append(node); };
  if ($("grouped").checked) {
    const groups = new Map();
    for (const flip of flips) {
      for (const kind of kinds(flip)) groups.set(kind, [...(groups.get(kind) || []), flip]);
      if (!kinds(flip).length) groups.set("", [...(groups.get("") || []), flip]);
    }
    const order = [...groups].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1));
    for (const [kind, own] of order) {
      if (shown.length >= limit) break;
      const lost = own.filter(flip => flip.kind === "lost").length;
      const won = own.filter(flip => flip.kind === "won").length;
      box.append(make("h3", `${kind || "no single constraint"}: ${lost} lost, ${won} won`));
      own.slice(0, limit - shown.length).forEach(add);
    }
  } else flips.slice(0, limit).forEach(add);
  $("more").hidden = shown.length >= flips.length;
  $("shown").textContent = `${flips.length} of ${data.flips.length}`;
}

function toggle(node) {
  const open = node.getAttribute("aria-expanded") === "true";
  node.setAttribute("aria-expanded", String(!open));
  if (open) return node.nextElementSibling.remove();
  node.after(body(node.flip));
  history.replaceState(null, "", "#" + name(node.flip));
}

const name = flip => "sample=" + encodeURIComponent(`${flip.b}:${flip.k}`);

function body(flip) {
  const box = make("div", undefined, "detail");
  const link = make("a", "link to this item");
  link.href = "#" + name(flip);
  const head = make("p", `${flip.b}, `, "small");
  head.append(link);
  box.append(head, make("h4", "Prompt"), long("pre", flip.p, "prompt"), make("h4", "Verdicts"),
    verdicts(flip), make("h4", "Responses"));
  const chosen = make("label");
  const check = make("input");
  check.type = "checkbox";
  check.checked = true;
  const base = data.base[flip.b];
  chosen.append(check, ` words that differ from ${data.runs[base][0]}`);
  const sides = make("div", undefined, "sides scroll");
  const fill = () =>
    sides.replaceChildren(...flip.s.map((_, at) => response(flip, at, check.checked)));
  check.addEventListener("change", fill);
  fill();
  box.append(chosen, sides);
  return box;
}

// A text, with a note of what the page lacks of it.
function long(kind, at, style) {
  const node = make(kind, text(at), style);
  if (data.cut[at]) node.append(make("span", ` … ${data.cut[at]} characters cut`, "cut"));
  return node;
}

function verdicts(flip) {
  const table = make("table"), head = make("tr"), apart = new Set(changed(flip));
  head.append(make("th", "constraint"), ...data.runs.map(([letter]) => make("th", letter)));
  table.append(head);
  flip.c.forEach(([about], at) => {
    const row = make("tr", undefined, apart.has(at) ? "differs" : "");
    row.append(long("th", about), ...flip.s.map(side => verdict(side.v[at])));
    table.append(row);
  });
  const box = make("div", undefined, "scroll");
  box.append(table);
  return box;
}

function verdict(found) {
  if (!found) return make("td", "–");
  const [ok, loose, why] = found, cell = make("td");
  const word = ok === null ? "? undecided" : ok ? "✓" : loose ? "✗ (loose ✓)" : "✗";
  cell.append(make("span", word, ok === null ? "" : ok ? "up" : "down"), " ", long("span", why));
  return cell;
}

function response(flip, at, compare) {
  const side = flip.s[at], base = flip.s[data.base[flip.b]];
  const box = make("section", undefined, "side");
  const facts = [data.runs[at][1]];
  if (side.f) facts.push("finish reason " + side.f);
  if (side.t !== null) facts.push(side.t + " tokens");
  box.append(make("h5", data.runs[at][0]), make("p", facts.join(", "), "small"));
  const own = side.a ?? side.r, other = base.a ?? base.r;
  if (own === null) box.append(make("p", "no response", "small"));
  else if (compare && side !== base && other !== null) box.append(...compared(other, own));
  else box.append(long("pre", own));
  if (side.a !== null && side.a !== side.r) {
    const whole = make("details");
    whole.append(make("summary", "the whole response, with its reasoning", "small"));
    whole.append(long("pre", side.r));
    box.append(whole);
  }
  return box;
}

function compared(before, after) {
  if (before === after) return [make("p", "the same words", "small"), long("pre", after)];
  const runs = difference(text(before), text(after));
  const share = runs ? alike(runs, text(before), text(after)) : 0;
  if (share < SIMILAR) {
    const why = runs ? `${Math.round(100 * share)} % of the words in common: shown as it is`
      : "too long to compare word by word: shown as it is";
    return [make("p", why, "small"), long("pre", after)];
  }
  const node = make("pre");
  for (const [kind, part] of runs) {
    node.append(kind === 0 ? part : make(kind > 0 ? "ins" : "del", part));
  }
  if (data.cut[after]) node.append(make("span", ` … ${data.cut[after]} characters cut`, "cut"));
  return [node];
}

// Opens the item that the address names.
function follow() {
  const asked = /^#sample=(.*)$/.exec(location.hash);
  if (!asked) return;
  let wanted;
  try { wanted = decodeURIComponent(asked[1]); } catch { return; }
  const flip = data.flips.find(one => `${one.b}:${one.k}` === wanted);
  if (!flip) return;
  let node = shown.find(one => one.flip === flip);
  if (!node) {
    for (const id of ["kind", "benchmark", "rule", "text"]) $(id).value = "";
    $("grouped").checked = false;
    limit = data.flips.length;
    list();
    node = shown.find(one => one.flip === flip);
  }
  if (node.getAttribute("aria-expanded") !== "true") toggle(node);
  node.focus({ preventScroll: true });
  node.scrollIntoView();
}

function step(by) {
  const active = document.activeElement;
  let at = shown.indexOf(active);
  if (at < 0) {
    const inside = active && active.closest && active.closest(".detail");
    at = inside ? shown.indexOf(inside.previousElementSibling) : by > 0 ? -1 : shown.length;
  }
  if (by > 0 && at === shown.length - 1 && !$("more").hidden) more();
  const next = shown[Math.min(shown.length - 1, Math.max(0, at + by))];
  if (next) next.focus();
}

function more() {
  const open = new Set(shown.filter(one => one.nextElementSibling?.className === "detail")
    .map(one => one.flip));
  const active = shown.indexOf(document.activeElement);
  limit += PAGE;
  list();
  shown.filter(one => open.has(one.flip)).forEach(toggle);
  if (active >= 0) shown[active].focus();
}

function close() {
  const active = document.activeElement;
  const node = active?.closest?.(".detail")?.previousElementSibling ?? active;
  if (node?.getAttribute?.("aria-expanded") === "true") { toggle(node); node.focus(); }
  else if (active && active !== document.body) active.blur();
}

const KEYS = { j: () => data && step(1), k: () => data && step(-1), t: nextTheme,
  "?": () => $("help").showModal(), "/": () => data && $("text").focus() };
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (event.key === "Escape") return close();
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName)) return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

if ($("list")) {
  data = JSON.parse($("data").textContent);
  const rules = [...new Set(data.flips.flatMap(kinds))].sort();
  $("rule").append(...rules.map(rule => make("option", rule)));
  let waiting = 0;
  const again = () => { limit = PAGE; list(); };
  const choices = ["kind", "benchmark", "rule", "grouped"];
  choices.forEach(id => $(id).addEventListener("change", again));
  $("text").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(again, 150);
  });
  $("more").addEventListener("click", more);
  list();
  follow();
  window.addEventListener("hashchange", follow);
}
