// Nothing that an owner types is lost: a draft is kept there, on the server, as it is typed; what isn't kept there yet
// is held here, in this browser, over a reload and a sign-out. Without this file there is the button.
window.keeper = (form, take) => {
  "use strict";
  const NOT_TYPED = ["csrf", "version", "at", "look", "scheme"];
  const told = document.getElementById("kept");
  const again = document.getElementById("again");
  const answers = Boolean(document.querySelector(".summary")); // this page holds what was typed, and it wasn't saved
  let count = 0, busy = Promise.resolve(), sent = null, fine = false;

  const place = () => `typed:${form.getAttribute("action")}`;
  const typed = () => Object.fromEntries([...new FormData(form)].filter(([name]) => !NOT_TYPED.includes(name)));
  const same = (one, other) => JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());

  function hold() {
    try {
      localStorage.setItem(place(), JSON.stringify({ version: form.elements.version?.value ?? "", fields: typed(), sent }));
    } catch {
      // A browser that keeps nothing: what is typed is kept on the server alone.
    }
  }

  function letGo() {
    try { localStorage.removeItem(place()); } catch { /* it never held anything */ }
  }

  function say(what) {
    const trouble = ["out", "other"].includes(what);
    trouble ? told.setAttribute("role", "alert") : told.removeAttribute("role");
    if (told.textContent !== told.dataset[what]) told.textContent = told.dataset[what];
  }

  // From a new one's page to its own.
  function adopt(there) {
    let version = form.elements.version;
    if (!version) {
      version = Object.assign(document.createElement("input"), { type: "hidden", name: "version" });
      form.prepend(version);
    }
    version.value = there.elements.version.value;
    if (there.getAttribute("action") !== form.getAttribute("action")) {
      letGo();
      form.setAttribute("action", there.getAttribute("action"));
      history.replaceState(null, "", there.getAttribute("action"));
    }
  }

  // Whether somebody is there to take what is sent.
  async function keep() {
    const mine = count, onServer = form.dataset.keeps === "there";
    const fields = new FormData(form);
    sent = typed();
    if (count) hold(); // so a page that is left now knows what the server may have
    fields.set("action", onServer ? "keep" : "look");
    let answer, page;
    try {
      answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields, redirect: "manual" });
      page = answer.type === "opaqueredirect" ? null : take(await answer.text(), ["findings", "told-audience"]);
    } catch {
      say("away");
      return false;
    }
    const there = page?.querySelector("form[data-live]");
    if (!there) {
      say(answer.status >= 500 || answer.status === 429 ? "away" : "out");
      return false;
    }
    fine = answer.status === 200;
    if (answer.status === 409) form.dataset.keeps = "here"; // from here on only by the button
    if (!fine) {
      say(answer.status === 409 ? "other" : "here");
    } else if (onServer) {
      adopt(there);
      mine === count ? letGo() : hold();
      say("there");
    }
    return true;
  }

  return {
    typed() {
      count += 1;
      hold();
      say("here");
    },
    keep() {
      busy = busy.then(keep);
      return busy;
    },
    // Before the form is sent by a button: what is fine will be kept.
    leaving() {
      if (fine) letGo();
    },
    restored() {
      let held = null;
      try { held = JSON.parse(localStorage.getItem(place())); } catch { /* nothing that can be read */ }
      if (!held || answers) return false;
      const kept = typed();
      if (same(held.fields, kept)) {
        letGo();
        return false;
      }
      for (const one of form.elements) {
        if (!one.name || NOT_TYPED.includes(one.name) || one.type === "submit") continue;
        if (one.type === "checkbox") one.checked = one.name in held.fields;
        else if (one.name in held.fields) one.value = held.fields[one.name];
      }
      const ours = held.sent && same(held.sent, kept); // kept on the server, and left before it could say so
      if (form.elements.version && held.version && !ours) form.elements.version.value = held.version;
      again.hidden = false;
      again.querySelector("button").addEventListener("click", () => { letGo(); location.reload(); });
      count += 1;
      return true;
    },
  };
};
