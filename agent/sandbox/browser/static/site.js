// The virtual site: draws what the server tells live, and sends what somebody does.
import { Rhythm } from "./rhythm.js";

const $ = (id) => document.getElementById(id);
const make = (tag, text = "", more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);
const LAMPS = ["amber", "green", "red", "buzzer"];
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const PARTS = {
  mains: ["Mains", "the gate's battery takes over; the router is dark"],
  cable: ["Network cable", "pulled out at the gate"],
  router: ["Site's router", "hangs: it answers nothing"],
  provider: ["Provider's line", "dead behind the provider's equipment"],
  names: ["Names (DNS)", "no resolver answers"],
  service: ["Checkinatwork", "is down: 503"],
  supplier: ["Supplier", "its software is down: 503"],
};
const NAMES = { "ready": "Ready", "waiting": "Waiting", "called": "Calling", "out-of-order": "Out of order", "stored": "Stored",
  "registered": "Registered", "refused": "Refused", "card-unusable": "Card cannot be used", "card-clash": "Two cards",
  "not-stored": "Not stored", "number-wanted": "Number wanted", "printer-waits": "Printer waits", "stick-working": "Stick: leave it in",
  "stick-safe": "Stick: pull it out", "stick-failed": "Stick failed", "key": "Key heard", "entry-taken": "Entry taken",
  "entry-refused": "Entry refused", "calling": "Site manager, please" };
let about = { stories: [], signals: {} };
let seen = null;
let drawn = {};

// --- deeds -----------------------------------------------------------------------------------

async function act(deed, button = null) {
  button?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch("do", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(deed) });
    if (!answer.ok) tell((await answer.json()).text);
    else tell("");
  } catch {
    tell("The virtual site does not answer; is it still running?");
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

function tell(text) {
  $("alert").textContent = text;
  $("alert").hidden = !text;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-deed]");
  if (!button || button.getAttribute("aria-busy")) return;
  const { deed, who, to, part, keys } = button.dataset;
  const pulls = part ? { part, out: button.getAttribute("aria-pressed") !== "true" } : {};
  act({ deed, ...(who && { who }), ...(to && { to }), ...(keys && { keys }), ...pulls }, button);
});

// --- what is drawn once ----------------------------------------------------------------------

for (const key of KEYS) {
  const spoken = { "*": "star", "#": "hash" }[key] ?? key;
  const button = make("button", key, { ariaLabel: `Key ${spoken}` });
  button.dataset.deed = "type";
  button.dataset.keys = key;
  $("keypad").append(button);
}
$("keypad").addEventListener("keydown", (event) => {
  const button = [...$("keypad").children].find((one) => one.dataset.keys === event.key);
  if (button && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    button.focus();
    act({ deed: "type", keys: event.key }, button);
  }
});
for (const [part, [name]] of Object.entries(PARTS)) {
  const item = make("li");
  const button = make("button", "", { id: `part-${part}` });
  button.dataset.deed = "pull";
  button.dataset.part = part;
  button.setAttribute("aria-pressed", "false");
  button.append(make("strong", name), make("span", "well", { className: "is" }));
  item.append(button);
  $("way").append(item);
}

function drawStories() {
  for (const story of about.stories) {
    const button = make("button", "", { id: `try-${story.name}` });
    button.append(make("strong", story.title), make("span", story.about));
    button.addEventListener("click", () => {
      act({ deed: "story", name: story.name }, button).then(() => $("story-title").focus());
    });
    $("choice").append(button);
  }
}
$("story-end").addEventListener("click", () => {
  const story = seen?.story;
  act({ deed: "story", name: "" }).then(() => $(`try-${story}`)?.focus());
});

// --- what changes ----------------------------------------------------------------------------

/** Calls `draw` when what it depends on is another than last time. */
function when(name, value, draw) {
  const text = JSON.stringify(value);
  if (drawn[name] === text) return;
  drawn[name] = text;
  draw(value);
}

