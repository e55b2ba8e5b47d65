// At the door: what each way of handing over needs is asked for before it is said, and signatures are drawn.
(() => {
  const LEAST_MOVE = 2;
  const LEAST_EXTENT = 16; // a slip of the finger signs nothing
  const INK = "#1c2326";

  // A choice asks for what belongs to it (data-for names it), and for nothing else.
  const fit = (form) => {
    const chosen = form.querySelector("[data-chooses]:checked, [data-chooses][type=hidden]")?.value || "";
    form.querySelectorAll("[data-for]").forEach((part) => {
      const wanted = part.dataset.for.split(" ").includes(chosen);
      part.hidden = !wanted;
      part.querySelectorAll("input").forEach((each) => { each.disabled = !wanted; });
    });
  };
  const fitAll = () => document.querySelectorAll("form[data-fits]").forEach(fit);
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-fits]");
    if (form) fit(form);
  });
  document.addEventListener("driver:fresh", fitAll);
  fitAll();

  // Signatures: strokes of points in the pad's own units, from its upper left corner.
  const strokes = new WeakMap();
  const of = (pad) => {
    if (!strokes.has(pad)) strokes.set(pad, []);
    return strokes.get(pad);
  };
  const field = (pad) => pad.closest("[data-signs]").querySelector("[name=signature]");
  const at = (pad, event) => {
    const box = pad.getBoundingClientRect();
    const within = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
    return [within(event.clientX - box.left, box.width), within(event.clientY - box.top, box.height)];
  };
  const extent = (points) => {
    const span = (values) => Math.max(...values) - Math.min(...values);
    return Math.max(span(points.map(([x]) => x)), span(points.map(([, y]) => y)));
  };
  const draw = (pad) => {
    const box = pad.getBoundingClientRect();
    const fine = window.devicePixelRatio || 1;
    pad.width = box.width * fine;
    pad.height = box.height * fine;
    const pen = pad.getContext("2d");
    pen.scale(fine, fine);
    Object.assign(pen, { lineWidth: 2.5, lineCap: "round", lineJoin: "round", strokeStyle: INK });
    of(pad).forEach((stroke) => {
      pen.beginPath();
      stroke.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.stroke();
    });
  };

  document.addEventListener("pointerdown", (event) => {
    const pad = event.target.closest("[data-pad]");
    if (!pad) return;
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    pad.dispatchEvent(new Event("input", { bubbles: true })); // nobody takes the sheet away meanwhile
    of(pad).push([at(pad, event)]);
  });
  document.addEventListener("pointermove", (event) => {
    const pad = event.target.closest("[data-pad]");
    if (!pad?.hasPointerCapture(event.pointerId)) return;
    const stroke = of(pad).at(-1);
    const [x, y] = at(pad, event);
    const [lastX, lastY] = stroke.at(-1);
    if (Math.hypot(x - lastX, y - lastY) < LEAST_MOVE) return;
    stroke.push([x, y]);
    draw(pad);
  });
  document.addEventListener("pointerup", (event) => {
    const pad = event.target.closest("[data-pad]");
    if (!pad) return;
    field(pad).value = extent(of(pad).flat()) < LEAST_EXTENT ? "" : JSON.stringify(of(pad));
  });
  document.addEventListener("click", (event) => {
    const clear = event.target.closest("[data-clear]");
    if (!clear) return;
    const pad = clear.closest("[data-signs]").querySelector("[data-pad]");
    strokes.set(pad, []);
    field(pad).value = "";
    draw(pad);
  });

  // What is missing for a form's answer, as its part says it; nothing where all is there.
  const filled = (part) =>
    [...part.querySelectorAll("input")].some((each) => {
      if (each.type === "checkbox" || each.type === "radio") return each.checked;
      return each.name !== "listed" && each.value !== "";
    });
  const lacking = (form) => {
    const chosen = form.querySelector("[data-chooses]:checked, [data-chooses][type=hidden]")?.value || "";
    const part = [...form.querySelectorAll("[data-missing]")].find((each) => {
      const wanted = (each.dataset.missingFor || chosen).split(" ").includes(chosen);
      return wanted && !each.closest("[hidden]") && !filled(each);
    });
    part?.querySelector("input:not([type=hidden]), button")?.focus();
    return part?.dataset.missing || "";
  };
  window.doorstepDoor = { lacking };
})();
