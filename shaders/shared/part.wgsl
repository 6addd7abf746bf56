// What a stretch of logits leaves for the choice of the next token, as vec4<u32>:
//   (maximum, Σ exp(logit − maximum), largest penalised logit, its id), the lowest id where two are equal.
// The first three are the bits of f32. A logit whose id was seen before is divided by the penalty, or multiplied with
// it where it is negative.

const NO_ID: u32 = 0xffffffffu;

fn part(maximum: f32, sum: f32, best: f32, id: u32) -> vec4<u32> {
    return vec4<u32>(bitcast<u32>(maximum), bitcast<u32>(sum), bitcast<u32>(best), id);
}

// That of no logits.
fn nothing() -> vec4<u32> {
    return part(-3.0e38, 0.0, -3.0e38, NO_ID);
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

fn penalized(logits: vec4<f32>, are_seen: vec4<bool>, penalty: f32) -> vec4<f32> {
    // Most were not: a division costs.
    if (!any(are_seen)) { return logits; }
    let penalized = select(logits * penalty, logits / penalty, logits > vec4<f32>(0.0));
    return select(logits, penalized, are_seen);
}
