// Keeps the sheet on the phone for where there is no network. Only what is read: what the driver says waits in the
// page's own store (queue.js), and access codes come in answers to POST, which are never kept.
const SHEET = "/driver/";
const KEPT = "driver-sheet";
const FILES = "driver-files";
const PATIENCE_MS = 4000;
const UNTIL = "X-Sheet-Until";

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// The page names its own files once: it was loaded before this script was there.
self.addEventListener("message", (event) => {
  if (event.data.keep) event.waitUntil(Promise.all([keepFiles(event.data.keep), fetchSheet()]));
  if (event.data.wipe) event.waitUntil(caches.delete(KEPT));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname === SHEET) event.respondWith(sheet(request));
  else if (["script", "style"].includes(request.destination)) event.respondWith(file(request));
});

const keepFiles = async (names) => {
  const cache = await caches.open(FILES);
  await Promise.allSettled(names.map((name) => cache.add(name)));
};

const fetchSheet = () => sheet(new Request(SHEET, { credentials: "same-origin" })).catch(() => {});

const inTime = (request) =>
  Promise.race([
    fetch(request),
    new Promise((_ok, no) => { setTimeout(() => no(new TypeError("no answer")), PATIENCE_MS); }),
  ]);

// A script's own look asks for what is there now; a page that is opened takes what was kept.
const sheet = async (request) => {
  try {
    const answer = await inTime(request);
    await keep(answer);
    return answer;
  } catch (error) {
    if (request.mode !== "navigate") throw error;
    return (await kept()) || Promise.reject(error);
  }
};

const keep = async (answer) => {
  if (answer.status === 401) await caches.delete(KEPT);
  const seconds = Number(answer.headers.get("X-Sheet-For"));
  if (answer.status !== 200 || answer.redirected || !seconds) return;
  const headers = new Headers(answer.headers);
  headers.set(UNTIL, String(Date.now() + seconds * 1000));
  const cache = await caches.open(KEPT);
  await cache.put(SHEET, new Response(await answer.clone().blob(), { headers }));
};

const kept = async () => {
  const found = await (await caches.open(KEPT)).match(SHEET);
  if (found && Date.now() > Number(found.headers.get(UNTIL))) {
    await caches.delete(KEPT);
    return undefined;
  }
  return found;
};

// What bears a digest in its name never changes; the rest is asked for first.
const file = async (request) => {
  const cache = await caches.open(FILES);
  const known = await cache.match(request);
  if (known && /\.[0-9a-f]{12}\./.test(request.url)) return known;
  try {
    const answer = await inTime(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    return known || Promise.reject(error);
  }
};
