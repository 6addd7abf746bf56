// One pass over the logits, for the choice of the next token: per workgroup
//   scan[group] = (maximum, Σ exp(logit − maximum), largest penalised logit, its id), the lowest id where two are equal.
// A logit whose id was seen before is divided by the penalty, or multiplied with it where it is negative.

struct Params {
    n_group_id: u32,  // ids per workgroup
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> seen: array<u32>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> scan: array<vec4<u32>>;
@group(0) @binding(4) var<uniform> p: Params;

var<workgroup> sh_whole: array<vec2<f32>, 64>;
var<workgroup> sh_best: array<f32, 64>;
var<workgroup> sh_id: array<u32, 64>;

fn penalized(logit: f32, id: u32) -> f32 {
    if (seen[id] == 0u) { return logit; }
    let penalty = bitcast<f32>(step[5]);
    return select(logit * penalty, logit / penalty, logit > 0.0);
}

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let end = min((group.x + 1u) * p.n_group_id, step[6]);
    var maximum = -3.0e38;
    var sum = 0.0;
    var best = -3.0e38;
    var best_id = 0xffffffffu;
    for (var id = group.x * p.n_group_id + lane; id < end; id += 64u) {
        let logit = logits[id];
        let raised = max(maximum, logit);
        sum = sum * exp(maximum - raised) + exp(logit - raised);
        maximum = raised;
        let value = penalized(logit, id);
        if (value > best || best_id == 0xffffffffu) {
            best = value;
            best_id = id;
        }
    }
    sh_whole[lane] = vec2<f32>(maximum, sum);
    sh_best[lane] = best;
    sh_id[lane] = best_id;
    workgroupBarrier();
    if (lane > 0u) {
        return;
    }
    for (var i = 1u; i < 64u; i++) {
        let other = sh_whole[i];
        let raised = max(maximum, other.x);
        sum = sum * exp(maximum - raised) + other.y * exp(other.x - raised);
        maximum = raised;
        let is_better = sh_best[i] > best || (sh_best[i] == best && sh_id[i] < best_id);
        if (sh_id[i] != 0xffffffffu && (is_better || best_id == 0xffffffffu)) {
            best = sh_best[i];
            best_id = sh_id[i];
        }
    }
    scan[group.x] = vec4<u32>(bitcast<u32>(maximum), bitcast<u32>(sum), bitcast<u32>(best), best_id);
}
