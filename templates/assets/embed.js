// <newsletter-form form="guide"> and <newsletter-comments> show ours in place of the plain form inside,
// which stays if anything fails. data-newsletter-count="address": how many comments a page has.
// Colours: --newsletter-accent, --newsletter-accent-text.
(() => {
  if (customElements.get("newsletter-form")) return // the snippet may stand on a page twice
  const home = new URL(".", (document.currentScript || document.querySelector("[src$='/embed.js']")).src)

  const STYLE = `
    :host { display: block; overflow-wrap: anywhere; --alert: color-mix(in srgb, #d21 55%, currentColor) } form, .pair { display: grid; gap: 1em }
    .pair { grid-template-columns: repeat(auto-fit, minmax(min(100%, 14em), 1fr)) } [hidden], .error:empty { display: none } h2 { font-size: 1.2em }
    p { margin: .3em 0; font-size: .875em } [role], .thread-feed { margin-top: 1em } a { color: inherit }
    input, textarea, select, button { font: inherit; color: inherit; padding: .6em .8em; border: 1px solid color-mix(in srgb, currentColor 60%, #0000); border-radius: .3em }
    label, button, .comment-name { font-weight: 600 } .choice { font-weight: 400 } .error { color: var(--alert) }
    div > input, textarea, select { width: 100%; box-sizing: border-box; margin-top: .3em; background: none } [aria-invalid] { border: 2px solid var(--alert) }
    button { justify-self: start; cursor: pointer; color: var(--newsletter-accent-text, #fff); background: var(--newsletter-accent, #1f5f5b) }
    .plain { color: inherit; background: none; margin: .6em .6em 0 0 } :focus-visible { outline: 2px solid; outline-offset: 1px } .away { position: absolute; left: -9999px }
    .comments { padding: 0; list-style: none } .comment { margin: 1.5em 0 1.5em calc(var(--depth) * min(2em, 4vw)) } .comment-head { display: flex; gap: .7em }
    svg { width: 2.5em; border-radius: 50% } .comment-text * { font-size: 1em } .comment-author, blockquote { margin: 0; border-left: 2px solid; padding-left: .6em }`

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
      if (past > -size) return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(past), unit)
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
        const begun = this.querySelector(`[name="${input.name}"]`)
        if (begun?.value) input.value = begun.value
        if (begun === typing) input.focus()
      }
    }

    async send() {
      if (this.button.ariaDisabled) return
      this.button.ariaDisabled = "true"
      this.say("Sending…")
      await this.try(async () => {
        this.sent = { title: this.page && document.title, ...Object.fromEntries(new FormData(this.form)) }
        const values = /edit/.test(this.url) ? { comment: this.sent.comment } : this.sent
        let [status, answer] = await ask(this.url, values)
        if (status === 428) {
          if (!crypto.subtle) return this.form.submit() // no https: the plain way
          values.altcha = await solve(answer.challenge, (done) => this.say(`Keeping robots out: ${done} %`))
          ;[status, answer] = await ask(this.url, values)
        }
        await this.settle(status, answer)
      })
      this.button.ariaDisabled = null
    }

    try = (act) => act().catch(() => this.say(`We can’t reach ${home.host} just now. What you typed is still here: please try again.`))
    say = (...parts) => this.outcome.replaceChildren(...parts)

    settle(status, answer) {
      const { message, detail = "That did not work. Please try again.", errors = {} } = answer
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
        const { title, fields, token, button, wording } = (await ask(this.url))[1]
        const form = el("form", { method: "post", action: this.url, "aria-label": title },
          ...fields.map(({ name, label, required, help = "", type, max_length, autocomplete }) => el("div", {},
            el("label", { for: name }, label, required ? " (required)" : ""),
            el("input", { id: name, name, type, required, autocomplete, maxlength: max_length, "aria-describedby": name + "-help" }),
            el("p", { id: name + "-help" }, help))),
          el("label", { class: "away", "aria-hidden": "true" }, "Leave this field empty",
            el("input", { name: "leave_blank", tabindex: "-1", autocomplete: "off" })),
          el("input", { name: "token", type: "hidden", value: token }),
          el("p", {}, wording), el("button", {}, button))
        this.show(el("div", {}, form), form)
      } catch {} // the plain form stays
    }

    offers({ hint }) {
      if (!hint) return []
      const { email } = this.form.elements
      const meant = email.value.split("@")[0] + "@" + hint
      return [el("p", {}, `Did you mean ${hint}?`), button("Send it to " + meant, () => {
        email.value = meant
        this.form.hidden = false
        this.send()
      })]
    }
  })

  customElements.define("newsletter-comments", class extends Sender {
    async connectedCallback() {
      if (this.page) return
      this.page = this.getAttribute("url") || document.querySelector("link[rel=canonical]")?.href || location.href
      try {
        const list = await this.load()
        this.show(list, list.querySelector("form"))
        if (this.form) this.begin(this.form)
        this.root.addEventListener("click", (event) => this.clicked(event))
        const visit = () => /^#comment-/.test(location.hash) && this.visit(location.hash.slice(1))
        addEventListener("hashchange", visit)
        visit()
      } catch {} // as above, and under Trusted Types
    }

    async load(after = "") {
      const answer = await fetch(here("threads?" + new URLSearchParams({ url: this.page, after })))
      const thread = parse(await answer.text()).querySelector(".thread")
      for (const comment of thread.querySelectorAll(".comment")) {
        comment.tabIndex = -1
        comment.style.setProperty("--depth", comment.dataset.depth)
      }
      for (const time of thread.querySelectorAll("time"))
        Object.assign(time, { title: time.textContent, textContent: ago(Date.parse(time.dateTime)) })
      return thread
    }

    begin(form) {
      this.cancel = button("Cancel", () => this.place())
      this.button.parentNode.append(this.cancel, this.parent = el("input", { type: "hidden", name: "parent" }))
      this.button.parentNode.before(el("label", { class: "choice" }, this.memory = el("input", { type: "checkbox" }), " Remember me"))
      form.before(this.seat = new Text())
      this.place()
      const known = kept("localStorage")
      this.memory.checked = known
      for (const name in known) form.elements[name].value = known[name]
      this.own = kept("sessionStorage")
      if (this.own?.page === this.page && this.own.until > Date.now()) this.say("Your comment is kept.", ...this.offers())
    }

    // The form goes below what it answers, or back.
    place(link) {
      const answered = this.form.closest(".comment")
      this.url = here("comments")
      this.parent.value = link?.dataset.parent || ""
      this.cancel.hidden = !link
      this.form.hidden = false
      ;(link?.parentNode || (answered && this.seat))?.after(this.form, this.outcome)
      ;(link ? this.form.elements.comment : answered)?.focus()
    }

    clicked(event) {
      const link = event.target.closest("a")
      if (!link || event.ctrlKey || event.metaKey) return
      if (link.dataset.parent) this.place(link)
      else if (link.matches(".thread-more")) this.more(link).catch(() => location.assign(link))
      else return
      event.preventDefault()
    }

    async more(link) {
      const page = await this.load(new URL(link).searchParams.get("after"))
      const comments = page.querySelectorAll(".comment")
      this.root.querySelector(".comments").append(...comments)
      link.replaceWith(page.querySelector(".thread-more") || "")
      comments[0]?.focus()
    }

    async visit(id) {
      let found, next
      while (!(found = this.root.getElementById(id)) && (next = this.root.querySelector(".thread-more"))) await this.more(next)
      found?.focus()
    }

    async send(pressed) {
      if (!pressed?.formAction.endsWith("/preview")) return super.send()
      await this.try(async () => {
        const [, { html, detail }] = await ask(pressed.formAction, { comment: this.form.elements.comment.value })
        this.say(...(html ? parse(html).body.childNodes : [detail]))
      })
    }

    async settle(status, answer) {
      if (status < 300) {
        const { name, email, website, comment } = this.sent
        kept("localStorage", this.memory.checked ? { name, email, website } : null)
        kept("sessionStorage", this.own = { ...this.own, ...answer, comment, page: this.page, until: Date.now() + 9e5 })
        this.form.elements.comment.value = ""
        answer.message ||= "Your comment is kept."
        await this.renew()
      }
      super.settle(status, answer)
      if (answer.status === "approved") this.visit("comment-" + answer.id)
    }

    async renew() {
      const list = await this.load()
      this.place()
      list.querySelector("form").replaceWith(this.seat, this.form, this.outcome)
      this.root.querySelector(".thread").replaceWith(list)
    }

    offers(answer, status) {
      const url = here("comments/edit/" + this.own?.edit)
      return status > 299 ? [] : [el("p", {}, button("Edit", () => {
        this.form.hidden = false
        this.url = url
        this.form.elements.comment.value = this.own.comment
        this.form.elements.comment.focus()
      }), button("Delete", () => this.try(async () => {
        const [status, { detail }] = await ask(url + "/delete", {})
        if (status < 300) await this.renew(kept("sessionStorage", null))
        this.say(detail || "Your comment is deleted.")
      })))]
    }
  })

  ;(async () => {
    const places = [...document.querySelectorAll("[data-newsletter-count]")]
    const pages = places.map((place) => ["url", place.dataset.newsletterCount])
    try {
      const [, { counts }] = pages[0] && await ask(here("threads/counts?" + new URLSearchParams(pages)))
      for (const place of places) {
        const n = counts[place.dataset.newsletterCount]
        place.textContent = n + (n === 1 ? " comment" : " comments")
      }
    } catch {}
  })()

  addEventListener("message", ({ origin, source, data }) => {
    for (const frame of document.querySelectorAll("iframe"))
      if (origin === home.origin && data?.newsletter === "height" && frame.contentWindow === source) frame.height = data.height
  })
})()
