// The playground: one real <doorstep-slots>, made from what the form says, and a log of all that it says.
(() => {
  const stage = document.querySelector("[data-stage]");
  const said = document.querySelector("[data-said]");
  const opening = document.querySelector("[data-open]");
  const trouble = document.querySelector("[data-trouble]");
  const log = document.querySelector("[data-log]");
  const EVENTS = ["ready", "slots-loaded", "slot-held", "hold-extended", "hold-expiring", "hold-expired", "slot-released", "unavailable", "error"];
  const MOST_LINES = 200;
  let element = null;

  const complain = (sentence) => {
    trouble.textContent = sentence;
    trouble.hidden = !sentence;
  };

  // What the form says, on the element. Looks are read again whenever an attribute changes.
  const put = (name, value) => {
    if (value) element.setAttribute(name, value);
    else element.removeAttribute(name);
  };
  const wear = () => {
    if (!element) return;
    for (const field of said.querySelectorAll("[data-look]")) {
      element.style.setProperty(`--doorstep-${field.dataset.look}`, field.value.trim());
    }
    for (const field of said.querySelectorAll("[data-attribute]")) {
      const value = field.value.trim();
      if ((element.getAttribute(field.dataset.attribute) || "") !== value) put(field.dataset.attribute, value);
    }
    element.toggleAttribute("required", said.elements.required.checked);
    const theme = element.getAttribute("theme");
    element.setAttribute("theme", "auto");
    put("theme", theme);
    send();
  };

  const send = () => {
    const name = element?.getAttribute("name");
    const token = name && new FormData(stage).get(name);
    document.querySelector("[data-sent]").textContent = token ? `${name}=${token}` : "–";
  };

  const write = ({ type, detail }) => {
    const line = document.createElement("div");
    const title = document.createElement("b");
    const when = document.createElement("span");
    const facts = document.createElement("pre");
    title.textContent = type;
    when.className = "quiet nums";
    when.textContent = ` ${new Date().toLocaleTimeString()}`;
    facts.textContent = JSON.stringify(detail, null, 2);
    line.append(title, when, facts);
    log.prepend(line);
    log.hidden = false;
    document.querySelector("[data-silent]").hidden = true;
    while (log.children.length > MOST_LINES) log.lastChild.remove();
    send();
  };

  const show = (attributes) => {
    element = document.createElement("doorstep-slots");
    for (const [name, value] of Object.entries({ merchant: stage.dataset.merchant, ...attributes })) element.setAttribute(name, value);
    const link = document.createElement("a");
    Object.assign(link, { slot: "fallback", href: stage.dataset.home, textContent: stage.dataset.link });
    element.append(link);
    for (const name of EVENTS) element.addEventListener(`doorstep:${name}`, write);
    wear();
    stage.replaceChildren(element);
    send();
  };

  const open = async () => {
    complain("");
    const key = opening.querySelector("[data-key]").value.trim();
    if (key) return show({ "publishable-key": key });
    try {
      const answer = await fetch(opening.action, { method: "POST", body: new FormData(opening) });
      const { session, error } = await answer.json();
      if (session) show({ session });
      else complain(error.message);
    } catch (error) {
      complain(error.message);
    }
  };

  document.querySelector("[data-plain]").hidden = true;
  if (stage.hasAttribute("data-listed")) {
    document.querySelector("[data-live]").hidden = opening.hidden = false;
    const script = Object.assign(document.createElement("script"), { src: stage.dataset.script, async: true });
    document.head.append(script);
    open();
  }
  opening.addEventListener("submit", (event) => { event.preventDefault(); open(); });
  stage.addEventListener("submit", (event) => event.preventDefault());
  said.addEventListener("input", wear);
  for (const button of document.querySelectorAll("[data-method]")) {
    button.addEventListener("click", () => element?.[button.dataset.method]?.());
  }
  document.querySelector("[data-clear]").addEventListener("click", () => {
    log.replaceChildren();
    log.hidden = true;
    document.querySelector("[data-silent]").hidden = false;
  });

  // Copying

  const offer = () => {
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  };
  offer();
  document.body.addEventListener("htmx:afterSettle", offer);
  document.body.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    const spoken = document.querySelector("[data-copied]");
    spoken.textContent = spoken.dataset.words;
    spoken.classList.remove("sr-only");
  });
})();
