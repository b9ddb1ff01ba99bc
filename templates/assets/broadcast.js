// While an owner types, the preview and what is to say about the text follow. Without this file each has its button.
(() => {
  "use strict";
  const WAIT = 600; // milliseconds without a key
  const AGAIN = 2000; // milliseconds between two looks at how far it has come

  // Takes pieces of a page that was asked for anew into this one.
  function take(html, ids) {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const id of ids) {
      const [here, there] = [document.getElementById(id), page.getElementById(id)];
      if (here && there && here.innerHTML !== there.innerHTML) here.replaceWith(document.importNode(there, true));
    }
    return page;
  }

  const form = document.querySelector("form[data-live]");
  if (form) {
    const shows = form.querySelector("[data-preview]");
    let timer, asked = 0, dirty = Boolean(document.querySelector(".summary"));

    // In a frame of its own: a second page in the old one would be a step for the back button.
    function preview() {
      const old = form.querySelector("iframe");
      const fresh = old.cloneNode();
      fresh.removeAttribute("src");
      old.replaceWith(fresh);
      shows.click();
    }

    async function check() {
      const mine = ++asked;
      const fields = new FormData(form);
      fields.set("action", "look");
      try {
        const answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields, redirect: "error" });
        if (mine === asked && [200, 422].includes(answer.status)) take(await answer.text(), ["findings", "told-audience"]);
      } catch {
        // The next key asks again.
      }
    }

    form.addEventListener("input", (event) => {
      if (event.target.id === "narrow") return;
      const looks = ["look", "dark"].includes(event.target.name);
      dirty ||= !looks;
      clearTimeout(timer);
      timer = setTimeout(() => { preview(); check(); }, looks ? 0 : WAIT);
    });
    if (!form.querySelector("iframe").hasAttribute("src") && form.elements.body.value) preview();
    form.addEventListener("submit", (event) => {
      if (event.submitter !== shows) dirty = false;
    });
    addEventListener("beforeunload", (event) => {
      if (dirty) event.preventDefault();
    });
  }

  async function follow() {
    if (!document.querySelector("#standing[data-moves]")) return;
    try {
      const answer = await fetch(location.pathname, { redirect: "error" });
      if (answer.ok) {
        const held = document.activeElement?.closest?.("#standing") && document.activeElement.value;
        take(await answer.text(), ["standing"]);
        if (held) document.querySelector(`#standing [value="${held}"]`)?.focus();
      }
    } catch {
      // Asked again below.
    }
    setTimeout(follow, AGAIN);
  }
  if (document.querySelector("#standing[data-moves]")) setTimeout(follow, AGAIN);
})();
