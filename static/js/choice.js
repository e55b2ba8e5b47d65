// The sticky line says what is chosen. A choice survives a look at another day: its radio leaves the
// page with the old day, so a hidden field carries it until another time is chosen.
(() => {
  const form = document.querySelector("[data-times]");
  if (!form) return;
  const line = form.querySelector("[data-chosen]");
  const time = form.querySelector("[data-chosen-time]");
  const price = form.querySelector("[data-chosen-price]");
  let carried = null;
  let chosen = null;

  const show = () => {
    time.textContent = chosen ? chosen.time : line.dataset.none;
    price.textContent = chosen ? chosen.price : line.dataset.noneNote;
  };

  const read = (radio) => ({ key: radio.dataset.key, token: radio.value, time: radio.dataset.choice, price: radio.dataset.price });

  const drop = () => {
    carried?.remove();
    carried = null;
  };

  const carry = () => {
    const radio = [...form.querySelectorAll('input[type="radio"][name="offer"]')].find((each) => each.dataset.key === chosen.key);
    drop();
    if (radio) {
      radio.checked = true;
      chosen = read(radio);
      return;
    }
    carried = document.createElement("input");
    carried.type = "hidden";
    carried.name = "offer";
    carried.value = chosen.token;
    form.append(carried);
  };

  form.addEventListener("change", (event) => {
    if (!event.target.matches('input[type="radio"][name="offer"]')) return;
    drop();
    chosen = read(event.target);
    show();
  });

  document.body.addEventListener("htmx:afterSettle", () => {
    if (chosen && !form.querySelector('input[type="radio"][name="offer"]:checked')) carry();
  });

  // The back button restores radios without telling anybody.
  window.addEventListener("pageshow", () => {
    const radio = form.querySelector('input[type="radio"][name="offer"]:checked');
    if (radio) chosen = read(radio);
    show();
  });
})();
