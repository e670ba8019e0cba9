// Around the frames: gives each the height that it asks for, and tells it the notebook's colours.
(() => {
  const HIGHEST = 1600;
  const frames = () => document.querySelectorAll("iframe.penstock-frame");
  const scheme = () => {
    const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
    if (jpThemeLight) return jpThemeLight === "true" ? "light" : "dark";
    if (vscodeThemeKind) return vscodeThemeKind.includes("light") ? "light" : "dark";
    return null;
  };
  const tell = (frame) => frame.contentWindow?.postMessage({ penstockScheme: scheme() }, "*");
  if (!window.penstockFrames) {
    window.penstockFrames = true;
    addEventListener("message", (event) => {
      const height = event.data?.penstockHeight;
      if (!Number.isFinite(height)) return;
      for (const frame of frames()) {
        if (frame.contentWindow !== event.source) continue;
        frame.height = String(Math.min(HIGHEST, Math.max(40, Math.ceil(height))));
        if (!frame.dataset.told) tell(frame);
        frame.dataset.told = "yes";
      }
    });
    new MutationObserver(() => frames().forEach(tell)).observe(document.body, { attributes: true });
  }
  frames().forEach(tell);
})();
