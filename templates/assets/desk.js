// Keys for the queue of comments. Without this file every key's act has its button.
(() => {
  "use strict";
  const form = document.querySelector(".queue");
  const rows = form ? [...form.querySelectorAll(".row")] : [];
  const keys = document.querySelector(".keys");
  const letters = keys?.querySelector("[data-letters]");
  const KEPT = "letters"; // in this browser: "off" while they are

  const here = () => rows.indexOf(document.activeElement?.closest?.(".row"));

  function move(step) {
    const at = here();
    const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step));
    rows[next]?.focus();
    rows[next]?.scrollIntoView({ block: "nearest" });
  }

  function tick() {
    const box = rows[here()]?.querySelector(".tick");
    if (box) box.checked = !box.checked;
  }

  // What is ticked, or else the one where the owner is.
  function act(key) {
    const verb = { a: "approve", s: "spam", d: "delete" }[key];
    const all = form?.querySelector(`.acts.all [value="${verb}"]`);
    if (rows.some((row) => row.querySelector(".tick").checked)) all?.click();
    else rows[here()]?.querySelector(`[data-key="${key}"]`)?.click();
  }

  // Who dictates, or misses a key, can do without them: what is chosen holds for every page, also one that is open.
  function chosen() {
    try { letters.checked = localStorage.getItem(KEPT) !== "off"; } catch { /* then it holds for this page */ }
  }

  if (letters) {
    keys.hidden = false;
    chosen();
    addEventListener("storage", chosen);
    addEventListener("pageshow", chosen);
    letters.addEventListener("change", () => {
      try { localStorage.setItem(KEPT, letters.checked ? "on" : "off"); } catch { /* as above */ }
    });
  }

  function legend() {
    keys.open = !keys.open;
    if (keys.open) keys.querySelector("summary").focus();
  }

  // After an act the owner goes on with the row below, or the last where there is none.
  if (keys && document.querySelector(".notice")) {
    const next = rows.find((row) => `#${row.id}` === location.hash) || rows.at(-1);
    next?.focus();
  }

  const does = {
    j: () => move(1),
    k: () => move(-1),
    x: tick,
    a: () => act("a"),
    s: () => act("s"),
    d: () => act("d"),
    r: () => rows[here()]?.querySelector('[data-key="r"]')?.click(),
    "?": legend,
  };

  const HELD = ["Control", "Meta", "Alt", "AltGraph"];
  const TYPED = "textarea, select, input:not([type=checkbox])";

  // Somebody who writes, or means another key, or has a question before them.
  function elsewhere(event) {
    const { target } = event;
    const held = HELD.some((key) => event.getModifierState(key)) || event.shiftKey && event.key !== "?";
    return held || event.isComposing || target.isContentEditable || target.closest?.(TYPED) || document.querySelector("dialog[open]");
  }

  document.addEventListener("keydown", (event) => {
    if (!letters?.checked || elsewhere(event) || event.repeat && !"jk".includes(event.key)) return;
    const run = Object.hasOwn(does, event.key) && does[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  });
})();
