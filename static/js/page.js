// What every page does. Focus goes where the news is: to an error summary when a page opens with one, and to what
// a swap marks. A second click on a button that changes something is not a second wish.
(() => {
  const PAUSE_MS = 3000;

  const focusOn = (root) => {
    const target = root.matches?.("[data-focus]") ? root : root.querySelector("[data-focus]");
    if (target) target.focus();
  };
  focusOn(document.body);
  document.body.addEventListener("htmx:afterSettle", (event) => focusOn(event.target));

  let sent = -PAUSE_MS;
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-once]")) return;
    if (performance.now() - sent < PAUSE_MS) event.preventDefault();
    else sent = performance.now();
  });
  // The back button restores the page as it was left, waiting included.
  window.addEventListener("pageshow", () => { sent = -PAUSE_MS; });
})();
