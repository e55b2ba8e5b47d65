// Says that the pin was moved: the page's sentence about it changes, politely announced.
document.addEventListener("map:pin", () => {
  const state = document.querySelector("[data-pin-state]");
  if (state && state.textContent !== state.dataset.moved) state.textContent = state.dataset.moved;
});