function view(now) {
  seen = now;
  $("time").textContent = now.time;
  $("date").textContent = now.date;
  when("people", [now.people, now.others], () => drawPeople(now));
  when("way", [now.pulled, now.missing], () => drawWay(now));
  when("told", now.told, () => {
    $("told").textContent = now.told;
    $("told-card").hidden = !now.told;
  });
  when("outcomes", [now.outcomes, now.up], () => drawCounts(now));
  when("yesterday", now.yesterday, (counts) => {
    $("yesterday").textContent = Object.keys(counts).length ? `The day before: ${inWords(counts)}.` : "";
  });
  when("said", [now.said, now.stick], () => { $("said").textContent = [now.said, now.stick].filter(Boolean).join("\n"); });
  when("link", now.unknown_badges, (count) => { $("link").disabled = !count; });
  when("papers", [now.papers, now.printed_dots], () => drawPapers(now));
  when("story", [now.story, now.place], () => drawStory(now));
  when("log", now.log, (lines) => { $("log").textContent = lines.join("\n"); $("log").scrollTop = 1e6; });
  when("standing", [now.standing, now.up], drawSignal);
}

const inWords = (counts) => Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(", ");

function drawCounts(now) {
  const rows = Object.entries(now.outcomes).map(([what, count]) => {
    const row = make("div");
    row.append(make("dt", what), make("dd", count));
    return row;
  });
  $("outcomes").replaceChildren(...rows);
  $("outcomes").hidden = !rows.length;
  $("nobody").hidden = rows.length > 0;
  $("nobody").textContent = now.up ? "Nobody has tapped today." : "The agent is starting.";
}

function standOf(one) {
  if (one.receipt) return ["registered", `receipt ${one.receipt}`];
  if (one.answer === "red") return ["unknown", `refused ${one.last}`];
  if (one.answer) return ["stored", `stored ${one.last}`];
  if (one.taps) return ["", `${one.last}: no lamp has answered`];
  return ["", one.badge ? "has not tapped" : "badge not in the roster"];
}

function drawPeople(now) {
  const list = $("people");
  if (!list.children.length) {
    const firms = [...new Set(now.people.map((one) => one.firm))];
    for (const one of [...now.people, { who: "phone", name: "Somebody's phone", firm: "held instead of a badge" }]) {
      const button = make("button", "", { id: `who-${one.who}`, className: `firm-${firms.indexOf(one.firm)}` });
      button.dataset.deed = "hold";
      button.dataset.who = one.who;
      button.append(make("strong", one.name), make("span", one.firm, { className: "firm" }), make("span", "", { className: "state" }));
      const item = make("li");
      item.append(button);
      list.append(item);
    }
  }
  for (const one of now.people) {
    const [stand, words] = standOf(one);
    const button = $(`who-${one.who}`);
    button.dataset.stand = stand;
    button.lastChild.textContent = words;
  }
  const times = now.others.phone ?? 0;
  $("who-phone").lastChild.textContent = times ? `held ${times} time${times > 1 ? "s" : ""}` : "another number at each tap";
}

function drawWay(now) {
  let cut = now.pulled.includes("mains");
  for (const [part, [, broken]] of Object.entries(PARTS)) {
    const button = $(`part-${part}`);
    const out = now.pulled.includes(part);
    button.disabled = part in now.missing;
    button.setAttribute("aria-pressed", String(out));
    button.lastChild.textContent = part in now.missing ? "cannot be pulled here" : out ? broken : "well";
    if (part !== "supplier") button.parentElement.classList.toggle("beyond", cut);
    cut ||= out && part !== "mains";
  }
  const why = Object.values(now.missing)[0];
  $("missing").hidden = !why;
  $("missing").textContent = why ?? "";
}

function drawPapers(now) {
  const last = now.papers.length - 1;
  $("no-paper").hidden = last >= 0;
  $("paper").hidden = last < 0;
  if (last < 0) return;
  const fresh = drawn.paper !== undefined && drawn.paper !== last;
  drawn.paper = last;
  $("paper").classList.remove("fresh");
  if (fresh) requestAnimationFrame(() => $("paper").classList.add("fresh"));
  $("paper").querySelector("img").src = `paper/${last}?${now.printed_dots}`;
  $("paper").querySelector(".name").textContent = `Open paper ${last + 1}: ${now.papers[last]}`;
  $("papers").replaceChildren(...now.papers.slice(0, last).map((title, piece) => {
    const item = make("li");
    const button = make("button", `${piece + 1}. ${title}`);
    button.addEventListener("click", () => showPaper(piece));
    item.append(button);
    return item;
  }).reverse());
}
$("paper").addEventListener("click", () => showPaper(seen.papers.length - 1));

