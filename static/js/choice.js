// The sticky line says what is chosen: one time, among the suggestions or on the open day. A choice survives a
// look at another day: its radio leaves the page with the old day, so a hidden field carries it until another
// time is chosen.
(() => {
  const form = document.querySelector("[data-times]");
  if (!form) return;
  const line = form.querySelector("[data-chosen]");
  const time = form.querySelector("[data-chosen-time]");
  const price = form.querySelector("[data-chosen-price]");
  let carried = null;
  let chosen = null;

  const radios = () => [...form.querySelectorAll('input[type="radio"][data-key]')];
  const read = ({ name, value, dataset }) => ({ name, value, key: dataset.key, time: dataset.choice, price: dataset.price });

  const show = () => {
    time.textContent = chosen ? chosen.time : line.dataset.none;
    price.textContent = chosen ? chosen.price : line.dataset.noneNote;
  };

  const choose = (radio) => {
    carried?.remove();
    carried = null;
    for (const other of radios()) if (other !== radio) other.checked = false;
    radio.checked = true;
    chosen = read(radio);
    show();
  };

  const carry = () => {
    const radio = radios().find((each) => each.dataset.key === chosen.key);
    if (radio) {
      choose(radio);
      return;
    }
    carried ??= form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "offer" }));
    carried.value = chosen.value;
  };

  form.addEventListener("change", (event) => {
    if (event.target.matches('input[type="radio"][data-key]')) choose(event.target);
  });

  document.body.addEventListener("htmx:afterSettle", () => {
    if (chosen && !radios().some((radio) => radio.checked)) carry();
  });

  // The back button restores radios without telling anybody.
  window.addEventListener("pageshow", () => {
    const radio = radios().find((each) => each.checked);
    if (radio) choose(radio);
    else show();
  });
})();
