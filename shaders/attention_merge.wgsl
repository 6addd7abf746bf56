// Puts the blocks of attention_decode together. Workgroups below N_HEADS make the context of one head each:
//   out[h] = Σ_b exp(max_b − max) · contexts[h, b] / Σ_b exp(max_b − max) · sum_b;
// the others read one block of 64 slots out. With a(k) = mean over heads of the probability of slot k:
//   map[j]                 += a(k) / n_layers          for the slot k of image token j (layer 0 overwrites)
//   sums[layer, block, 0…3] = Σ a over image, question, generated, and all counted slots of the block.
// Roles: 0 not counted, 1 counted only, 2 question, 3 generated, 4 + j image token j.
// Needs: N_VEC4, N_HEADS, PARTS.

struct Params {
    capacity_token: u32,
    n_blocks: u32,
    layer: u32,
    n_layers: u32,
}

@group(0) @binding(0) var<storage, read> stats: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read> contexts: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> scores: array<f32>;
@group(0) @binding(3) var<storage, read> roles: array<u32>;
@group(0) @binding(4) var<storage, read> step: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> map: array<f32>;
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;

var<workgroup> sh_whole: array<vec2<f32>, N_HEADS>;
var<workgroup> sh_sums: array<vec4<f32>, 64>;

// Maximum and sum of exponentials of a head over all its blocks.
fn whole(head: u32, n_live: u32) -> vec2<f32> {
    var maximum = -3.0e38;
    for (var b = 0u; b < n_live; b++) {
        maximum = max(maximum, stats[head * p.n_blocks + b].x);
    }
    var sum = 0.0;
    for (var b = 0u; b < n_live; b++) {
        let block = stats[head * p.n_blocks + b];
        sum += block.y * exp(block.x - maximum);
    }
    return vec2<f32>(maximum, sum);
}

fn context(head: u32, lane: u32, n_live: u32) {
    let all = whole(head, n_live);
    for (var d = lane; d < N_VEC4; d += 64u) {
        var sum = vec4<f32>(0.0);
        for (var b = 0u; b < n_live; b++) {
            let at = head * p.n_blocks + b;
            var block = vec4<f32>(0.0);
            for (var part = 0u; part < PARTS; part++) {
                block += contexts[(at * PARTS + part) * N_VEC4 + d];
            }
            sum += block * exp(stats[at].x - all.x);
        }
        out[head * N_VEC4 + d] = sum / all.y;
    }
}

// Probability of a slot, mean over heads.
fn probability(slot: u32) -> f32 {
    var mean = 0.0;
    for (var head = 0u; head < N_HEADS; head++) {
        let all = sh_whole[head];
        mean += exp(scores[head * p.capacity_token + slot] - all.x) / all.y;
    }
    return mean / f32(N_HEADS);
}

fn by_role(slot: u32) -> vec4<f32> {
    let mean = probability(slot);
    let role = roles[slot];
    if (role >= 4u) {
        var before = 0.0;
        if (p.layer > 0u) { before = map[role - 4u]; }
        map[role - 4u] = before + mean / f32(p.n_layers);
    }
    return mean * vec4<f32>(
        select(0.0, 1.0, role >= 4u),
        select(0.0, 1.0, role == 2u),
        select(0.0, 1.0, role == 3u),
        select(0.0, 1.0, role > 0u),
    );
}

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let n_past = step[0];
    let n_live = n_past / 64u + 1u;
    if (group.x < N_HEADS) {
        context(group.x, lane, n_live);
        return;
    }
    let block = group.x - N_HEADS;
    if (block >= n_live) {
        return;
    }
    for (var head = lane; head < N_HEADS; head += 64u) {
        sh_whole[head] = whole(head, n_live);
    }
    workgroupBarrier();
    let slot = block * 64u + lane;
    sh_sums[lane] = vec4<f32>(0.0);
    if (slot <= n_past) {
        sh_sums[lane] = by_role(slot);
    }
    workgroupBarrier();
    if (lane < 4u) {
        var sum = 0.0;
        for (var i = 0u; i < 64u; i++) {
            sum += sh_sums[i][lane];
        }
        sums[(p.layer * p.n_blocks + block) * 4u + lane] = sum;
    }
}
