// The page that follows a delivery: counts down, speaks when it matters, and asks nothing while nobody looks.
(() => {
  const QUIET_MS = 60_000; // at most one announcement a minute
  const spoken = document.querySelector("[data-announce]");
  const offline = document.querySelector("[data-offline]");

  // What it says: only when the status is another, the newest where several came close together.
  let said = document.getElementById("live")?.dataset.say ?? "";
  let spokeAt = -QUIET_MS;
  let waiting;
  const speak = () => {
    const now = document.getElementById("live")?.dataset.say ?? "";
    if (!now || now === said) return;
    clearTimeout(waiting);
    const left = spokeAt + QUIET_MS - performance.now();
    if (left > 0) {
      waiting = setTimeout(speak, left);
      return;
    }
    said = now;
    spokeAt = performance.now();
    spoken.textContent = now;
  };

  // The countdown: from the seconds the server gave, by this device's pace alone. It falls, and stops at "any moment".
  let ends;
  let counted;
  const count = () => {
    const live = document.getElementById("live");
    if (!live || live.dataset.left === undefined) return;
    if (counted !== live) {
      counted = live;
      ends = performance.now() + Number(live.dataset.left) * 1000;
    }
    const minutes = Math.ceil(Math.max(0, ends - performance.now()) / 60_000);
    const words = minutes ? live.dataset.leftWords.replace("{minutes}", minutes) : live.dataset.leftNone;
    const shown = live.querySelector("[data-left-shown]");
    if (shown && shown.textContent !== words) shown.textContent = words;
  };

  const polls = (event) => event.target.id === "poll";
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (polls(event) && document.hidden) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && document.querySelector("#poll[hx-get]")) htmx.trigger("#poll", "look");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!polls(event)) return;
    if (event.detail.xhr?.status === 404) location.reload(); // the link has ended: the page says so
    if (offline) offline.hidden = event.detail.successful;
  });
  document.addEventListener("htmx:afterSettle", () => {
    count();
    speak();
  });
  setInterval(count, 1000);
  count();
})();
