// What a stretch of logits leaves for the choice of the next token, as vec4<u32>:
//   (maximum, Σ exp(logit − maximum), largest penalised logit, its id), the lowest id where two are equal.
// The first three are the bits of f32. A logit whose id was seen before is divided by the penalty, or multiplied with
// it where it is negative.
// Needs: logits, seen and step, as scan.wgsl binds them, and N_LANES (invocations of the workgroup, a power of two).

const LOWEST: f32 = -3.0e38;
const NO_ID: u32 = 0xffffffffu;

var<workgroup> sh_parts: array<vec4<u32>, N_LANES>;

fn part(maximum: f32, sum: f32, best: f32, id: u32) -> vec4<u32> {
    return vec4<u32>(bitcast<u32>(maximum), bitcast<u32>(sum), bitcast<u32>(best), id);
}

// That of no logits.
fn nothing() -> vec4<u32> {
    return part(LOWEST, 0.0, LOWEST, NO_ID);
}

fn together(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let maxima = vec2<f32>(bitcast<f32>(a.x), bitcast<f32>(b.x));
    let maximum = max(maxima.x, maxima.y);
    let sum = bitcast<f32>(a.y) * exp(maxima.x - maximum) + bitcast<f32>(b.y) * exp(maxima.y - maximum);
    let best = vec2<f32>(bitcast<f32>(a.z), bitcast<f32>(b.z));
    let is_better = a.w == NO_ID || best.y > best.x || (best.y == best.x && b.w < a.w);
    let chosen = select(a.zw, b.zw, b.w != NO_ID && is_better);
    return vec4<u32>(bitcast<u32>(maximum), bitcast<u32>(sum), chosen);
}

// Those of all invocations, in sh_parts[0].
fn all_together(lane: u32, own: vec4<u32>) {
    sh_parts[lane] = own;
    workgroupBarrier();
    for (var stride = N_LANES / 2u; stride > 0u; stride /= 2u) {
        if (lane < stride) {
            sh_parts[lane] = together(sh_parts[lane], sh_parts[lane + stride]);
        }
        workgroupBarrier();
    }
}

fn raw(ids: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(logits[ids.x], logits[ids.y], logits[ids.z], logits[ids.w]);
}

fn penalized(raw: vec4<f32>, ids: vec4<u32>) -> vec4<f32> {
    let penalty = bitcast<f32>(step[5]);
    if (penalty == 1.0) { return raw; }
    let are_seen = vec4<u32>(seen[ids.x], seen[ids.y], seen[ids.z], seen[ids.w]) != vec4<u32>(0u);
    // Most were not: a division costs.
    if (!any(are_seen)) { return raw; }
    return select(raw, select(raw * penalty, raw / penalty, raw > vec4<f32>(0.0)), are_seen);
}
