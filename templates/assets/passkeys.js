// Asks this device for a passkey, or to make one, as the form's data say; the answer is sent as one of its fields.
(() => {
  "use strict";
  const form = document.querySelector("form[data-passkey]");
  if (!form) return;
  const told = document.getElementById("told");
  const button = form.querySelector("button");
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const key = (one) => ({ ...one, id: bytes(one.id) });

  function say(what) {
    told.textContent = told.dataset[what];
    told.hidden = false;
  }

  async function ask() {
    const options = JSON.parse(form.dataset.options);
    options.challenge = bytes(options.challenge);
    if (form.dataset.passkey === "get") {
      options.allowCredentials = (options.allowCredentials ?? []).map(key);
      return navigator.credentials.get({ publicKey: options });
    }
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = (options.excludeCredentials ?? []).map(key);
    return navigator.credentials.create({ publicKey: options });
  }

  function answer(given) {
    const response = { clientDataJSON: text(given.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (given.response[name]) response[name] = text(given.response[name]);
    return JSON.stringify({ id: given.id, rawId: text(given.rawId), type: given.type, response });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!window.PublicKeyCredential) return say("none");
    button.disabled = true;
    try {
      form.elements.answer.value = answer(await ask());
      form.submit();
    } catch (error) {
      say(error.name === "InvalidStateError" ? "known" : "failed");
      button.disabled = false;
    }
  });
  button.disabled = false;
})();
