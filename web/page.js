// Keeps the page for visits without a network, once everything that is on screen has arrived.
addEventListener("load", () => {
  // Refused where the browser keeps nothing, as in a private window: then the page needs its server.
  navigator.serviceWorker?.register("service-worker.js").catch(() => {});
});
