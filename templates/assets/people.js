// Who is found follows what is typed, and a button ticks all. Without this file one presses Find, and ticks each.
(() => {
  "use strict";
  const WAIT = 250; // milliseconds without a key
  const form = document.querySelector("form[data-found]");
  if (!form) return;
  const ready = () => { const all = document.querySelector("[data-tick]"); if (all) all.hidden = false; };
  ready();
  document.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-tick]")) return;
    for (const box of document.querySelectorAll("input[form=many][type=checkbox]")) box.checked = true;
  });
  let timer, asked = 0;

  async function find() {
    const mine = ++asked;
    const to = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
    try {
      const answer = await fetch(to);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.getElementById(form.dataset.found);
      if (mine === asked && answer.ok && !answer.redirected && found) {
        document.getElementById(form.dataset.found).replaceWith(found);
        ready();
      }
    } catch { /* offline: the button still says so */ }
  }

  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(find, WAIT); });
})();
