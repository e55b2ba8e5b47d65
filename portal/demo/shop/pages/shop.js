// What the widget tells, in the shop's own words.
(() => {
  const said = document.querySelector("[data-said]");
  const hours = (iso, zone) => new Date(iso).toLocaleTimeString("en-GB", { timeZone: zone, hour: "numeric", minute: "2-digit" });
  const day = (iso, zone) => new Date(iso).toLocaleDateString("en-GB", { timeZone: zone, weekday: "long", day: "numeric", month: "long" });
  const words = ({ opens_at: opens, closes_at: closes, time_zone: zone }) => `${day(opens, zone)}, ${hours(opens, zone)}–${hours(closes, zone)}`;

  document.addEventListener("doorstep:slot-held", ({ detail }) => { said.textContent = `Delivery on ${words(detail.window)}.`; });
  for (const name of ["hold-expired", "slot-released"]) {
    document.addEventListener(`doorstep:${name}`, () => { said.textContent = "Choose a delivery time."; });
  }
  let seen = false;
  document.addEventListener("doorstep:slots-loaded", () => { seen = true; });
  document.addEventListener("doorstep:error", ({ detail }) => {
    if (seen && detail.code === "session_ended") location.reload();
  });
})();
