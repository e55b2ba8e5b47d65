// The page's colours, made readable: whatever it asks for, text keeps 4.5 : 1 against what is behind it.
(() => {
  const root = document.documentElement;
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const READABLE = 4.5;
  const VISIBLE = 3;

  // Any colour that the browser knows as [red, green, blue] from 0 to 255; nothing for anything else.
  const channels = (text) => {
    if (!text || !CSS.supports("color", text)) return null;
    paint.fillStyle = "#ffffff";
    paint.fillRect(0, 0, 1, 1);
    paint.fillStyle = text;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };

  const luminance = (colour) => {
    const [red, green, blue] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };

  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  const mix = (one, other, share) => one.map((value, at) => Math.round(value * share + other[at] * (1 - share)));
  const text = (colour) => `rgb(${colour.join(" ")})`;

  // The colour itself where it can be read on all of them, else the first shade towards black or white that can.
  const readable = (colour, on, least) => {
    const worst = (tried) => Math.min(...on.map((behind) => contrast(tried, behind)));
    const end = worst([0, 0, 0]) > worst([255, 255, 255]) ? [0, 0, 0] : [255, 255, 255];
    for (let share = 1; share >= 0; share -= 0.05) {
      const tried = mix(colour, end, share);
      if (worst(tried) >= least) return tried;
    }
    return end;
  };

  const now = (name) => channels(getComputedStyle(root).getPropertyValue(name).trim());
  const set = (name, colour) => root.style.setProperty(name, text(colour));

  const colours = (look) => {
    const bg = channels(look.bg);
    if (bg) ["--paper", "--card"].forEach((name) => set(name, bg));
    const behind = ["--paper", "--card", "--well"].map(now);
    const asked = channels(look.accent);
    const accent = readable(asked || now("--accent"), behind.slice(0, 2), READABLE);
    const soft = asked || bg ? mix(accent, behind[1], 0.1) : now("--accent-soft");
    const ink = readable(channels(look.text) || now("--ink"), [...behind, soft], READABLE);
    set("--ink", ink);
    set("--ink-2", readable(channels(look.text) ? mix(ink, behind[1], 0.75) : now("--ink-2"), [...behind, soft], READABLE));
    if (asked || bg) {
      const strong = readable(accent, [...behind.slice(0, 2), soft], READABLE);
      set("--accent", strong);
      set("--accent-line", strong);
      set("--accent-soft", soft);
      set("--accent-strong", mix(strong, ink, 0.78));
    }
    const pressed = [now("--accent"), now("--accent-strong")];
    set("--on-accent", readable(channels(look["accent-text"]) || now("--on-accent"), pressed, READABLE));
    const border = channels(look.border);
    if (border) set("--line", border);
    const focus = channels(look.focus);
    if (focus) set("--focus", readable(focus, behind.slice(0, 2), VISIBLE));
  };

  const shapes = (look) => {
    if (look.radius && CSS.supports("border-radius", look.radius)) {
      for (const level of [1, 2, 3]) root.style.setProperty(`--radius-${level}`, look.radius);
    }
    if (look.font && CSS.supports("font-family", look.font)) root.style.setProperty("--font", look.font);
  };

  // `theme` is light, dark, auto, or what the page's color-scheme says: a page that names none is light. A dark
  // ground wants light words whoever asks.
  window.doorstepTheme = (theme, look) => {
    root.removeAttribute("style");
    const bg = channels(look.bg);
    const either = theme.includes("auto") || (theme.includes("light") && theme.includes("dark"));
    if (bg) root.dataset.theme = luminance(bg) < 0.18 ? "dark" : "light";
    else if (either) delete root.dataset.theme;
    else root.dataset.theme = theme.includes("dark") ? "dark" : "light";
    if (Object.values(look).some(Boolean)) colours(look);
    shapes(look);
  };
})();
