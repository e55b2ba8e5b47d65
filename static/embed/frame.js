// The picker itself. It says hello to the page that shows it, is handed a port and a session over it, and keeps
// both in memory only. Every step is one request with the session in a header; its answer is what is shown next.
(() => {
  const main = document.getElementById("main");
  const view = document.getElementById("view");
  const trouble = document.getElementById("trouble");
  const spoken = document.getElementById("spoken");
  const given = new URLSearchParams(location.hash.slice(1));
  const [nonce, page] = [given.get("n"), given.get("o")];
  const LONGEST_MS = 15000;
  const EXPIRING_S = 120;
  let port = null;
  let told = { session: "", key: "", locale: "", look: {} };
  let held = null;
  let ends = 0;
  let last = 0;
  let busy = false;
  let begun = false;
  let day = "";
  let timer = 0;

  // To the page

  const post = (message) => port?.postMessage({ doorstep: 1, ...message });
  const event = (name, detail = {}) => post({ type: "event", name, detail });
  const measure = () => post({ type: "height", px: main.offsetTop + main.offsetHeight });
  const fault = (code, retryable, message) => event("error", { code, retryable, message });

  const detail = (kept) => {
    const { hold_token, window: when, expires_at, price_minor, currency } = kept;
    return { hold_token, window: when, expires_at, price_minor, currency };
  };

  // What was kept before and what is kept now, as events: the page need not know which button did it.
  const compare = (name, answer) => {
    const [before, now] = [held, answer.held && answer.held.state === "live" ? answer.held : null];
    if (answer.view === "kept") {
      held = now;
      if (now?.seconds_left === 0) held = null;
      if (held && (before?.hold_token !== now.hold_token || name === "open")) event("slot-held", detail(now));
      else if (held && name === "extend") event("hold-extended", detail(now));
    } else if (name === "release" && before) {
      held = null;
      event("slot-released", { hold_token: before.hold_token });
    }
    if (answer.error?.code === "hold_ended") lose();
    if (answer.view === "times") event("slots-loaded", { count: view.querySelectorAll("[data-key]").length });
    if (answer.error) fault(answer.error.code, answer.error.retryable, answer.error.message);
  };

  // Steps

  const ask = async (name, fields) => {
    const response = await fetch(`${name}/`, {
      method: "POST",
      credentials: "omit",
      cache: "no-store",
      headers: {
        Authorization: `Bearer ${told.session || told.key}`,
        "X-Doorstep-Origin": page,
        ...(told.locale ? { "Accept-Language": told.locale } : {}),
      },
      body: new URLSearchParams(fields),
      signal: AbortSignal.timeout(LONGEST_MS),
    });
    const json = response.headers.get("Content-Type")?.startsWith("application/json");
    if (!json) throw Object.assign(new Error("no answer of ours"), { status: response.status });
    return response.json();
  };

  const step = async (name, fields = {}) => {
    if (busy) return;
    busy = true;
    let again = false;
    main.setAttribute("aria-busy", "true");
    try {
      const answer = await ask(name, fields);
      trouble.hidden = true;
      if (answer.session) remember(answer.session);
      if (answer.view === "ended" && told.key && told.session) again = remember("");
      else show(name, answer, fields);
    } catch (error) {
      stumble(error, () => step(name, fields));
    }
    busy = false;
    main.setAttribute("aria-busy", "false");
    if (again) begin();
  };

  // A publishable key opens a session, and another when that is over. The page keeps it while it is moved about.
  const remember = (token) => {
    told.session = token;
    post({ type: "session", token });
    return true;
  };

  // Nothing that is shown goes away: a line above it says what happened, and asks again when told to.
  const stumble = (error, again) => {
    const often = error.status === 429;
    const said = often ? main.dataset.often : error.status ? main.dataset.broken : main.dataset.offline;
    const [line, button] = trouble.children;
    line.textContent = said;
    button.textContent = main.dataset.again;
    button.onclick = again;
    trouble.hidden = false;
    ready();
    fault(often ? "too_many_requests" : error.status ? "broken" : "offline", true, said);
  };

  const ready = () => {
    measure();
    if (!begun) event("ready");
    begun = true;
  };

  const show = (name, answer, fields) => {
    const first = !begun;
    document.documentElement.lang = answer.language || document.documentElement.lang;
    day = fields.day || "";
    const chosen = view.querySelector("[data-times] :checked")?.dataset.key;
    view.innerHTML = answer.html;
    const again = chosen && [...view.querySelectorAll("[data-key]")].find((radio) => radio.dataset.key === chosen);
    if (again) choose(again);
    const basket = view.querySelector("[data-basket-line]");
    if (basket && told.basket) {
      basket.textContent = `${main.dataset.basket} ${told.basket}`;
      basket.hidden = false;
    }
    ready();
    compare(name, answer);
    if (answer.held) count(answer.held);
    else if (!held) clearInterval(timer);
    const news = view.querySelector("[data-focus], [data-opened]") || view.querySelector("[data-title]");
    if (!first) news?.focus();
  };

  // Choosing

  const choose = (radio) => {
    for (const other of view.querySelectorAll("[data-key]")) other.checked = other === radio;
    view.querySelector("[data-chosen-time]").textContent = radio.dataset.choice;
    view.querySelector("[data-chosen-price]").textContent = radio.dataset.price;
  };

  view.addEventListener("change", ({ target }) => target.dataset.key && choose(target));

  view.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const form = submitted.target;
    step(form.dataset.step, { ...Object.fromEntries(new FormData(form)), ...(form.dataset.step === "hold" && day ? { day } : {}) });
  });

  view.addEventListener("click", (clicked) => {
    const button = clicked.target.closest("button[data-step]");
    if (button) step(button.dataset.step);
    const link = clicked.target.closest("a.day");
    if (!link) {
      const local = clicked.target.closest('a[href^="#"]');
      if (local) {
        clicked.preventDefault();
        document.getElementById(local.hash.slice(1))?.focus();
      }
      return;
    }
    clicked.preventDefault();
    step("times", { day: new URL(link.href).searchParams.get("day") });
  });

  // The countdown: from the seconds that the server gave, since this machine's clock may be wrong. It goes on
  // while another view is looked at.

  const count = (kept) => {
    clearInterval(timer);
    if (kept?.state !== "live" || !kept.seconds_left) return;
    ends = performance.now() + kept.seconds_left * 1000;
    last = kept.seconds_left + 1;
    timer = setInterval(tick, 1000);
    tick();
  };

  const tick = () => {
    const left = Math.max(0, Math.round((ends - performance.now()) / 1000));
    const passed = (at) => left <= at && last > at;
    const clock = view.querySelector("[data-clock]");
    if (clock) clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    const due = [[60, "one"], [120, "two"], [300, "five"]].find(([at]) => passed(at));
    if (due) spoken.textContent = main.dataset[due[1]];
    if (passed(EXPIRING_S) && held) event("hold-expiring", { ...detail(held), seconds_left: left });
    last = left;
    if (left === 0) lapse();
  };

  const lapse = () => {
    clearInterval(timer);
    const over = view.querySelector("[data-over]");
    if (over) {
      over.closest(".notice").classList.add("notice--warn");
      view.querySelector("[data-running]").hidden = true;
      over.hidden = false;
      spoken.textContent = over.textContent;
      measure();
    }
    lose();
  };

  const lose = () => {
    if (held) event("hold-expired", { hold_token: held.hold_token });
    held = null;
  };

  // From the page

  const take = ({ session, key, locale, postcode, country, basket, theme, look }) => {
    const text = (value) => (typeof value === "string" ? value : "");
    const kept = text(session) || (text(key) === told.key ? told.session : "");
    told = { session: kept, key: text(key), locale: text(locale), postcode: text(postcode), country: text(country), basket: text(basket) };
    window.doorstepTheme(text(theme), look && typeof look === "object" ? look : {});
  };

  const begin = () => step("open", { postcode: told.postcode, country: told.country, locale: told.locale });

  const orders = {
    reload: (data) => { take(data); begin(); },
    extend: () => held && step("extend"),
    release: () => held && step("release"),
    look: (data) => { take(data); measure(); },
  };

  window.addEventListener("message", ({ source, origin, data, ports }) => {
    if (port || source !== window.parent || origin !== page || !ports[0]) return;
    if (data?.doorstep !== 1 || data.type !== "welcome" || data.nonce !== nonce) return;
    [port] = ports;
    port.onmessage = (message) => {
      const order = message.data?.doorstep === 1 && Object.hasOwn(orders, message.data.type) && orders[message.data.type];
      if (order) order(message.data);
    };
    new ResizeObserver(measure).observe(main);
    take(data);
    begin();
  });

  window.addEventListener("online", () => !trouble.hidden && trouble.querySelector("button").click());

  if (window.parent !== window && nonce && page) window.parent.postMessage({ doorstep: 1, type: "hello", nonce }, page);
  if (window.parent === window) {
    // Opened by itself nobody will ever hand it a session.
    main.removeAttribute("aria-busy");
    view.replaceChildren(document.getElementById("alone").content.cloneNode(true));
  }
})();
