// Counts down from the seconds the server gave: the shopper's own clock may be wrong, so only its pace counts.
(() => {
  const box = document.querySelector("[data-countdown]");
  if (!box) return;
  const clock = box.querySelector("[data-clock]");
  const spoken = box.querySelector("[data-spoken]");
  const ends = performance.now() + Number(box.dataset.countdown) * 1000;
  const words = [[60, box.dataset.one], [120, box.dataset.two], [300, box.dataset.five]];
  let last = Number(box.dataset.countdown);

  const say = (left) => {
    const due = words.find(([at]) => left <= at && last > at);
    if (due) spoken.textContent = due[1];
  };

  const finish = () => {
    clearInterval(timer);
    box.classList.add("notice--warn");
    box.querySelector("[data-running]").hidden = true;
    box.querySelector("[data-over]").hidden = false;
    spoken.textContent = box.querySelector("[data-over]").textContent;
  };

  const tick = () => {
    const left = Math.max(0, Math.round((ends - performance.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    say(left);
    last = left;
    if (left === 0) finish();
  };

  const timer = setInterval(tick, 1000);
  tick();
})();
