// Looks for new mail while the page is in view. Without a script the page reloads itself.
(() => {
  const look = async () => {
    if (document.hidden) return
    try {
      const answer = await fetch(location.href)
      const page = new DOMParser().parseFromString(await answer.text(), "text/html")
      const [fresh, shown] = [page, document].map((from) => from.querySelector(".letters, .empty"))
      if (fresh.textContent === shown.textContent) return
      shown.replaceWith(fresh)
      document.querySelector(".count").textContent = page.querySelector(".count").textContent
    } catch {
      // the demonstration was stopped, or is just starting again
    }
  }
  setInterval(look, 2000)
})()
