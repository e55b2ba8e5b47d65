// Sends where the van is, if the driver wants that: while this page is open, never in a pause, never after the shift.
(() => {
  const NAME = "doorstep-place";
  const EVERY_MS = 15000;
  const STALE_MS = 60000;
  const box = () => document.querySelector("[data-place]");
  if (!navigator.geolocation || !box()?.dataset.url) return;
  let watching = null;
  let sentAt = 0;
  let fix = null;

  const say = (name) => { box().querySelector("[data-place-said]").textContent = box().querySelector("[data-place-said]").dataset[name]; };
  const silent = () => {
    const { phase, paused } = document.querySelector("#sheet").dataset;
    return phase !== "road" || paused !== undefined;
  };

  const tell = async (said) => {
    const body = new FormData();
    const csrf = document.querySelector("[name=csrfmiddlewaretoken]").value;
    for (const [name, value] of Object.entries(said)) if (value !== null) body.append(name, value);
    body.append("shift", document.querySelector("#sheet").dataset.shift);
    body.append("csrfmiddlewaretoken", csrf);
    await fetch(box().dataset.url, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => {});
  };
  const send = () => {
    const { coords } = fix;
    const said = { lat: coords.latitude, lon: coords.longitude, accuracy: coords.accuracy, speed: coords.speed, heading: coords.heading };
    return tell({ ...said, age_s: Math.max(0, Math.round((Date.now() - fix.timestamp) / 1000)) });
  };

  // A fix of a minute ago or less also says where a parcel was handed over.
  const note = (form) => {
    if (!fix || Date.now() - fix.timestamp > STALE_MS) return;
    const { lat, lon } = form.elements;
    if (lat && lon) [lat.value, lon.value] = [fix.coords.latitude, fix.coords.longitude];
  };
  document.addEventListener("submit", (event) => note(event.target), true);

  const heard = (found) => {
    fix = found;
    if (silent() || Date.now() - sentAt < EVERY_MS) return;
    sentAt = Date.now();
    send();
  };
  const refused = (error) => {
    if (error.code !== error.PERMISSION_DENIED) return; // it has no fix yet: it goes on looking
    turn(false);
    say("refused");
  };

  const turn = (on) => {
    if (watching !== null) navigator.geolocation.clearWatch(watching);
    watching = on ? navigator.geolocation.watchPosition(heard, refused, { enableHighAccuracy: true, maximumAge: 5000 }) : null;
    if (!on) fix = null;
    box().querySelector("[data-place-toggle]").checked = on;
    say(on ? "onSaid" : "off");
    try { window.localStorage.setItem(NAME, on ? "on" : "off"); } catch { /* it is asked for again next time */ }
  };
  const wished = () => {
    try { return window.localStorage.getItem(NAME) === "on"; } catch { return false; }
  };

  const show = () => {
    box().hidden = false;
    box().querySelector("[data-place-toggle]").checked = watching !== null;
    say(watching === null ? "off" : "onSaid");
  };
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-place-toggle]")) return;
    tell({ hides: event.target.checked ? "0" : "1" }); // other apps of the van keep quiet, too
    turn(event.target.checked);
  });
  document.addEventListener("driver:fresh", show);
  show();
  if (wished()) turn(true);
})();
