// <newsletter-comments>: a page's thread and its form. embed.js takes this in.
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
    this.url = here("comments")
    this.label = this.button.textContent
    this.cancel = button(_("Cancel"), () => this.button.ariaDisabled || (this.begun ? this.edit() : this.place()))
    this.button.parentNode.append(this.cancel, this.parent = el("input", { type: "hidden", name: "parent" }))
    this.button.parentNode.before(el("label", { class: "choice" }, this.memory = el("input", { type: "checkbox" }), _("Remember me")))
    form.before(this.seat = new Text())
    this.place()
    const known = kept("localStorage")
    this.memory.checked = known
    for (const name in known) form.elements[name].value ||= known[name]
    this.own = kept("sessionStorage")
    if (this.own?.page === this.page && this.own.until > Date.now()) this.say(this.own.message, ...this.offers())
  }

  // The form goes below what it answers, or back.
  place(link) {
    const answered = this.form.closest(".comment")
    this.edit()
    this.parent.value = link?.dataset.parent || ""
    this.form.querySelector("label").firstChild.data = link ? _("Your answer") + link.lastChild.textContent + " " : _("Your comment ")
    this.cancel.hidden = !link
    this.form.hidden = false
    ;(link?.parentNode || (answered && this.seat))?.after(this.form, this.outcome)
    ;(link ? this.form.elements.comment : answered)?.focus()
  }

  // The form changes the comment that was sent (`text`), or goes back to what was begun before.
  edit(text) {
    const { comment } = this.form.elements
    const begun = this.begun
    if (!text && !begun) return
    this.begun = text && { value: comment.value, hidden: this.form.hidden, said: [...this.outcome.childNodes] }
    this.url = here(text ? "comments/edit/" + this.own.edit : "comments")
    this.button.textContent = text ? _("Save") : this.label
    for (const part of this.form.querySelectorAll(".pair, .choice")) part.hidden = !!text
    this.cancel.hidden = !text && !this.parent.value
    this.form.hidden = !text && begun.hidden
    comment.value = text || begun.value
    this.say(...(text ? [] : begun.said))
    ;(text ? comment : this.outcome).focus()
  }

  clicked(event) {
    const link = event.target.closest("a")
    if (!link || event.ctrlKey || event.metaKey) return
    if (link.dataset.parent) this.button.ariaDisabled || this.place(link)
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
      const shown = el("div", { class: "comment-text" }, ...parse(html || "").body.childNodes)
      this.say(...(html ? [el("h3", {}, _("Preview. Not sent yet.")), shown] : [detail]))
    })
  }

  async settle(status, answer) {
    if (status < 300) {
      const { name, email, website, comment } = this.sent
      answer.message ||= this.begun ? _("Your change is saved.") : _("Your comment is published.")
      this.own = { ...this.own, ...answer, comment }
      if (!this.begun) {
        kept("localStorage", this.memory.checked ? { name, email, website } : null)
        Object.assign(this.own, { page: this.page, until: Date.now() + 9e5 })
      }
      kept("sessionStorage", this.own)
      this.form.elements.comment.value = ""
      await this.renew()
    }
    super.settle(status, answer)
    if (answer.status === "approved") this.visit("comment-" + answer.id)
  }

  async renew() {
    const list = await this.load().catch(() => {})
    this.place()
    if (!list) return // what was written is kept all the same
    list.querySelector("form, .thread-closed").replaceWith(this.seat, this.form, this.outcome)
    this.root.querySelector(".thread").replaceWith(list)
  }

  offers(answer, status) {
    const remove = button(_("Delete"), ({ detail }) => {
      if (remove.textContent === _("Delete")) remove.textContent = _("Really delete?")
      else if (detail < 2) this.try(() => this.remove()) // no double click
    })
    return status > 299 ? [] : [el("p", {}, button(_("Edit"), () => this.edit(this.own.comment)), remove)]
  }

  async remove() {
    const [status, { detail }] = await ask(here(`comments/edit/${this.own.edit}/delete`), {})
    if (status < 300) await this.renew(kept("sessionStorage", null))
    this.say(detail || _("Your comment is deleted."))
  }
})
