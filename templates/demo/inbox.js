// Looks for new mail while the page is in view. Without a script the page reloads itself.
(() => {
  const look = async () => {
    if (document.hidden) return
    try {
      const answer = await fetch("/inbox")
      const page = new DOMParser().parseFromString(await answer.text(), "text/html")
      const fresh = page.querySelector(".count")
      const shown = document.querySelector(".count")
      if (fresh.textContent === shown.textContent) return
      shown.textContent = fresh.textContent
      document.querySelector(".letters, .empty").replaceWith(page.querySelector(".letters, .empty"))
    } catch {
      // the demonstration was stopped, or is just starting again
    }
  }
  setInterval(look, 2000)
})()
