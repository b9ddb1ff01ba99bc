// Shows the whole mail at once. Without a script its frame scrolls.
(() => {
  const frame = document.querySelector(".mail iframe")
  if (!frame) return
  const fit = () => {
    const mail = frame.contentDocument.documentElement
    frame.style.height = `${Math.ceil(mail.getBoundingClientRect().height) + 2}px`
  }
  frame.addEventListener("load", fit)
  addEventListener("resize", fit)
  if (frame.contentDocument.readyState === "complete") fit()
})()
