// What the widget tells, in the shop's own words.
(() => {
  const said = document.querySelector("[data-said]");
  const hours = (iso, zone) => new Date(iso).toLocaleTimeString("en-GB", { timeZone: zone, hour: "numeric", minute: "2-digit" });
  const day = (iso, zone) => new Date(iso).toLocaleDateString("en-GB", { timeZone: zone, weekday: "long", day: "numeric", month: "long" });
  const words = ({ opens_at: opens, closes_at: closes, time_zone: zone }) => `${day(opens, zone)}, ${hours(opens, zone)}–${hours(closes, zone)}`;

  document.addEventListener("doorstep:slot-held", ({ target, detail }) => {
    target.dataset.kept = ""; // `:valid` would say so too, but Chromium 156 sometimes draws it late
    said.textContent = `Delivery on ${words(detail.window)}.`;
  });
  for (const name of ["hold-expired", "slot-released"]) {
    document.addEventListener(`doorstep:${name}`, ({ target }) => {
      delete target.dataset.kept;
      said.textContent = "Choose a delivery time.";
    });
  }
  let seen = false;
  document.addEventListener("doorstep:slots-loaded", () => { seen = true; });
  document.addEventListener("doorstep:error", ({ detail }) => {
    if (seen && detail.code === "session_ended") location.reload();
  });
})();
