// Lookback as a contestant of the side-by-side benchmark (shared `peers`): its kernels and its whole decode.
// `model` in the options is the address of the mini model's Lookback folder.
import init, { Kernels, Loading } from "./bench.js";

const HARNESS = "/peers";

export default async function lookback(opts) {
  const [{ cases }, { frac, SEED, refMM, refAttn, relErr, samples }, { sampler }] = await Promise.all(
    ["cases", "lib/data", "lib/gpu"].map((name) => import(`${HARNESS}/${name}.mjs`)),
  );
  await init();
  const kernels = await Kernels.open();
  const live = {};
  let model = null;

  const bytes = async (url) => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: HTTP status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };

  const product = async ({ name, M, K, N }) => {
    const [words, scales] = await Promise.all(["q4", "f32"].map((end) => bytes(`/models/mm_${name}.${end}`)));
    return kernels.product(new Uint32Array(words.buffer), new Float32Array(scales.buffer), frac(M * K, SEED.A), N, K);
  };

  // Rows of the harness are q | k | v apart; ours are one row per token.
  const rows = ({ S, H, KV, D }) => {
    const parts = [[SEED.q, H * D], [SEED.k, KV * D], [SEED.v, KV * D]].map(([seed, width]) => [frac(S * width, seed), width]);
    const all = new Float32Array(S * (H + 2 * KV) * D);
    let at = 0;
    for (let s = 0; s < S; s++) {
      for (const [values, width] of parts) {
        all.set(values.subarray(s * width, (s + 1) * width), at);
        at += width;
      }
    }
    return all;
  };

  // [head, token, dim] → [token, head, dim]
  const cached = (seed, { P, KV, D }) => {
    const heads = frac(KV * P * D, seed);
    const tokens = new Float32Array(KV * P * D);
    for (let h = 0; h < KV; h++) {
      for (let t = 0; t < P; t++) {
        tokens.set(heads.subarray((h * P + t) * D, (h * P + t + 1) * D), (t * KV + h) * D);
      }
    }
    return tokens;
  };

  const attention = (c) =>
    c.S === 1
      ? kernels.decode(rows(c), cached(SEED.pk, c), cached(SEED.pv, c), c.H, c.KV, c.D)
      : kernels.prefill(rows(c), c.H, c.KV, c.D);

  const prepareKernel = async (id) => {
    const c = cases[id];
    const kernel = c.kind === "mm" ? await product(c) : attention(c);
    const width = c.kind === "mm" ? c.N : c.H * c.D;
    const got = await kernel.values();
    const reference = c.kind === "mm" ? refMM(c) : refAttn(c);
    const err = relErr(reference, samples(c.M ?? c.S, width).map(([row, column]) => got[row * width + column]));
    const timed = await sampler(() => kernel.launch(), () => kernel.wait());
    live[id] = { kernel, timed };
    return { reps: timed.reps, warm_ms: timed.warm_ms, err };
  };

  const load = async (url) => {
    const loading = await Loading.start(await bytes(`${url}manifest.json`));
    for (const name of loading.files()) loading.add_file(name, await bytes(url + name));
    for (const name of loading.shards()) loading.add_shard(await bytes(url + name));
    return loading.finish();
  };

  const answer = async (id) => {
    const c = cases[id];
    const image = c.image ? await bytes("/models/img112.png") : new Uint8Array();
    const { n_prompt_token, first_millis, rest_millis, ids } = await model.answer(image, "abcdefghij".repeat(c.prompt / 10), c.gen);
    return { tokens: n_prompt_token, ttft_ms: first_millis, tok_ms: rest_millis / (ids.length - 1), ids: [...ids] };
  };

  const prepareModel = async (id) => {
    const began = performance.now();
    model ??= await load(opts.model);
    const load_ms = performance.now() - began;
    const { tokens, ttft_ms, ids } = await answer(id);
    return { load_ms, tokens, warm_ttft_ms: ttft_ms, ids };
  };

  const runModel = async (id, n) => {
    const results = [];
    for (let i = 0; i < n; i++) {
      const { ttft_ms, tok_ms } = await answer(id);
      results.push({ ttft_ms, tok_ms });
    }
    return results;
  };

  const isModel = (id) => cases[id].kind === "e2e";
  const canRun = ({ kind, causal, model }) => kind === "mm" || (kind === "gqa" && causal !== false) || (kind === "e2e" && !model && Boolean(opts.model));
  return {
    info: { lib: "Lookback", adapter: kernels.adapter() },
    cases: Object.keys(cases).filter((id) => canRun(cases[id])),
    prepare: (id) => (isModel(id) ? prepareModel(id) : prepareKernel(id)),
    run: (id, n) => (isModel(id) ? runModel(id, n) : live[id].timed.run(n)),
    release: async (id) => {
      live[id]?.kernel.free();
      delete live[id];
    },
  };
}
