// The next token, by one workgroup: the largest penalised logit at temperature 0, else a draw among those that
// top-k and top-p keep. Both keep all that lie at or above a threshold, whose bits are found three at a time, with a
// pass over the ids; the draw goes through the kept ids in their order. Leaves the id behind in tokens (next slot),
// seen and result, with the logarithm of its probability by the raw logits.
// Needs: shared/part.wgsl.

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

const N_LANES: u32 = 256u;
// Ids that the workgroup reads at once, four per invocation.
const N_READ: u32 = 1024u;

// Weights at or above eight thresholds, or of a stretch of ids.
var<workgroup> sh_low: array<vec4<f32>, 256>;
var<workgroup> sh_high: array<vec4<f32>, 256>;
// Where the draw goes on, and the weight that it still passes.
var<workgroup> sh_id: u32;
var<workgroup> sh_left: f32;
// Whether the lower bits of a threshold change nothing any more.
var<workgroup> sh_is_found: u32;

// Four ids: penalised logits, and their ranks, larger for larger values, 0 for ids from the end on.
struct Four {
    values: vec4<f32>,
    ranks: vec4<u32>,
}

fn rank(values: vec4<f32>) -> vec4<u32> {
    // Both zeros are one.
    let bits = select(bitcast<vec4<u32>>(values), vec4<u32>(0u), values == vec4<f32>(0.0));
    return select(bits | vec4<u32>(0x80000000u), ~bits, bits >= vec4<u32>(0x80000000u));
}

fn four(ids: vec4<u32>, end: u32) -> Four {
    let at = min(ids, vec4<u32>(end - 1u));
    let values = penalized(raw(at), at);
    return Four(values, select(vec4<u32>(0u), rank(values), ids < vec4<u32>(end)));
}

// Weights of those that rank at or above `least` (above 0), 0 for the others.
fn weights(own: Four, best: f32, least: u32) -> vec4<f32> {
    let are_kept = own.ranks >= vec4<u32>(least);
    if (!any(are_kept)) { return vec4<f32>(0.0); }
    return select(vec4<f32>(0.0), exp((own.values - best) / bitcast<f32>(step[2])), are_kept);
}

fn sum_lanes(lane: u32, low: vec4<f32>, high: vec4<f32>) {
    sh_low[lane] = low;
    sh_high[lane] = high;
    workgroupBarrier();
    for (var stride = 128u; stride > 0u; stride /= 2u) {
        if (lane < stride) {
            sh_low[lane] += sh_low[lane + stride];
            sh_high[lane] += sh_high[lane + stride];
        }
        workgroupBarrier();
    }
}

fn above(rank: u32, weight: f32, least: vec4<u32>) -> vec4<f32> {
    return select(vec4<f32>(0.0), vec4<f32>(weight), vec4<u32>(rank) >= least);
}

// How many of the numbers reach `wanted`.
fn reached(sums: vec4<f32>, wanted: f32) -> u32 {
    let reached = select(vec4<u32>(0u), vec4<u32>(1u), sums >= vec4<f32>(wanted));
    return reached.x + reached.y + reached.z + reached.w;
}

