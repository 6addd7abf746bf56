// The custom element of the contract, as one script tag of any kind on any site:
// <look-back model="URL" src="IMAGE" question="TEXT" trace="URL" page>, <img> children are sample pictures.
// What fills it is wasm and arrives when the element is about to be seen; addresses are relative to this file.
(() => {
  const script = document.currentScript ?? document.querySelector('script[src*="look-back.js"]');
  const base = new URL("./", script.src).href;
  // `page`: the address bar is the element's own. It comes before `trace`: a link says what to show.
  const attributes = ["model", "src", "question", "page", "trace"];
  let app;

  function loadApp() {
    app ??= import(`${base}app.js`).then(async (module) => {
      await module.default();
      return module;
    });
    return app;
  }

  async function mount(element, root) {
    try {
      return (await loadApp()).mount(element, root, base);
    } catch (error) {
      if (new URL(base).origin === location.origin) throw error;
      return new Frame(element, root);
    }
  }

  // Holds the element's place until the page is there, so that nothing below it moves, and shows its picture where the
  // stage will be.
  const placeholder = new CSSStyleSheet();
  placeholder.replaceSync(`
    :host { display: block; min-height: 30rem; container-type: inline-size }
    :host([hidden]) { display: none }
    iframe { display: block; width: 100%; height: 30rem; border: 0 }
    canvas { display: block; box-sizing: border-box; width: 100%; aspect-ratio: 4 / 3; max-height: 30svh; object-fit: contain; background: rgb(128 128 128 / 10%) }
    @container (min-width: 60rem) { canvas { width: calc((100% - 3rem) * 6 / 11); max-height: clamp(12rem, 100svh - 31rem, 52svh) } }`);

  // Elements out of sight cost nothing; half a screen before they are seen they begin.
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) target.begin();
    },
    { rootMargin: "50%" },
  );

  // Where the site of this file lets no other site read its files, its own page shows the element in a frame.
  class Frame {
    #element;
    #port;
    #calls = new Map();
    #n_calls = 0;

    constructor(element, root) {
      this.#element = element;
      const frame = document.createElement("iframe");
      frame.src = `${base}embed.html?hosted`;
      frame.title = "Lookback";
      const { port1, port2 } = new MessageChannel();
      this.#port = port1;
      port1.onmessage = ({ data }) => this.#hear(data, frame);
      frame.onload = () => frame.contentWindow.postMessage("look-back", new URL(base).origin, [port2]);
      root.replaceChildren(frame);
    }

    set(name, value) {
      this.#set(name, value).catch((error) => this.#tell("error", { message: error.message }));
    }

    load(url) {
      return this.#call("load", absolute(url));
    }

    async ask(options = {}) {
      const image = typeof options.image === "string" ? await file(options.image) : options.image;
      return this.#call("ask", { ...options, image });
    }

    stop() {
      return this.#call("stop");
    }

    replay(trace) {
      return this.#call("replay", trace);
    }

    unmount() {
      this.#port.close();
    }

    // This page may read its own pictures and traces, the frame perhaps not.
    async #set(name, value) {
      if (value && (name === "src" || name === "trace")) return this.#call("set", [name, await file(value)]);
      return this.#call("set", [name, value && name === "model" ? absolute(value) : value]);
    }

    #call(method, argument) {
      const id = this.#n_calls++;
      this.#port.postMessage({ id, method, argument });
      return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
    }

    #hear({ id, value, error, event, detail, height_px }, frame) {
      if (event) return this.#tell(event, detail);
      if (height_px) return (frame.style.height = `${height_px}px`);
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) call?.resolve(value);
      else call?.reject(new Error(error));
    }

    #tell(event, detail) {
      this.#element.dispatchEvent(new CustomEvent(event, { detail }));
    }
  }

  const absolute = (url) => new URL(url, document.baseURI).href;

  async function file(url) {
    const response = await fetch(absolute(url));
    if (!response.ok) throw new Error(`${url} was not found (HTTP status ${response.status}); check its address.`);
    return response.blob();
  }

  class LookBack extends HTMLElement {
    static observedAttributes = attributes;
    #player = null;

    constructor() {
      super();
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [placeholder];
    }

    connectedCallback() {
      if (!this.#player) seen.observe(this);
    }

    // Fetched and drawn, as what follows does it: a security policy need not allow more.
    async #showPicture() {
      const src = this.getAttribute("src") ?? this.querySelector(":scope > img")?.getAttribute("src");
      if (!src) return;
      try {
        const bitmap = await createImageBitmap(await file(src));
        if (this.shadowRoot.childNodes.length) return bitmap.close();
        const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
        canvas.getContext("bitmaprenderer").transferFromImageBitmap(bitmap);
        this.shadowRoot.append(canvas);
      } catch {
        // What follows says why a picture does not arrive.
      }
    }

    disconnectedCallback() {
      // Moving an element within the document disconnects and connects it again; that must not end a run.
      queueMicrotask(async () => {
        if (this.isConnected) return;
        seen.unobserve(this);
        const player = this.#player;
        this.#player = null;
        (await player)?.unmount();
      });
    }

    attributeChangedCallback(name, _before, value) {
      this.#player?.then((player) => player.set(name, value ?? undefined), () => {});
    }

    begin() {
      this.#showPicture();
      this.#mounted().catch((error) => this.#fail(error));
    }

    async load(url) {
      return (await this.#mounted()).load(url);
    }

    async ask(options = {}) {
      return (await this.#mounted()).ask(options);
    }

    async stop() {
      (await this.#mounted()).stop();
    }

    async replay(trace) {
      return (await this.#mounted()).replay(trace);
    }

    #mounted() {
      seen.unobserve(this);
      this.#player ??= mount(this, this.shadowRoot).then((player) => {
        for (const name of attributes) {
          if (this.hasAttribute(name)) player.set(name, this.getAttribute(name));
        }
        return player;
      });
      return this.#player;
    }

    #fail(error) {
      const message = `The page's own code did not arrive (${error.message}); reload, or check that app.js and app_bg.wasm lie beside look-back.js.`;
      this.shadowRoot.textContent = message;
      this.dispatchEvent(new CustomEvent("error", { detail: { message } }));
    }
  }

  if (!customElements.get("look-back")) customElements.define("look-back", LookBack);
})();
