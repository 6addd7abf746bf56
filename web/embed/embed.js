// The element in a frame: its settings come from the query, or from the page around it by messages.
// Both are untrusted: they become attributes and arguments, never markup.
const element = document.querySelector("look-back");
const attributes = ["model", "src", "question", "trace"];
const methods = { load: (url) => element.load(String(url)), ask: (options) => element.ask(options), stop: () => element.stop(), replay: (trace) => element.replay(trace), set };
const mostCharacters = 2000;

const query = new URLSearchParams(location.search);
try {
  for (const name of attributes) {
    if (query.has(name)) element.setAttribute(name, checked(name, query.get(name)));
  }
} catch (error) {
  document.body.textContent = error.message;
}
if (!query.has("hosted") && !query.has("model") && !query.has("trace")) element.setAttribute("model", "models/demo/");

// An address of the web, or a text of bearable length.
function checked(name, value) {
  if (value.length > mostCharacters) throw new Error(`The parameter ${name} has more than ${mostCharacters} characters; shorten it.`);
  if (name === "question") return value;
  let url;
  try {
    url = new URL(value, document.baseURI);
  } catch {
    throw new Error(`The parameter ${name} is no address; give one that begins with https://.`);
  }
  if (!/^https?:$/.test(url.protocol)) throw new Error(`The parameter ${name} must be an address that begins with https:// or http://.`);
  return url.href;
}

// A file from the page around it stands behind an address of this page's own.
function set([name, value]) {
  if (!attributes.includes(name)) throw new Error(`There is no attribute ${name}.`);
  if (value === undefined || value === null) return element.removeAttribute(name);
  element.setAttribute(name, value instanceof Blob ? URL.createObjectURL(value) : checked(name, String(value)));
}

addEventListener("message", ({ data, ports: [port] }) => {
  if (data !== "look-back" || !port) return;
  for (const event of ["progress", "token", "marker", "done", "error"]) {
    element.addEventListener(event, ({ detail }) => port.postMessage({ event, detail }));
  }
  new ResizeObserver(() => port.postMessage({ height_px: Math.ceil(element.getBoundingClientRect().height) })).observe(element);
  port.onmessage = async ({ data: { id, method, argument } }) => {
    try {
      if (!Object.hasOwn(methods, method)) throw new Error(`There is no method ${method}.`);
      port.postMessage({ id, value: await methods[method](argument) });
    } catch (error) {
      port.postMessage({ id, error: String(error?.message ?? error) });
    }
  };
});
