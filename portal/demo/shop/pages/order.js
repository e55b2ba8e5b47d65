// Looks every two seconds whether the shop's server was told something, while anybody looks at the page.
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const now of document.querySelectorAll("[data-fresh]")) {
      const then = fresh.querySelector(`[data-fresh="${now.dataset.fresh}"]`);
      // Only what is new is put in: screen readers say it then, and only then.
      if (then.innerHTML !== now.innerHTML) now.replaceChildren(...then.childNodes);
    }
  } catch {
    // Away for a moment: what is shown stays.
  }
}, 2000);
