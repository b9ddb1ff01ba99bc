// <newsletter-form form="guide"> …a plain form… </newsletter-form>
// shows our form in place of the plain one, which stays if anything fails.
// Its button's colours: --newsletter-accent, --newsletter-accent-text.
(() => {
  if (customElements.get("newsletter-form")) return // the snippet may stand on a page twice
  const script = document.currentScript || document.querySelector('script[src$="/embed.js"]')
  const home = new URL(".", script.src)

  const STYLE = `
    :host { display: block; --alert: color-mix(in srgb, #d21 55%, currentColor) }
    form { display: grid; gap: 1em }
    form[hidden] { display: none }
    p { margin: .3em 0 0; font-size: .875em }
    .error { color: var(--alert) }
    .error:empty { display: none }
    input, button { font: inherit; color: inherit; padding: .6em .8em; border: 1px solid color-mix(in srgb, currentColor 60%, transparent); border-radius: .3em }
    label, button, .error { font-weight: 600 }
    input { width: 100%; box-sizing: border-box; margin-top: .3em; background: none }
    [aria-invalid] { border: 2px solid var(--alert) }
    button { justify-self: start; cursor: pointer; color: var(--newsletter-accent-text, #fff); background: var(--newsletter-accent, #1f5f5b) }
    [aria-disabled] { cursor: wait; opacity: .75 }
    :focus-visible { outline: 2px solid; outline-offset: 2px }
    form:not([hidden]) + [role] { margin-top: 1em }
    [role] button { display: block; margin-top: .6em }
    .trap { position: absolute; left: -9999px }`

  // An element from its attributes and children; text stays text.
  const el = (tag, attributes, ...children) => {
    const node = document.createElement(tag)
    for (const name in attributes) if (attributes[name]) node.setAttribute(name, attributes[name])
    node.append(...children)
    return node
  }

  const dress = (root) => {
    try {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(STYLE)
      root.adoptedStyleSheets = [sheet]
    } catch {
      root.append(el("style", {}, STYLE))
    }
  }

  // [status, body] of the answer; throws when there is none.
  const ask = async (url, values) => {
    const answer = await fetch(url, {
      method: values ? "POST" : "GET",
      headers: { Accept: "application/json", ...(values && { "Content-Type": "application/json" }) },
      body: values && JSON.stringify(values),
      credentials: "omit",
      signal: AbortSignal.timeout(20000),
    })
    return [answer.status, await answer.json()]
  }

  // ALTCHA v1: the number that gives the challenge when hashed behind the salt; 500 at a time.
  const solve = async ({ maxnumber, ...proof }, progress) => {
    const hash = async (number) => {
      const digest = await crypto.subtle.digest(proof.algorithm, new TextEncoder().encode(proof.salt + number))
      return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
    }
    for (let first = 0; first <= maxnumber; first += 500) {
      progress(Math.floor((100 * first) / maxnumber))
      const hashes = await Promise.all(Array.from({ length: 500 }, (_, i) => hash(first + i)))
      const found = hashes.indexOf(proof.challenge)
      if (found >= 0) return btoa(JSON.stringify({ ...proof, number: first + found }))
    }
  }

  class NewsletterForm extends HTMLElement {
    async connectedCallback() {
      if (this.url) return
      this.url = new URL("forms/" + this.getAttribute("form"), home)
      try {
        const [status, form] = await ask(this.url)
        if (status === 200) this.show(form)
      } catch {
        // the plain form is still there
      }
    }

    show({ title, fields, token, button, wording }) {
      const typing = this.contains(document.activeElement) && document.activeElement.name
      this.button = el("button", {}, button)
      this.outcome = el("div", { role: "status", tabindex: "-1" })
      this.form = el("form", { method: "post", action: this.url, novalidate: "true", "aria-label": title },
        ...fields.map((field) => this.field(field)),
        el("label", { class: "trap", "aria-hidden": "true" }, "Leave this field empty",
          el("input", { name: "leave_blank", tabindex: "-1", autocomplete: "off" })),
        el("input", { name: "token", type: "hidden", value: token }),
        el("p", {}, wording),
        this.button)
      this.form.onsubmit = (event) => {
        event.preventDefault()
        this.send()
      }
      const root = this.attachShadow({ mode: "open" })
      dress(root)
      root.append(this.form, this.outcome)
      this.form.elements[typing]?.focus()
    }

    field({ name, label, required, help = "", type, max_length, autocomplete }) {
      const input = el("input", {
        id: name, name, type, required, autocomplete, maxlength: max_length,
        "aria-describedby": `${name}-error ${name}-help`,
      })
      input.value = this.querySelector(`[name="${name}"]`)?.value || "" // begun in the plain form
      return el("div", {},
        el("label", { for: name }, label, required ? " (required)" : ""),
        input,
        el("p", { id: name + "-error", class: "error" }),
        el("p", { id: name + "-help" }, help))
    }

    async send() {
      if (this.button.ariaDisabled) return
      this.button.ariaDisabled = "true"
      this.say("Sending…")
      try {
        const values = Object.fromEntries(new FormData(this.form))
        let [status, answer] = await ask(this.url, values)
        if (status === 428) {
          if (!crypto.subtle) return this.form.submit() // no https here: the plain way needs no proof
          values.altcha = await solve(answer.challenge, (done) => this.say(`Keeping robots out: ${done} %`))
          ;[status, answer] = await ask(this.url, values)
        }
        this.settle(status, answer)
      } catch {
        this.say(`We can’t reach ${home.host} just now. What you typed is still here: please try again.`)
      } finally {
        this.button.ariaDisabled = null
      }
    }

    settle(status, { message, hint, detail = "That did not work. Please try again.", errors = {} }) {
      for (const place of this.form.querySelectorAll(".error")) {
        const input = place.previousSibling
        place.textContent = errors[input.name] || ""
        input.ariaInvalid = errors[input.name] ? "true" : null
      }
      this.form.hidden = status === 202
      this.say(message || detail, ...this.correction(hint))
      const next = this.form.querySelector("[aria-invalid]") || this.outcome
      next.focus()
    }

    // For an address that looks mistyped; it was taken as it is.
    correction(domain) {
      if (!domain) return []
      const { email } = this.form.elements
      const meant = email.value.split("@")[0] + "@" + domain
      const button = el("button", {}, "Send it to " + meant)
      button.onclick = () => {
        email.value = meant
        this.form.hidden = false
        this.send()
      }
      return [el("p", {}, `Did you mean ${domain}?`), button]
    }

    say(...parts) {
      this.outcome.replaceChildren(...parts)
    }
  }

  customElements.define("newsletter-form", NewsletterForm)

  // A frame of ours is as high as the page in it.
  addEventListener("message", ({ origin, source, data }) => {
    if (origin !== home.origin || data?.newsletter !== "height") return
    for (const frame of document.querySelectorAll("iframe")) if (frame.contentWindow === source) frame.height = data.height
  })
})()
