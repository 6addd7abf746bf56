// The custom element of the contract:
// <look-back model="URL" src="IMAGE" question="TEXT" trace="URL" page>, <img> children are sample pictures.
// The page itself is wasm and arrives on first use; every address is relative to this file.

const base = new URL("./", import.meta.url).href;
// `page`: the address bar is the element's own. It comes before `trace`: a link says what to show.
const attributes = ["model", "src", "question", "page", "trace"];
let app;

function loadApp() {
  app ??= import("./app.js").then(async (module) => {
    await module.default();
    return module;
  });
  return app;
}

// Holds the element's place until the page is there, so that nothing below it moves.
const placeholder = new CSSStyleSheet();
placeholder.replaceSync(":host{display:block;min-height:30rem} :host([hidden]){display:none}");

class LookBack extends HTMLElement {
  static observedAttributes = attributes;
  #player = null;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [placeholder];
  }

  connectedCallback() {
    this.#mounted().catch((error) => this.#fail(error));
  }

  disconnectedCallback() {
    // Moving an element within the document disconnects and connects it again; that must not end a run.
    queueMicrotask(async () => {
      if (this.isConnected || !this.#player) return;
      const player = this.#player;
      this.#player = null;
      (await player).unmount();
    });
  }

  attributeChangedCallback(name, _before, value) {
    this.#player?.then((player) => player.set(name, value ?? undefined), () => {});
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
    this.#player ??= loadApp().then((module) => {
      const player = module.mount(this, this.shadowRoot, base);
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
