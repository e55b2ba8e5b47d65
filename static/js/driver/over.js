// The page of a shift that is over: nothing of the sheet stays on the phone, and what waits is still sent.
(() => {
  const line = document.querySelector("[data-waiting]");
  navigator.serviceWorker?.controller?.postMessage({ wipe: true });
  window.caches?.delete("driver-sheet");
  document.addEventListener("driver:waiting", ({ detail: { count } }) => {
    line.hidden = !count;
    line.textContent = count === 1 ? line.dataset.one : line.dataset.many.replace("%n", count);
  });
})();
