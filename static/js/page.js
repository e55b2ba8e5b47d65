// What every page does. Focus goes where the news is: to an error summary when a page opens with one, and to what
// a swap marks. A second click on a button that changes something is not a second wish. What is pressed stays.
(() => {
  const PAUSE_MS = 3000;
  const HOLD_MS = 5000; // whose release nobody tells us has let go by then
  const TAP_MS = 100; // a tap's click comes a little after the finger has left

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
  // Between press and release nothing takes the place of what is pressed: its click would be lost.
  let until = 0;
  const stays = (ms) => () => { until = performance.now() + ms; };
  document.addEventListener("pointerdown", stays(HOLD_MS), true);
  document.addEventListener("pointerup", stays(TAP_MS), true);
  document.addEventListener("pointercancel", stays(0), true);
  window.doorstepPressed = () => performance.now() < until;
  document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const asksByItself = detail.elt.matches("[hx-trigger^=every]"); // and will ask again
    if (asksByItself && window.doorstepPressed()) detail.shouldSwap = false;
  });

  // The back button restores the page as it was left, waiting included.
  window.addEventListener("pageshow", () => { sent = -PAUSE_MS; });
})();
