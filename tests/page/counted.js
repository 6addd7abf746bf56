// Runs before the page's own scripts: every worker counts what it asks of WebGPU, and says so token by token.
(() => {
  const counting = () => {
    const counts = { dispatches: 0, submits: 0, reads: 0, read_bytes: 0, buffers: 0, writes: 0, written_bytes: 0 };
    const log = [];
    // From the first request of a step to the end of its submission, all steps so far.
    let began = 0;
    let asking_millis = 0;
    const wrap = (prototype, name, count) => {
      const original = prototype[name];
      prototype[name] = function (...given) {
        if (name !== "mapAsync") began ||= performance.now();
        count(...given);
        const result = original.apply(this, given);
        if (name === "submit") {
          asking_millis += performance.now() - began;
          began = 0;
        }
        return result;
      };
    };
    wrap(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => counts.dispatches++);
    wrap(GPUQueue.prototype, "submit", () => counts.submits++);
    wrap(GPUDevice.prototype, "createBuffer", () => counts.buffers++);
    wrap(GPUQueue.prototype, "writeBuffer", (_buffer, _at, data, first = 0, size) => {
      counts.writes++;
      counts.written_bytes += size ?? data.byteLength - first;
    });
    wrap(GPUBuffer.prototype, "mapAsync", () => counts.reads++);
    // What is read is copied for it; the buffer that is mapped then is larger and stays.
    wrap(GPUCommandEncoder.prototype, "copyBufferToBuffer", (...given) => (counts.read_bytes += given.length > 3 ? given[4] : given[2]));
    const post = self.postMessage.bind(self);
    self.postMessage = (message, ...rest) => {
      if (message?.kind === "token") log.push({ ...counts, asking_millis });
      post(message, ...rest);
    };
    new BroadcastChannel("counted").onmessage = ({ target }) => target.postMessage(log);
  };
  const Original = window.Worker;
  window.Worker = class extends Original {
    constructor(url, options) {
      const address = new URL(url, document.baseURI).href;
      const text = `(${counting})();\nawait import(${JSON.stringify(address)});`;
      super(URL.createObjectURL(new Blob([text], { type: "text/javascript" })), { ...options, type: "module" });
    }
  };
})();
