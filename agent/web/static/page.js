// What makes the page live. Without it everything works by reloading.
"use strict";
(() => {
  const live = document.getElementById("live");

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // A form is sent once, however often a cold finger presses.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "yes";
    for (const button of event.target.querySelectorAll("button")) button.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  if (!live) return;
  const lost = document.getElementById("lost");
  const waiting = new Map();
  const last = new Map();
  let begun = performance.now();

  // Counts down between two messages, by this device's own pace and not by its clock.
  function count() {
    for (const time of live.querySelectorAll("[data-left-s]")) {
      const passed = Math.floor((performance.now() - begun) / 1000);
      const left = Math.max(0, Number(time.dataset.leftS) - passed);
      const text = `${Math.floor(left / 3600)}:${String(Math.floor(left / 60) % 60).padStart(2, "0")}`;
      if (time.textContent !== text) time.textContent = text;
    }
  }

  // True while somebody types or chooses in a part: it is renewed when he is done.
  function inUse(part) {
    if (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) return true;
    return [...part.querySelectorAll("input:not([type=hidden]):not([type=radio]), textarea")].some((input) => input.value !== input.defaultValue);
  }

  function show(name, html) {
    const part = document.getElementById(`part-${name}`);
    if (!part || last.get(name) === html) return;
    if (inUse(part)) { waiting.set(name, html); return; }
    waiting.delete(name);
    last.set(name, html);
    const open = [...part.querySelectorAll("details[open]")].map((one) => one.className + one.id);
    const focused = part.contains(document.activeElement) ? [...part.querySelectorAll("a, button, summary")].indexOf(document.activeElement) : -1;
    part.innerHTML = html;
    for (const one of part.querySelectorAll("details")) one.open = open.includes(one.className + one.id);
    if (focused >= 0) [...part.querySelectorAll("a, button, summary")][focused]?.focus();
  }

  function listen() {
    const stream = new EventSource(live.dataset.stream);
    stream.onopen = () => { lost.hidden = true; live.dataset.listens = "yes"; };
    stream.onmessage = (event) => {
      begun = performance.now();
      for (const [name, html] of Object.entries(JSON.parse(event.data))) show(name, html);
    };
    stream.addEventListener("changed", () => location.reload());
    stream.onerror = () => {
      lost.hidden = false;
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 15000);
    };
    window.addEventListener("pagehide", () => stream.close());
  }

  live.addEventListener("focusout", () => setTimeout(() => {
    for (const [name, html] of [...waiting]) show(name, html);
  }, 200));
  setInterval(count, 5000);
  listen();
})();
