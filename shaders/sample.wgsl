// The next token, by one workgroup: the largest penalised logit at temperature 0, else a draw among those that
// top-k and top-p keep. Both keep all that lie at or above a threshold, found bit by bit; the draw goes through the
// kept ids in their order. Leaves the id behind in tokens (next slot), seen and result, with the logarithm of its
// probability by the raw logits.

struct Params {
    n_groups: u32,    // of scan
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> scan: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> seen: array<u32>;
@group(0) @binding(4) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(5) var<storage, read_write> result: array<u32>;
@group(0) @binding(6) var<uniform> p: Params;

var<workgroup> sh_sums: array<f32, 256>;
var<workgroup> sh_id: u32;

fn penalized(id: u32) -> f32 {
    let logit = logits[id];
    if (seen[id] == 0u) { return logit; }
    let penalty = bitcast<f32>(step[5]);
    return select(logit * penalty, logit / penalty, logit > 0.0);
}

// A number that is larger for larger values, negative ones included.
fn rank(value: f32) -> u32 {
    let bits = bitcast<u32>(value);
    return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

fn all_sum(lane: u32, value: f32) -> f32 {
    sh_sums[lane] = value;
    workgroupBarrier();
    for (var stride = 128u; stride > 0u; stride /= 2u) {
        if (lane < stride) {
            sh_sums[lane] += sh_sums[lane + stride];
        }
        workgroupBarrier();
    }
    let sum = sh_sums[0];
    workgroupBarrier();
    return sum;
}

// How many ids rank at or above `least`.
fn count(lane: u32, least: u32) -> f32 {
    var n = 0.0;
    for (var id = lane; id < step[6]; id += 256u) {
        n += select(0.0, 1.0, rank(penalized(id)) >= least);
    }
    return all_sum(lane, n);
}

fn weight(id: u32, best: f32, least: u32) -> f32 {
    let value = penalized(id);
    return select(0.0, exp((value - best) / bitcast<f32>(step[2])), rank(value) >= least);
}

// Their weights, added up.
fn mass(lane: u32, best: f32, least: u32) -> f32 {
    var sum = 0.0;
    for (var id = lane; id < step[6]; id += 256u) {
        sum += weight(id, best, least);
    }
    return all_sum(lane, sum);
}

// The highest rank that top-k and top-p together leave.
fn least_rank(lane: u32, best: f32) -> u32 {
    var least = 0u;
    let n_kept = min(step[3], step[6]);
    if (n_kept > 0u) {
        for (var bit = 0x80000000u; bit > 0u; bit /= 2u) {
            let raised = least | bit;
            least = select(least, raised, count(lane, raised) >= f32(n_kept));
        }
    }
    let top_p = bitcast<f32>(step[4]);
    if (top_p < 1.0) {
        let wanted = top_p * mass(lane, best, least);
        var nucleus = 0u;
        for (var bit = 0x80000000u; bit > 0u; bit /= 2u) {
            let raised = nucleus | bit;
            nucleus = select(nucleus, raised, mass(lane, best, max(raised, least)) >= wanted);
        }
        // The best id stays, whatever rounding did.
        least = min(max(nucleus, least), rank(best));
    }
    return least;
}

// Draws by step[1] in 0 … 1; invocation i takes the i-th stretch of ids.
fn draw(lane: u32, best: f32, least: u32) {
    let n = (step[6] + 255u) / 256u;
    let end = min((lane + 1u) * n, step[6]);
    var own = 0.0;
    for (var id = lane * n; id < end; id++) {
        own += weight(id, best, least);
    }
    sh_sums[lane] = own;
    workgroupBarrier();
    if (lane == 0u) {
        var left = 0.0;
        for (var i = 0u; i < 256u; i++) {
            left += sh_sums[i];
        }
        left *= bitcast<f32>(step[1]);
        var stretch = 0u;
        for (var i = 0u; i < 256u; i++) {
            if (sh_sums[i] > 0.0 && left >= 0.0) {
                stretch = i;
                if (left < sh_sums[i]) { break; }
                left -= sh_sums[i];
            }
        }
        for (var id = stretch * n; id < min((stretch + 1u) * n, step[6]); id++) {
            let w = weight(id, best, least);
            if (w > 0.0) {
                sh_id = id;
                left -= w;
                if (left < 0.0) { break; }
            }
        }
    }
    workgroupBarrier();
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
    var maximum = -3.0e38;
    var sum = 0.0;
    var best = -3.0e38;
    var best_id = 0u;
    for (var i = 0u; i < p.n_groups; i++) {
        let part = scan[i];
        let top = bitcast<f32>(part.x);
        let raised = max(maximum, top);
        sum = sum * exp(maximum - raised) + bitcast<f32>(part.y) * exp(top - raised);
        maximum = raised;
        if (bitcast<f32>(part.z) > best) {
            best = bitcast<f32>(part.z);
            best_id = part.w;
        }
    }
    if (lane == 0u) { sh_id = best_id; }
    workgroupBarrier();
    if (bitcast<f32>(step[2]) > 0.0) {
        let least = least_rank(lane, best);
        draw(lane, best, least);
    }
    if (lane == 0u) {
        let id = sh_id;
        result[0] = id;
        result[1] = bitcast<u32>(logits[id] - maximum - log(sum));
        tokens[step[0] + 1u] = id;
        seen[id] = 1u;
    }
}
