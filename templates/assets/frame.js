// Tells the page around the frame how tall the form is, in CSS pixels, and nothing else.
(() => {
  const tell = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height)
    parent.postMessage({ newsletter: "height", height }, "*")
  }
  new ResizeObserver(tell).observe(document.body)
  addEventListener("load", tell)
})()
