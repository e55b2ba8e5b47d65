// The sheet goes on by itself: what was said is taken off the list at once, and sent as soon as there is a network.
(() => {
  const queue = window.doorstepQueue;
  if (!queue) return; // forms are sent as they are
  const sheet = () => document.querySelector("#sheet");
  const find = (selector) => sheet().querySelector(selector);
  let stale = false; // whether the depot may say otherwise than what is shown
  let offline = !navigator.onLine;
  const SETTLES = new Set(["hand_over", "collect", "not_possible", "refuse"]);

  // What the page looks like once an act is said, heard or not

  const promote = () => {
    const next = find("[data-next]");
    const list = find("[data-list]");
    if (!next || next.querySelector(".stop")) return;
    const stop = list.querySelector(".stop");
    if (stop) {
      stop.classList.add("stop--next");
      stop.open = true;
      next.append(stop);
    }
    find("[data-all-done]").hidden = Boolean(stop);
    find("[data-left]").hidden = !stop;
    find("[data-then]").hidden = !list.querySelector(".stop");
  };

  const over = (stop) => {
    const row = document.createElement("li");
    row.className = "parcels__row";
    row.toggleAttribute("data-rest", stop.hasAttribute("data-rest"));
    row.append(stop.querySelector(".stop__where").cloneNode(true));
    find("[data-done]").append(row);
    stop.remove();
    const done = sheet().querySelectorAll("[data-done] li:not([data-rest])").length;
    find("[data-counted]").textContent = find("[data-counted]").dataset.counted.replace("%n", done);
    promote();
  };

  const scanned = (barcode) => {
    const row = [...sheet().querySelectorAll("[data-barcode]")].find((each) => each.dataset.barcode === barcode);
    const said = find("[data-scan-said]");
    said.hidden = false;
    said.textContent = (row ? said.dataset.yes : said.dataset.no).replace("%n", barcode);
    if (row) row.toggleAttribute("data-scanned", true);
    const missing = sheet().querySelectorAll("[data-barcode]:not([data-scanned])").length;
    find("[data-scanned-count]").textContent = sheet().querySelectorAll("[data-scanned]").length;
    find("[data-unscanned]")?.toggleAttribute("hidden", !missing);
  };

  const shown = (act) => {
    const said = Object.fromEntries(act.fields);
    const stop = said.stop && find(`#stop-${said.stop}`);
    if (act.shift !== queue.shift) return;
    stale = true;
    if (said.kind === "scan" && find("[data-scan-said]")) scanned(said.barcode);
    if (said.kind === "start") sheet().dataset.phase = "road";
    if (said.kind === "arrive" && stop) arrived(stop);
    if (said.kind === "pause") stop ? arrived(stop) : sheet().toggleAttribute("data-paused", true);
    if (said.kind === "resume") stop ? over(stop) : sheet().toggleAttribute("data-paused", false);
    if (SETTLES.has(said.kind) && stop) over(stop);
    if (said.kind === "finish") sheet().dataset.phase = "over";
    document.dispatchEvent(new CustomEvent("driver:shown", { detail: said }));
  };

  const arrived = (stop) => {
    stop.toggleAttribute("data-arrived", true);
    const door = stop.querySelector("[data-step]");
    if (door) door.open = true;
  };

  const news = (sentence, tone) => {
    const box = document.createElement("section");
    box.className = `notice notice--${tone}`;
    const line = document.createElement("p");
    line.textContent = sentence;
    box.append(line);
    find("[data-news]").replaceChildren(box);
  };

  // Saying

  const lacking = (form) => {
    const sure = form.querySelector("[name=sure]");
    const asks = sure && !sure.closest("[hidden]") && !sure.checked;
    return asks ? form.dataset.missing : window.doorstepDoor.lacking(form);
  };

  const complain = (form, sentence) => {
    const known = form.querySelector("[data-problem]");
    const line = known || document.createElement("p");
    if (!known) {
      line.className = "field__error";
      line.dataset.problem = "";
      line.setAttribute("role", "alert");
      form.querySelector("[type=submit]").before(line);
    }
    line.textContent = sentence;
    line.hidden = !sentence;
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-act]") || event.defaultPrevented) return;
    event.preventDefault();
    const problem = lacking(form);
    complain(form, problem);
    if (problem) return;
    const { submitter } = event;
    form.toggleAttribute("data-saying", true);
    const act = await queue.keep(form, submitter?.name ? submitter : undefined);
    form.toggleAttribute("data-saying", false);
    if (form.dataset.act === "scan") form.reset();
    find("[data-news]").replaceChildren();
    shown(act);
    const next = find("[data-next] .stop summary");
    if (SETTLES.has(form.dataset.act)) next?.focus();
  });

  // Codes are asked for one by one, and never kept: they go with their stop.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-ask-code]")) return;
    event.preventDefault();
    const { id } = form.closest(".stop__code");
    const now = (part) => document.getElementById(id)?.querySelector(part); // the sheet may be fresh by then
    try {
      await queue.heard(); // it may be the next one's only by what was just said
      const headers = { Accept: "application/json" };
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers });
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.error?.message);
      const code = document.createElement("b");
      code.className = "stop__secret";
      code.textContent = said.text;
      now("[data-code-said]")?.replaceChildren(`${form.dataset.name}: `, code);
      now("button")?.toggleAttribute("hidden", true);
    } catch (error) {
      now("[data-code-said]")?.replaceChildren(error instanceof TypeError ? form.dataset.offline : error.message);
    }
  });

  // Hearing

  document.addEventListener("driver:waiting", ({ detail }) => { pill(detail.count); });
  document.addEventListener("driver:online", () => { offline = false; pill(0); });
  document.addEventListener("driver:offline", () => { offline = true; pill(0); });
  const pill = (count) => {
    const box = find("[data-pill]");
    const words = [];
    if (offline || !navigator.onLine) words.push(box.dataset.offline);
    if (count) words.push(count === 1 ? box.dataset.one : box.dataset.many.replace("%n", count));
    box.hidden = !words.length;
    if (box.textContent !== words.join(" · ")) box.textContent = words.join(" · ");
  };

  document.addEventListener("driver:heard", ({ detail: { sentence, aside, refused } }) => {
    offline = false;
    if (refused) news(sentence || find("[data-news]").dataset.lost, "bad");
    else if (aside) news(sentence, "warn");
    if (refused) stale = true;
  });
  document.addEventListener("driver:sent", () => {
    offline = false;
    if (stale) refresh();
  });
  document.addEventListener("driver:over", () => { window.location.assign("/driver/"); });
  document.addEventListener("driver:mark", ({ detail }) => {
    if (detail.mark !== sheet().dataset.mark) stale = true;
    if (stale) refresh();
  });

  // The depot's list takes the place of ours, once it has heard all, and never under the driver's thumb.
  const busy = () => window.doorstepPressed() || Boolean(sheet().querySelector("[data-dirty], [data-saying]"));
  const released = async () => {
    while (window.doorstepPressed()) await new Promise((ok) => { setTimeout(ok, 50); });
  };
  const refresh = async () => {
    await released();
    if (busy() || (await queue.waiting()).length) return;
    const answer = await fetch("/driver/", { cache: "no-store" });
    if (answer.status === 401) window.location.assign("/driver/");
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("#sheet");
    await released();
    if (!fresh || (await queue.waiting()).length || busy()) return; // busy last: nothing is typed in between
    stale = false;
    const open = [...sheet().querySelectorAll("details[open][id]")].map((each) => each.id);
    const told = find("[data-news]");
    const codes = [...sheet().querySelectorAll(".stop__secret")].map((each) => each.closest(".stop__code"));
    sheet().replaceWith(document.importNode(fresh, true));
    codes.forEach((each) => document.getElementById(each.id)?.replaceWith(each)); // asked for once is enough
    open.forEach((id) => { const each = document.getElementById(id); if (each) each.open = true; });
    find("[data-news]").replaceWith(told);
    document.dispatchEvent(new CustomEvent("driver:fresh"));
  };

  document.addEventListener("input", (event) => {
    event.target.closest(".stop [data-act]")?.toggleAttribute("data-dirty", true);
  });
  document.addEventListener("reset", (event) => event.target.toggleAttribute("data-dirty", false));

  // Kept on the phone

  const register = async () => {
    if (!navigator.serviceWorker) return;
    await navigator.serviceWorker.register("/driver/sw.js");
    const ready = await navigator.serviceWorker.ready;
    const files = [...document.querySelectorAll("script[src], link[rel=stylesheet]")];
    ready.active.postMessage({ keep: files.map((each) => each.src || each.href) });
  };
  register().catch(() => {});

  queue.waiting().then((acts) => acts.forEach(shown));
})();
