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
      if (!here || !there) continue;
      there.querySelectorAll("details").forEach((one, n) => { one.open = Boolean(here.querySelectorAll("details")[n]?.open); });
      if (here.innerHTML !== there.innerHTML) here.replaceWith(document.importNode(there, true));
    }
    return page;
  }

  const form = document.querySelector("form[data-live]");
  if (form) {
    const shows = form.querySelector("[data-preview]");
    const where = shows.getAttribute("formaction");
    let timer, asked = 0, shown = 0, dirty = Boolean(document.querySelector(".summary"));

    // How far down the owner is, in percent of the text: the frame is to show the same place.
    function place() {
      const { value = "", selectionStart } = form.elements.body || {};
      const whole = value.trim().length;
      return whole ? Math.min(100, Math.round(100 * selectionStart / whole)) : 0;
    }

    // In a frame of its own: a second page in the old one would be a step for the back button. The old one stays
    // until the new one is there.
    function preview() {
      const old = form.querySelector("iframe:not(.coming)");
      const fresh = old.cloneNode();
      fresh.removeAttribute("src");
      form.querySelector("iframe.coming")?.remove();
      fresh.name = `preview-${++shown}`; // with a name that another frame had, that one may be taken
      shows.setAttribute("formtarget", fresh.name);
      fresh.classList.add("coming");
      old.after(fresh);
      fresh.addEventListener("load", () => {
        old.remove();
        fresh.classList.remove("coming");
      }, { once: true });
      form.elements.at.value = place();
      shows.setAttribute("formaction", `${where}#here`);
      shows.click();
    }

    async function check() {
      if (!document.getElementById("findings")) return;
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

    const keeper = form.dataset.keeps && window.keeper?.(form, take);
    form.addEventListener("input", (event) => {
      if (event.target.id === "narrow") return;
      const looks = ["look", "scheme"].includes(event.target.name);
      dirty ||= !looks;
      if (!looks) keeper?.typed();
      clearTimeout(timer);
      timer = setTimeout(() => { preview(); keeper ? keeper.keep() : check(); }, looks ? 0 : WAIT);
    });
    if (!form.querySelector("iframe").hasAttribute("src") && form.elements.body?.value !== "") preview();
    if (keeper?.restored()) { preview(); keeper.keep(); }
    else if (performance.getEntriesByType("navigation")[0]?.type === "navigate") {
      // Typed before this file had come. What a browser puts back after a reload may be older than what is kept.
      const early = [...form.elements].find((one) => "defaultValue" in one && one.value !== one.defaultValue);
      early?.dispatchEvent(new Event("input", { bubbles: true }));
    }
    let sent = false, looked = false;
    form.addEventListener("submit", async (event) => {
      if (event.submitter === shows) return;
      if (sent) { event.preventDefault(); return; } // a double press would be two drafts
      if (keeper && !looked) {
        event.preventDefault(); // who was signed out meanwhile would lose what they typed on the way
        clearTimeout(timer);
        if (!await keeper.keep() || sent) return;
        looked = true;
        keeper.leaving();
        form.requestSubmit(event.submitter);
        return;
      }
      [sent, dirty] = [true, false];
    });
    addEventListener("pageshow", () => { [sent, looked] = [false, false]; });
    addEventListener("beforeunload", (event) => {
      if (dirty && !keeper) event.preventDefault();
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