// The highest rank at or above which ids weigh enough, of those that rank at or above `lowest` (above 0): `n_wanted`,
// where each counts 1, or else `share` of the weight of all. `lowest` if all of them do not.
fn threshold(lane: u32, best: f32, lowest: u32, n_wanted: u32, share: f32) -> u32 {
    var least = 0u;
    var wanted = f32(n_wanted);
    // Shifts 29, 26 … 2, 0.
    for (var n_done = 0u; n_done < 11u; n_done++) {
        let shift = vec4<u32>(max(29u, 3u * n_done) - 3u * n_done);
        let low = max(least + (vec4<u32>(0u, 1u, 2u, 3u) << shift), vec4<u32>(lowest));
        let high = max(least + (vec4<u32>(4u, 5u, 6u, 7u) << shift), vec4<u32>(lowest));
        var sum_low = vec4<f32>(0.0);
        var sum_high = vec4<f32>(0.0);
        for (var first = lane; first < step[6]; first += N_READ) {
            let own = four(vec4<u32>(0u, 256u, 512u, 768u) + first, step[6]);
            var weight = vec4<f32>(1.0);
            if (n_wanted == 0u) { weight = weights(own, best, low.x); }
            sum_low += above(own.ranks.x, weight.x, low);
            sum_high += above(own.ranks.x, weight.x, high);
            sum_low += above(own.ranks.y, weight.y, low);
            sum_high += above(own.ranks.y, weight.y, high);
            sum_low += above(own.ranks.z, weight.z, low);
            sum_high += above(own.ranks.z, weight.z, high);
            sum_low += above(own.ranks.w, weight.w, low);
            sum_high += above(own.ranks.w, weight.w, high);
        }
        sum_lanes(lane, sum_low, sum_high);
        // Above 0, which thresholds above every id would reach.
        if (n_done == 0u && n_wanted == 0u) { wanted = max(share * sh_low[0].x, 1.0e-30); }
        // The lowest of the eight is what the pass before found.
        let n_met = max(reached(sh_low[0], wanted) + reached(sh_high[0], wanted), 1u) - 1u;
        least += n_met << shift.x;
        if (lane == 0u) {
            let sum = select(sh_low[0][n_met % 4u], sh_high[0][n_met % 4u], n_met > 3u);
            sh_is_found = select(0u, 1u, n_wanted > 0u && sum <= wanted);
        }
        if (workgroupUniformLoad(&sh_is_found) != 0u) { break; }
    }
    return max(least, lowest);
}

// Draws by step[1] in 0 … 1: every invocation weighs a 256th of the ids, then of those in the stretch where the draw
// fell, until that is one id of up to 256³.
fn draw(lane: u32, best: f32, best_id: u32, least: u32) {
    var first = 0u;
    var end = step[6];
    for (var level = 0u; level < 3u; level++) {
        let n = (end - first + 255u) / 256u;
        let own_end = min(first + (lane + 1u) * n, end);
        var own = 0.0;
        for (var id = first + lane * n; id < own_end; id += 4u) {
            let kept = four(vec4<u32>(0u, 1u, 2u, 3u) + id, own_end);
            own += dot(weights(kept, best, least), vec4<f32>(1.0));
        }
        sh_low[lane].x = own;
        workgroupBarrier();
        if (lane == 0u) {
            var left = sh_left;
            if (level == 0u) {
                left = 0.0;
                for (var i = 0u; i < 256u; i++) {
                    left += sh_low[i].x;
                }
                left *= bitcast<f32>(step[1]);
            }
            // The last one that weighs anything, whatever rounding did, or the best id's where none does.
            let has_best = first <= best_id && best_id < end;
            var stretch = select(0u, (best_id - first) / n, has_best);
            var before = 0.0;
            var sum = 0.0;
            for (var i = 0u; i < 256u; i++) {
                let weight = sh_low[i].x;
                if (weight > 0.0) {
                    stretch = i;
                    before = sum;
                    sum += weight;
                    if (left < sum) { break; }
                }
            }
            sh_left = left - before;
            sh_id = first + stretch * n;
        }
        workgroupBarrier();
        first = sh_id;
        end = min(first + n, end);
    }
}

@compute @workgroup_size(N_LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
    var own = nothing();
    for (var i = lane; i < p.n_groups; i += 256u) {
        own = together(own, scan[i]);
    }
    all_together(lane, own);
    let whole = sh_parts[0];
    let best = bitcast<f32>(whole.z);
    // No id is best where no logit is a number.
    let best_id = select(whole.w, 0u, whole.w == NO_ID);
    if (lane == 0u) { sh_id = best_id; }
    let temperature = bitcast<f32>(step[2]);
    if (temperature > 0.0) {
        // What lies further below the best weighs 0 in f32.
        var least = max(rank(vec4<f32>(best - 128.0 * temperature)).x, 1u);
        let n_kept = min(step[3], step[6]);
        if (n_kept > 0u) { least = threshold(lane, best, least, n_kept, 0.0); }
        let top_p = bitcast<f32>(step[4]);
        if (top_p < 1.0) { least = threshold(lane, best, least, 0u, top_p); }
        // The best id stays, whatever rounding did.
        draw(lane, best, best_id, min(least, rank(vec4<f32>(best)).x));
    }
    if (lane == 0u) {
        let id = sh_id;
        result[0] = id;
        result[1] = bitcast<u32>(logits[id] - bitcast<f32>(whole.x) - log(bitcast<f32>(whole.y)));
        tokens[step[0] + 1u] = id;
        seen[id] = 1u;
    }
}
