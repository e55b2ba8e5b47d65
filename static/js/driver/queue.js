// What the driver says, kept until the depot has heard it: in order, each once, with the time it happened.
// Tells the page by events: driver:waiting {count}, driver:heard {act, sentence, refused}, driver:over {sentence}.
(() => {
  const NAME = "doorstep-driver";
  const STORE = "acts";
  const ADDRESS = "/driver/acts/";
  const STATE = "/driver/state/";
  const TRY_MS = 5000;
  const PATIENCE_MS = 60000;
  const LONGEST_SIDE = 1600;
  const FORGOTTEN_MS = 48 * 3600 * 1000;
  const root = document.querySelector("[data-shift]");
  if (!root || !window.indexedDB || !window.crypto?.randomUUID) return;
  const shift = root.dataset.shift;

  const opened = new Promise((ok, no) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "n", autoIncrement: true });
    asked.onsuccess = () => ok(asked.result);
    asked.onerror = () => no(asked.error);
  });
  const store = async (mode, work) => {
    const db = await opened;
    return new Promise((ok, no) => {
      const doing = db.transaction(STORE, mode);
      const asked = work(doing.objectStore(STORE));
      doing.oncomplete = () => ok(asked.result);
      doing.onerror = doing.onabort = () => no(doing.error);
    });
  };
  const waiting = () => store("readonly", (acts) => acts.getAll());
  const add = (act) => store("readwrite", (acts) => acts.add(act));
  const drop = (n) => store("readwrite", (acts) => acts.delete(n));
  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`driver:${name}`, { detail }));
  const count = async () => tell("waiting", { count: (await waiting()).length, online: navigator.onLine });

  // A phone's photo is far larger than anybody needs, and the network at a door is what it is.
  const smaller = async (file) => {
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      return (await new Promise((ok) => { canvas.toBlob(ok, "image/jpeg", 0.85); })) || file;
    } catch {
      return file;
    }
  };

  // Keeps a form's answers. Each gets a name of its own, so that however often it is sent it counts once.
  const keep = async (form, submitter) => {
    const act = { shift, at: new Date().toISOString(), fields: [], files: [] };
    for (const [name, value] of new FormData(form, submitter)) {
      if (name === "csrfmiddlewaretoken" || name === "uid") continue;
      if (typeof value === "string") act.fields.push([name, value]);
      else if (value.size) act.files.push([name, await smaller(value)]);
    }
    act.fields.push(["uid", crypto.randomUUID()]);
    await add(act);
    navigator.storage?.persist?.();
    await count();
    send();
    return act;
  };

  const posted = async (act, csrf) => {
    const body = new FormData();
    act.fields.forEach(([name, value]) => body.append(name, value));
    act.files.forEach(([name, file]) => body.append(name, file, "photo.jpg"));
    body.append("happened_at", act.at);
    body.append("sent_at", new Date().toISOString());
    body.append("csrfmiddlewaretoken", csrf);
    const headers = { Accept: "application/json" };
    return fetch(ADDRESS, { method: "POST", body, headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  };

  const asked = async (of) => {
    const answer = await fetch(`${STATE}?shift=${of}`, { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
    const said = await answer.json();
    if (said.over && of === shift) tell("over", said);
    if (said.mark && of === shift) tell("mark", said);
    return said;
  };

  const AGAIN = new Set([408, 425, 429]);
  const hear = async (act, answer) => {
    if (answer.status >= 500 || AGAIN.has(answer.status) || answer.status === 403) return false;
    const said = await answer.json().catch(() => ({}));
    // Too late, or freed for another phone. Of another shift it would only stand in the way of this one's.
    const lost = act.shift !== shift || Date.now() - Date.parse(act.at) > FORGOTTEN_MS;
    if (answer.status === 401 && !lost) {
      tell("heard", { act, sentence: said.error?.message, refused: true });
      return false;
    }
    await drop(act.n);
    tell("heard", { act, sentence: answer.ok ? said.sentence : said.error?.message, aside: said.aside, refused: !answer.ok });
    return true;
  };

  const sendAll = async () => {
    const csrf = {};
    for (let acts = await waiting(); acts.length; acts = await waiting()) {
      const act = acts[0];
      csrf[act.shift] ??= (await asked(act.shift)).csrf;
      if (!(await hear(act, await posted(act, csrf[act.shift])))) break;
      await count();
    }
    if (!(await waiting()).length) tell("sent", {});
  };

  let sending = false;
  const send = async () => {
    if (sending) return;
    sending = true;
    try {
      // Two tabs would send each act twice: harmless, but not needed.
      if (navigator.locks) await navigator.locks.request(NAME, { ifAvailable: true }, (lock) => lock && sendAll());
      else await sendAll();
    } catch {
      // No network: it is tried again.
    } finally {
      sending = false;
      await count();
    }
  };

  const again = async () => {
    if ((await waiting()).length) await send();
    else if (!document.hidden) await asked(shift).then(() => tell("online", {}), () => tell("offline", {}));
  };
  window.addEventListener("online", again);
  window.addEventListener("offline", count);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) again(); });
  setInterval(again, TRY_MS);

  // Waits a little until all was heard: what is asked for next may depend on it.
  const heard = async () => {
    const ends = Date.now() + TRY_MS;
    while ((await waiting()).length && navigator.onLine && Date.now() < ends) {
      await send();
      await new Promise((ok) => { setTimeout(ok, 100); });
    }
  };

  window.doorstepQueue = { keep, waiting, heard, shift };
  document.dispatchEvent(new CustomEvent("driver:ready"));
  count();
  again();
})();
