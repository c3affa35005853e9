// Follows the events of the server and puts what they say where the page has their names (admin/page/facts.py).

import { advance, extend } from "./plots.js";

const RETRY = 10_000;      // milliseconds between two looks while there are no events
const QUIET = 20_000;      // milliseconds without a word, after which what is shown is called old
const UNITS = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];

let places = new Map();    // name of a fact -> the elements that say it
let ahead = 0;             // our clock is so many seconds before the server's
let version = null;
let source = null;
let heard = 0;
let stopped = false;

export function duration(seconds) {
  let rest = Math.max(0, Math.floor(seconds));
  const words = [];
  for (const [size, unit] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count || words.length || size === 1) words.push(count + unit);
  }
  return words.slice(0, 2).join(" ");
}

export function follow() {
  collect();
  const main = document.getElementById("main");
  const every = Number(main?.dataset.refresh ?? 0);
  setInterval(tick, 1000);
  if (every) setInterval(() => { if (!document.hidden) refresh(); }, every * 1000);
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  // a page that the browser has put aside may come back as it was
  addEventListener("pagehide", close);
  addEventListener("pageshow", event => { if (event.persisted) open(); });
  open();
}

function open() {
  if (source || stopped || document.hidden) return;
  source = new EventSource("/events");
  heard = Date.now();
  source.onmessage = event => take(JSON.parse(event.data));
  source.addEventListener("enough", () => {
    stopped = true;
    close();
    say("not live: open in too many windows", "warn");
  });
  source.onerror = () => {
    if (source?.readyState !== EventSource.CLOSED) {
      say("reconnecting", "warn");
      return;
    }
    // refused: there are too many, or nobody is logged in any more
    close();
    say("not live", "bad");
    setTimeout(() => { refresh(); open(); }, RETRY);
  };
}

function close() {
  source?.close();
  source = null;
}

function take(facts) {
  heard = Date.now();
  say("live", "good");
  if ("at" in facts) ahead = Date.now() / 1000 - facts.at;
  for (const [name, value] of Object.entries(facts)) {
    for (const element of places.get(name) ?? []) put(element, value);
  }
  if (facts.point?.at) extend(facts.point);
  advance();
  if ("version" in facts) {
    if (version !== null && version !== facts.version) refresh();
    version = facts.version;
  }
}

function put(element, value) {
  if (typeof value === "number") {
    element.dataset.at = value;
    element.textContent = duration(Date.now() / 1000 - ahead - value);
  } else if (Array.isArray(value)) {
    write(element, value[0]);
    element.dataset.tone = value[1];
  } else if (typeof value === "object") {
    element.setAttribute("points", value.line);
  } else {
    write(element, value);
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tick() {
  const now = Date.now() / 1000 - ahead;
  for (const element of document.querySelectorAll("[data-at]")) write(element, duration(now - element.dataset.at));
  if (source && Date.now() - heard > QUIET) say("nothing heard for " + duration((Date.now() - heard) / 1000), "bad");
}

function say(words, tone) {
  const live = document.getElementById("live");
  write(live, words);
  live.dataset.tone = tone;
}

let fetching = false;
let again = false;

// Fetches the page anew and takes over the parts that are different.
export async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" });
    if (answer.type === "opaqueredirect") location.reload();
    if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
    else if (answer.status === 429) setTimeout(refresh, 2000);
  } catch {
    // the events say that the server is away
  } finally {
    fetching = false;
  }
  if (again) {
    again = false;
    refresh();
  }
}

function replace(fresh) {
  for (const part of document.querySelectorAll("[data-part]")) {
    const next = fresh.getElementById(part.id);
    if (!next || part.innerHTML === next.innerHTML) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const open = [...part.querySelectorAll("details[open][id]")].map(each => each.id);
    const scrolled = [...part.querySelectorAll(".scroll")].map(each => each.scrollTop);
    part.replaceChildren(...document.adoptNode(next).childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    part.querySelectorAll(".scroll").forEach((each, number) => { each.scrollTop = scrolled[number] ?? 0; });
    if (focused) restore(part, focused);
  }
  collect();
}

function restore(part, focused) {
  const menu = focused.matches("summary") && focused.closest("details[id]");
  const same = menu ? document.getElementById(menu.id)?.querySelector("summary")
    : focused.id ? document.getElementById(focused.id)
    : [...part.querySelectorAll("a[href]")].find(each => each.getAttribute("href") === focused.getAttribute("href"));
  same?.focus({ preventScroll: true });
}

function collect() {
  places = new Map();
  for (const element of document.querySelectorAll("[data-fact]")) {
    const name = element.dataset.fact;
    if (!places.has(name)) places.set(name, []);
    places.get(name).push(element);
  }
}
