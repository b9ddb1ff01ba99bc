// Code gets a button that copies it. Without this file, or where the browser does not allow it, it can be selected.
(() => {
  "use strict";

  async function copied(field) {
    try {
      await navigator.clipboard.writeText(field.value);
      return true;
    } catch { // no https, or not allowed: the old way
      field.focus();
      field.select();
      return document.execCommand("copy");
    }
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    const said = document.getElementById(`${button.dataset.copy}-said`);
    button.hidden = false;
    button.addEventListener("click", async () => {
      said.textContent = ""; // so that a second press is said, too
      const done = await copied(document.getElementById(button.dataset.copy));
      said.textContent = done ? said.dataset.done : said.dataset.not;
      if (done) button.focus();
    });
  }
})();