async function showPaper(piece) {
  $("sheet-title").textContent = `Paper ${piece + 1}: ${seen.papers[piece]}`;
  $("sheet-picture").src = `paper/${piece}?${seen.printed_dots}`;
  $("sheet-text").textContent = await (await fetch(`paper/${piece}/text`)).text();
  $("sheet").showModal();
}

function drawStory(now) {
  const story = about.stories.find((one) => one.name === now.story);
  for (const one of about.stories) $(`try-${one.name}`).setAttribute("aria-pressed", String(one === story));
  $("story").hidden = !story;
  if (!story) return;
  const over = now.place >= story.steps.length;
  $("story-title").textContent = over ? `Done: ${story.title}` : story.title;
  $("story-about").textContent = story.about;
  $("story-end").textContent = over ? "Close" : "Leave";
  $("steps").replaceChildren(...story.steps.map((step, place) => drawStep(step, place, now.place)));
}

function drawStep(step, place, present) {
  const item = make("li");
  item.dataset.stand = place === present ? "now" : place === present - 1 ? "last" : place < present ? "done" : "later";
  item.append(make("p", step.text), make("p", step.see, { className: "see" }));
  if (place === present) {
    item.setAttribute("aria-current", "step");
    if (step.deed) {
      const button = make("button", step.label, { id: "do-step" });
      button.addEventListener("click", () => act(step.deed, button));
      item.append(button);
    } else {
      item.append(make("span", "watch the gate", { className: "waits" }));
    }
  }
  return item;
}

// --- lamps, rhythm and sound -------------------------------------------------------------------

const rhythm = new Rhythm($("rhythm"), LAMPS);
const lit = { amber: false, green: false, red: false, buzzer: false };
let passing = "";
let fades = 0;

function pin({ lamp, on, signal }) {
  lit[lamp] = on;
  $(lamp).classList.toggle("on", on);
  document.querySelector(`.pocket [data-lamp=${lamp}]`).classList.toggle("on", on);
  rhythm.change(lamp, on);
  if (lamp === "buzzer") beep(on);
  if (signal) {
    passing = signal;
    clearTimeout(fades);
    fades = setTimeout(() => { passing = ""; drawSignal(); }, 6000);
    drawSignal();
  }
}

function drawSignal() {
  const name = passing || (seen?.up ? seen.standing : "");
  const words = name ? NAMES[name] : "Starting";
  if ($("signal").textContent === words) return;
  $("signal").textContent = words;
  $("pocket-signal").textContent = words;
  $("meaning").textContent = name ? about.signals[name] : "a tap that no lamp answers does not count";
  $("live").textContent = `${words}: ${$("meaning").textContent}`;
}

let sound = null;

function beep(on) {
  if (sound) sound.gain.gain.setTargetAtTime(on ? 0.05 : 0, sound.context.currentTime, 0.004);
}

$("sound").addEventListener("click", () => {
  const on = !sound;
  if (on) {
    const context = new AudioContext();
    const gain = context.createGain();
    const tone = new OscillatorNode(context, { type: "square", frequency: 2300 });
    gain.gain.value = 0;
    tone.connect(gain).connect(context.destination);
    tone.start();
    sound = { context, gain };
    beep(lit.buzzer);
  } else {
    sound.context.close();
    sound = null;
  }
  $("sound").setAttribute("aria-pressed", String(on));
  $("sound").textContent = on ? "Sound on" : "Sound off";
});

// --- live ------------------------------------------------------------------------------------

const live = new EventSource("live");
live.addEventListener("about", (event) => {
  const first = !about.stories.length;
  about = JSON.parse(event.data);
  if (first) drawStories();
  $("own").hidden = !about.agent_page;
  $("own-link").href = about.agent_page;
  $("access").textContent = about.access;
  $("code").textContent = about.code;
  for (const lamp of LAMPS) pin({ lamp, on: about.lit[lamp] });
});
live.addEventListener("view", (event) => view(JSON.parse(event.data)));
live.addEventListener("pin", (event) => pin(JSON.parse(event.data)));
live.addEventListener("open", () => tell(""));
live.addEventListener("error", () => tell("The virtual site does not answer; is it still running?"));
