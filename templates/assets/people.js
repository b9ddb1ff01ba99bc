// Who is found follows what is typed. Without this file the button does it.
(() => {
  "use strict";
  const WAIT = 250; // milliseconds without a key
  const form = document.querySelector("form[data-found]");
  if (!form) return;
  let timer, asked = 0;

  async function find() {
    const mine = ++asked;
    const to = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
    try {
      const answer = await fetch(to);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.getElementById(form.dataset.found);
      if (mine === asked && answer.ok && !answer.redirected && found) document.getElementById(form.dataset.found).replaceWith(found);
    } catch { /* offline: the button still says so */ }
  }

  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(find, WAIT); });
})();
