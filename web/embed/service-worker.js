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
  event.waitUntil(takeOver());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (request.method !== "GET" || !(path in release.files)) return;
  event.respondWith(request.mode === "navigate" ? opened(path, request) : answer(path, event));
  event.waitUntil(dropUnused());
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
  await cache.put(filesPath, new Response(JSON.stringify(release.files)));
}

// Finds a file of another release here that is the same in this one.
async function earlier() {
  const others = await Promise.all((await otherCaches()).map((name) => caches.open(name)));
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

async function otherCaches() {
  return (await caches.keys()).filter((name) => name.startsWith(`lookback ${scope} `) && name !== cacheName);
}

// Pages and workers of earlier releases, and the caches in which they go on finding their files until they are gone:
// no page ever finds files of two releases. Kept in this release's own cache, for this script is ended and started.
const leavingPath = "leaving";
// The list of a release's files, beside the files themselves.
const filesPath = "files";

async function leaving(cache) {
  const found = await cache.match(leavingPath);
  return found ? found.json() : { clients: [], caches: [] };
}

async function keepLeaving(cache, list) {
  await cache.put(leavingPath, new Response(JSON.stringify(list)));
}

async function everyClient() {
  return (await clients.matchAll({ includeUncontrolled: true, type: "all" })).map(({ id }) => id);
}

async function takeOver() {
  const cache = await caches.open(cacheName);
  await keepLeaving(cache, { clients: await everyClient(), caches: await otherCaches() });
  await dropUnused();
}

async function dropUnused() {
  const cache = await caches.open(cacheName);
  const left = await leaving(cache);
  if (left.caches.length === 0) return;
  const open = await everyClient();
  if (open.some((id) => left.clients.includes(id))) return;
  await Promise.all(left.caches.map((name) => caches.delete(name)));
  await keepLeaving(cache, { clients: [], caches: [] });
}

// The cache of the earlier release that this page or worker is of; a worker that it starts is of the same.
async function earlierCache({ clientId, resultingClientId }) {
  const cache = await caches.open(cacheName);
  const left = await leaving(cache);
  if (left.caches.length === 0 || !left.clients.includes(clientId)) return undefined;
  if (resultingClientId) await keepLeaving(cache, { ...left, clients: [...left.clients, resultingClientId] });
  // The newest that did not find it open.
  for (const name of left.caches.reverse()) {
    const earlier = await caches.open(name);
    if (!(await leaving(earlier)).clients.includes(clientId)) return earlier;
  }
  return undefined;
}

// A page that is opened or reloaded. A page that is reloaded begins with a new release that waits.
async function opened(path, request) {
  const { waiting } = registration;
  if (waiting && request.isReloadNavigation) {
    waiting.postMessage("begin");
    return new Response("", { headers: { Refresh: "0", "Content-Type": "text/html" } });
  }
  return kept(path);
}

async function answer(path, event) {
  const earlier = await earlierCache(event);
  const response = await (earlier ? keptEarlier(earlier, path) : kept(path));
  if (response.type === "error") return response;
  const range = /^bytes=(\d+)-(\d*)$/.exec(event.request.headers.get("range") ?? "");
  return range ? part(response, Number(range[1]), range[2]) : response;
}

// An engine that was not asked for before is to be had only if it is the same in this release.
async function keptEarlier(cache, path) {
  const found = await cache.match(path);
  if (found) return found;
  const files = await (await cache.match(filesPath))?.json();
  return files?.[path] === release.files[path] ? kept(path) : Response.error();
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
