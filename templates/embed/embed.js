// <newsletter-form form="guide"> and <newsletter-comments> show ours in place of the plain form inside,
// which stays if anything fails. data-newsletter-count="address": how many comments a page has.
// Colours: --newsletter-accent, --newsletter-accent-text.
// "embed/…" names a file of this folder that is put in there, and what stands in _() is said in the service's language;
// newsletter/web/kit/embedding.py does so.
(() => {
  if (customElements.get("newsletter-form")) return // the snippet may stand on a page twice
  const home = new URL(".", (document.currentScript || document.querySelector("[src$='/embed.js']")).src)

  const STYLE = "embed/style.css"

  const el = (tag, attributes, ...children) => {
    const node = document.createElement(tag)
    for (const name in attributes) if (attributes[name]) node.setAttribute(name, attributes[name])
    node.append(...children)
    return node
  }

  const button = (text, onclick) => Object.assign(el("button", { class: "plain", type: "button" }, text), { onclick })
  const here = (path) => new URL(path, home)
  const parse = (html) => new DOMParser().parseFromString(html, "text/html")

  const ago = (then) => {
    let past = Math.min(0, then - Date.now()) / 1000
    for (const [unit, size] of [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", 1e9]]) {
      if (past > -size) return new Intl.RelativeTimeFormat(_("en"), { numeric: "auto" }).format(Math.round(past), unit)
      past /= size
    }
  }

  // Sets (null: forgets) and returns what the reader's browser keeps.
  const kept = (area, value) => {
    try {
      const store = window[area]
      if (value) store.newsletter = JSON.stringify(value)
      if (value === null) delete store.newsletter
      return JSON.parse(store.newsletter)
    } catch {}
  }

  const ask = async (url, values) => {
    const type = "application/json"
    const answer = await fetch(url, {
      method: values ? "POST" : "GET",
      headers: { Accept: type, ...(values && { "Content-Type": type }) },
      body: values && JSON.stringify(values),
      credentials: "omit", signal: AbortSignal.timeout(20000),
    })
    return [answer.status, await answer.json()]
  }

  // ALTCHA v1, 500 at a time
  const solve = async ({ maxnumber, ...proof }, progress) => {
    const hash = async (number) => {
      const digest = await crypto.subtle.digest(proof.algorithm, new TextEncoder().encode(proof.salt + number))
      return [...new Uint8Array(digest)].map((byte) => (byte + 256).toString(16).slice(1)).join("")
    }
    for (let first = 0; first <= maxnumber; first += 500) {
      progress(Math.floor((100 * first) / maxnumber))
      const hashes = await Promise.all(Array.from({ length: 500 }, (_, i) => hash(first + i)))
      const found = hashes.indexOf(proof.challenge)
      if (found >= 0) return btoa(JSON.stringify({ ...proof, number: first + found }))
    }
  }

  class Sender extends HTMLElement {
    show(node, form) {
      const typing = document.activeElement
      this.form = form
      this.root = this.attachShadow({ mode: "open" })
      try {
        const sheet = new CSSStyleSheet()
        sheet.replaceSync(STYLE)
        this.root.adoptedStyleSheets = [sheet]
      } catch {
        this.root.append(el("style", {}, STYLE))
      }
      this.root.append(node)
      if (!form) return
      this.button = form.querySelector("button")
      form.after(this.outcome = el("div", { role: "status", tabindex: "-1" }))
      form.noValidate = true
      form.onsubmit = ({ submitter }) => !this.send(submitter) // false: not by the browser
      this.inputs = form.querySelectorAll("[id][name]")
      for (const input of this.inputs) {
        const id = input.name + "-error"
        input.after(el("p", { id, class: "error" }))
        input.setAttribute("aria-describedby", [id, input.getAttribute("aria-describedby")].join(" "))
        // What the reader put in: a box that nobody ticked says nothing.
        const begun = this.querySelector(`[name="${input.name}"]:is(:checked, :not([type=checkbox], [type=radio], [type=hidden]))`)
        if (begun?.value) input.value = begun.value
        if (begun && begun === typing) input.focus()
      }
    }

    async send() {
      if (this.button.ariaDisabled) return
      this.button.ariaDisabled = "true"
      this.say(_("Sending…"))
      await this.try(async () => {
        this.sent = { title: this.page && document.title, ...Object.fromEntries(new FormData(this.form)) }
        const values = this.begun ? { comment: this.sent.comment } : this.sent
        let [status, answer] = await ask(this.url, values)
        if (status === 428) {
          if (!crypto.subtle) return this.form.submit() // no https: the plain way
          values.altcha = await solve(answer.challenge, (done) => this.say(_(`Keeping robots out: ${done} %`)))
          ;[status, answer] = await ask(this.url, values)
        }
        await this.settle(status, answer)
      })
      this.button.ariaDisabled = null
    }

    try = (act) => act().catch(() => this.say(_(`We can’t reach ${home.host} just now. What you typed is still here: please try again.`)))
    say = (...parts) => this.outcome.replaceChildren(...parts)

    settle(status, answer) {
      const { message, detail = _("That did not work. Please try again."), errors = {} } = answer
      for (const input of this.inputs) {
        input.nextSibling.textContent = errors[input.name] || ""
        input.ariaInvalid = errors[input.name] ? "true" : null
      }
      this.form.hidden = status === 202
      this.say(message || detail, ...this.offers(answer, status))
      ;(this.form.querySelector("[aria-invalid]") || this.outcome).focus()
    }
  }

  customElements.define("newsletter-form", class extends Sender {
    async connectedCallback() {
      if (this.url) return
      this.url = here("forms/" + this.getAttribute("form"))
      try {
        const { title, fields, hidden, button, wording, closed, colours } = (await ask(this.url))[1]
        if (closed) return this.show(el("div", {}, closed))
        const form = el("form", { method: "post", action: this.url, "aria-label": title },
          ...fields.map(({ name, caption, help, html, options }) => el("div", {},
            el("label", { for: name }, caption),
            el(options[1] ? "select" : "input", html, ...options.map((text) => el("option", {}, text))),
            el("p", { id: name + "-help" }, help))),
          el("label", { class: "away", "aria-hidden": "true" }, _("Leave this field empty"),
            el("input", { name: "leave_blank", tabindex: "-1", autocomplete: "off" })),
          ...hidden.map((html) => el("input", html)),
          el("p", {}, wording), el("button", {}, button))
        form.style = colours
        this.show(el("div", {}, form), form)
      } catch {} // the plain form stays
    }

    offers({ hint }) {
      if (!hint) return []
      const { email } = this.form.elements
      const meant = email.value.split("@")[0] + "@" + hint
      return [el("p", {}, _(`Did you mean ${hint}?`)), button(_("Send it to ") + meant, () => {
        email.value = meant
        this.form.hidden = false
        this.send()
      })]
    }
  })

  "embed/comments.js"

  ;(async () => {
    const places = [...document.querySelectorAll("[data-newsletter-count]")]
    const pages = places.map((place) => ["url", place.dataset.newsletterCount])
    try {
      const [, { counts }] = pages[0] && await ask(here("threads/counts?" + new URLSearchParams(pages)))
      for (const place of places) {
        const n = counts[place.dataset.newsletterCount]
        if (n >= 0) place.textContent = n + (n === 1 ? _(" comment") : _(" comments"))
      }
    } catch {}
  })()

  addEventListener("message", ({ origin, source, data }) => {
    for (const frame of document.querySelectorAll("iframe"))
      if (origin === home.origin && data?.newsletter === "height" && frame.contentWindow === source) frame.height = data.height
  })
})()
