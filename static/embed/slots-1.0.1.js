// Doorstep's slot widget 1.0.1, as docs/widget.md explains it.
(() => {
  const script = document.currentScript;
  const able = window.customElements && window.HTMLElement && "attachInternals" in HTMLElement.prototype;
  if (!script || !able || customElements.get("doorstep-slots")) return;

  const host = new URL(script.src).origin;
  const events = ["ready", "slots-loaded", "slot-held", "hold-extended", "hold-expiring", "hold-expired", "slot-released", "error"];
  const look = ["accent", "accent-text", "bg", "text", "border", "radius", "font", "focus"];
  const opens = ["merchant", "session", "publishable-key", "locale", "postcode", "country"];
  const GRACE_MS = 1500;
  const PATIENCE_MS = 10000;

  class DoorstepSlots extends HTMLElement {
    static formAssociated = true;
    static observedAttributes = [...opens, "basket-value", "theme", "min-height", "label", "required"];

    #internals = this.attachInternals();
    #box = document.createElement("div");
    #slot = document.createElement("slot");
    #token = "";
    #value = "";
    #frame;
    #port;
    #hear;
    #timer;
    #due;
    #back = (event) => event.persisted && this.#open();

    constructor() {
      super();
      this.#slot.name = "fallback";
      this.#box.style.overflow = "hidden";
      this.attachShadow({ mode: "open" }).append(this.#box, this.#slot);
    }

    get value() { return this.#value; }
    get name() { return this.getAttribute("name"); }
    set name(value) { this.setAttribute("name", value); }
    get type() { return this.localName; }
    get form() { return this.#internals.form; }

    reload() { this.#port ? this.#tell("reload", this.#seen()) : this.#open(); }
    extend() { this.#tell("extend"); }
    release() { this.#tell("release"); }

    connectedCallback() {
      addEventListener("pageshow", this.#back);
      this.#open();
    }

    disconnectedCallback() {
      removeEventListener("pageshow", this.#back);
      this.#close();
      this.#hold("");
    }

    formResetCallback() { if (this.#value) this.release(); }

    attributeChangedCallback(name, before, after) {
      if (!this.isConnected || before === after) return;
      if (name === "merchant" || name === "publishable-key") this.#token = "";
      if (this.#due === undefined) queueMicrotask(() => this.#change());
      this.#due ||= opens.includes(name);
    }

    #change() {
      const anew = this.#due;
      this.#due = undefined;
      if (!this.isConnected) return;
      if (anew) this.#open();
      else { this.#shape(); this.#tell("look", this.#seen()); }
    }

    #open() {
      this.#close();
      const merchant = this.getAttribute("merchant");
      if (!merchant || !(this.getAttribute("session") || this.getAttribute("publishable-key"))) {
        this.#give("no_session");
        return;
      }
      const nonce = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      const frame = (this.#frame = document.createElement("iframe"));
      frame.src = `${host}/embed/v1/frame/${encodeURIComponent(merchant)}/#n=${nonce}&o=${encodeURIComponent(location.origin)}`;
      frame.sandbox = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox";
      frame.referrerPolicy = "no-referrer";
      frame.style.cssText = "display:block;width:100%;border:0";
      this.#hear = ({ source, origin, data }) => {
        if (source !== frame.contentWindow || origin !== host) return;
        if (data?.doorstep !== 1 || data.type !== "hello" || data.nonce !== nonce) return;
        removeEventListener("message", this.#hear);
        const { port1, port2 } = new MessageChannel();
        this.#port = port1;
        port1.onmessage = (event) => port1 === this.#port && this.#heard(event.data);
        frame.contentWindow.postMessage({ doorstep: 1, type: "welcome", nonce, ...this.#seen() }, host, [port2]);
      };
      addEventListener("message", this.#hear);
      let loads = 0;
      frame.onload = () => {
        if (loads++) this.#open();
        else setTimeout(() => frame === this.#frame && !this.#port && this.#give("blocked"), GRACE_MS);
      };
      this.#timer = setTimeout(() => this.#give("timeout"), PATIENCE_MS);
      this.#box.replaceChildren(frame);
      this.#show();
      this.#shape();
    }

    #close() {
      clearTimeout(this.#timer);
      removeEventListener("message", this.#hear);
      this.#port?.close();
      this.#port = this.#frame = undefined;
      this.#box.replaceChildren();
    }

    // What the page says: handed over once, on the port's way, never in an address.
    #seen() {
      const style = getComputedStyle(this);
      const of = (name) => this.getAttribute(name) || "";
      return {
        session: of("session") || this.#token,
        key: of("publishable-key"),
        locale: of("locale"),
        postcode: of("postcode"),
        country: of("country"),
        basket: of("basket-value"),
        theme: of("theme") || (style.colorScheme === "normal" ? document.querySelector('meta[name="color-scheme"]')?.content : style.colorScheme),
        look: Object.fromEntries(look.map((name) => [name, style.getPropertyValue(`--doorstep-${name}`).trim()])),
      };
    }

    #shape() {
      const least = Number(this.getAttribute("min-height") || 480);
      this.#box.style.minHeight = `${least}px`;
      if (this.#frame) this.#frame.title = this.getAttribute("label") || "Delivery times";
      if (this.#frame && !this.#frame.style.height) this.#frame.style.height = `${least}px`;
      this.#hold(this.#value);
    }

    #tell(type, more) { this.#port?.postMessage({ doorstep: 1, type, ...more }); }

    #heard(data) {
      if (data?.doorstep !== 1) return;
      const { type, px, token, name, detail } = data;
      if (type === "height" && px > 0 && px < 20000) this.#frame.style.height = `${Math.ceil(px)}px`;
      if (type === "session" && typeof token === "string") this.#token = token;
      if (type !== "event" || !events.includes(name)) return;
      if (name === "ready") {
        clearTimeout(this.#timer);
        this.#show();
      }
      if (name === "slot-held") this.#hold(detail.hold_token);
      if (name === "hold-expired" || name === "slot-released") this.#hold("");
      this.#say(name, detail);
    }

    #show(shown = true) {
      this.#slot.style.display = shown ? "none" : "";
      this.#box.style.display = shown ? "block" : "none";
    }

    #give(reason) {
      clearTimeout(this.#timer);
      this.#show(false);
      this.#say("unavailable", { reason });
    }

    #hold(token) {
      this.#value = token;
      this.#internals.setFormValue(token || null);
      const missing = this.hasAttribute("required") && !token;
      this.#internals.setValidity({ valueMissing: missing }, missing ? "Choose a delivery time" : "", this.#frame);
    }

    #say(name, detail) {
      this.dispatchEvent(new CustomEvent(`doorstep:${name}`, { bubbles: true, composed: true, detail: { version: 1, ...detail } }));
    }
  }

  customElements.define("doorstep-slots", DoorstepSlots);
})();
