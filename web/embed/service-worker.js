// The whole page without a network, one release at a time. `cargo xtask dist` writes `release` above this line:
// an id, and the SHA-256 of every file. A cache holds files of one release only, each checked before it is kept.
/* global release */

const scope = new URL("./", self.location).href;
const cacheName = `lookback ${scope} ${release.id}`;
// The engine that this browser does not use is fetched and kept when it is first asked for.
const lazy = self.navigator.gpu ? /^worker_cpu/ : /^worker(?!_cpu)/;

addEventListener("install", (event) => {
  const wanted = Object.keys(release.files).filter((path) => !lazy.test(path));
  event.waitUntil(keepAll(wanted));
});

addEventListener("activate", (event) => {
  event.waitUntil(dropOthers());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (request.method !== "GET" || !(path in release.files)) return;
  event.respondWith(request.mode === "navigate" ? opened(path, request) : answer(path, request));
});

addEventListener("message", (event) => {
  if (event.data === "begin") skipWaiting();
});

// "" is the page itself; a query is for the page to read.
function pathOf(url) {
  if (!url.startsWith(scope)) return null;
  const path = decodeURI(url.slice(scope.length).split(/[?#]/, 1)[0]);
  return path === "" ? "index.html" : path;
}

async function keepAll(paths) {
  const cache = await caches.open(cacheName);
  const before = await earlier();
  // A few at a time: the page's own requests come first.
  const rest = [...paths];
  const keepNext = async () => {
    for (let path = rest.pop(); path !== undefined; path = rest.pop()) {
      if (await cache.match(path)) continue;
      const same = await before(path);
      await cache.put(path, same ?? (await fetched(path)));
    }
  };
  await Promise.all([keepNext(), keepNext(), keepNext()]);
}

// Finds a file of another release here that is the same in this one.
async function earlier() {
  const names = (await caches.keys()).filter((name) => name.startsWith(`lookback ${scope} `) && name !== cacheName);
  const others = await Promise.all(names.map((name) => caches.open(name)));
  return async (path) => {
    for (const other of others) {
      const response = await other.match(path);
      if (response?.headers.get("x-sha256") === release.files[path]) return response;
    }
    return undefined;
  };
}

// The file from the server, if it is this release's.
async function fetched(path) {
  const response = await fetch(new URL(path, scope), { cache: "no-cache" });
  if (!response.ok) throw new Error(`${path}: HTTP status ${response.status}`);
  const bytes = await response.arrayBuffer();
  const sha256 = await digest(bytes);
  if (sha256 !== release.files[path]) throw new Error(`${path} is of another release`);
  // What the server says of it, a security policy included; the body is no longer compressed.
  const headers = new Headers(response.headers);
  headers.delete("content-encoding");
  headers.set("content-length", bytes.byteLength);
  headers.set("x-sha256", sha256);
  return new Response(bytes, { headers });
}

async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function dropOthers() {
  const names = (await caches.keys()).filter((name) => name.startsWith(`lookback ${scope} `) && name !== cacheName);
  await Promise.all(names.map((name) => caches.delete(name)));
}

// A page that is opened or reloaded. A new release that waits takes over where the page that is reloaded is the
// only one: no page ever finds files of two releases.
async function opened(path, request) {
  const { waiting } = registration;
  if (waiting && request.isReloadNavigation && (await clients.matchAll({ type: "window" })).length < 2) {
    waiting.postMessage("begin");
    return new Response("", { headers: { Refresh: "0", "Content-Type": "text/html" } });
  }
  return kept(path);
}

async function answer(path, request) {
  const response = await kept(path);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
  return range ? part(response, Number(range[1]), range[2]) : response;
}

async function kept(path) {
  const cache = await caches.open(cacheName);
  const found = await cache.match(path);
  if (found) return found;
  const response = await fetched(path);
  await cache.put(path, response.clone());
  return response;
}

// Bytes `first` to `last`, the latter included; an empty `last` is the end.
async function part(response, first, last) {
  const whole = await response.blob();
  if (first >= whole.size) {
    return new Response("", { status: 416, headers: { "Content-Range": `bytes */${whole.size}` } });
  }
  const end = last === "" ? whole.size : Math.min(Number(last) + 1, whole.size);
  const headers = new Headers(response.headers);
  headers.set("content-length", end - first);
  headers.set("content-range", `bytes ${first}-${end - 1}/${whole.size}`);
  return new Response(whole.slice(first, end), { status: 206, headers });
}
