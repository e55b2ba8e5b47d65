// Focus goes where the news is: to an error summary when a page opens with one, and to what a swap marks.
(() => {
  const focusOn = (root) => {
    const target = root.matches?.("[data-focus]") ? root : root.querySelector("[data-focus]");
    if (target) target.focus();
  };
  focusOn(document.body);
  document.body.addEventListener("htmx:afterSettle", (event) => focusOn(event.target));
})();
