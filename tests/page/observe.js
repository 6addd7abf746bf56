// Runs before the page's own scripts: keeps what the tests ask about afterwards.
window.observed = { longTasks: [], uncaught: [], progress: [], tokens: [], done: [], errors: [] };

new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) observed.longTasks.push({ startTime, duration });
}).observe({ type: "longtask", buffered: true });

// The tests begin with the form; `?as-shipped` keeps the recording that the page opens with.
if (!location.search.includes("as-shipped")) {
  new MutationObserver((_changes, observer) => {
    const opening = document.querySelector('look-back[page][trace^="samples/"]');
    if (!opening) return;
    opening.removeAttribute("trace");
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
}

// The tests are about the engine on WebGPU, also where that is slow.
try {
  localStorage["lookback-device"] ??= "gpu";
} catch {
  // A page without an address keeps nothing.
}

// What the engine's workers were started with, and what a security policy refused. `workerPrelude` runs in each of
// them before its own script: it takes away what another browser lacks.
window.workerPrelude = "";
observed.workers = [];
window.Worker = class extends Worker {
  constructor(url, options) {
    const script = `${workerPrelude}; await import(${JSON.stringify(url)});`;
    super(workerPrelude ? URL.createObjectURL(new Blob([script], { type: "text/javascript" })) : url, options);
    observed.workers.push(String(url));
  }
};
observed.refused = [];
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => observed.refused.push(`${violatedDirective} ${blockedURI}`), true);

addEventListener("error", (event) => observed.uncaught.push(event.message), true);
addEventListener("unhandledrejection", (event) => observed.uncaught.push(String(event.reason)));

// Hears the element's events from its definition on; `at` is when the page got them.
window.observe = (element) => {
  const keep = (list) => (event) => list.push({ ...event.detail, at: performance.now() });
  element.addEventListener("progress", keep(observed.progress));
  element.addEventListener("token", keep(observed.tokens));
  element.addEventListener("done", keep(observed.done));
  element.addEventListener("error", keep(observed.errors));
};

// An outcome instead of a rejection: `{ value }` or `{ error }`, the sentence a person would read.
window.settled = (promise) =>
  promise.then((value) => ({ value }), (error) => ({ error: String(error?.message ?? error) }));

// How many different colours a canvas shows; 1 is blank.
window.coloursOf = (canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const pixels = new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return new Set(pixels).size;
};
