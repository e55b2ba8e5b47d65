// Reads barcodes with the camera, where the browser can. A refused or missing camera leaves the field to type in.
(() => {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return;
  const PAUSE_MS = 250;
  const SAME_MS = 3000;
  const detector = new window.BarcodeDetector();
  const last = { code: "", at: 0 };

  const say = (name) => {
    const line = document.querySelector("[data-camera-said]");
    line.hidden = false;
    line.textContent = line.dataset[name];
  };

  const read = async (video, stream) => {
    const form = video.closest("form");
    if (!document.contains(video)) {
      stream.getTracks().forEach((track) => track.stop());
      return;
    }
    const [found] = await detector.detect(video).catch(() => []);
    if (found && (found.rawValue !== last.code || Date.now() - last.at > SAME_MS)) {
      Object.assign(last, { code: found.rawValue, at: Date.now() });
      form.elements.barcode.value = found.rawValue;
      form.requestSubmit();
    }
    setTimeout(() => read(video, stream), PAUSE_MS);
  };

  const start = async (button) => {
    const video = button.closest("form").querySelector("[data-video]");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      video.hidden = false;
      button.hidden = true;
      await video.play();
      read(video, stream);
    } catch (error) {
      say(error.name === "NotAllowedError" ? "refused" : "none");
    }
  };

  const offer = () => document.querySelectorAll("[data-camera]").forEach((button) => { button.hidden = false; });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-camera]");
    if (button) start(button);
  });
  document.addEventListener("driver:fresh", offer);
  offer();
})();
