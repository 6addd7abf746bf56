// Puts the blocks of attention_decode together. Workgroups below N_HEADS make the context of one head each:
//   out[h] = Σ_b exp(max_b − max) · contexts[h, b] / Σ_b exp(max_b − max) · sum_b;
// the others read four blocks of 64 slots out. With a(k) = mean over heads of the probability of slot k:
//   map[j]                 += a(k) / n_layers          for the slot k of image token j (layer 0 overwrites)
//   sums[layer, block, 0…3] = Σ a over image, question, generated, and all counted slots of the block.
// Roles: 0 not counted, 1 counted only, 2 question, 3 generated, 4 + j image token j.
// Needs: N_VEC4 (up to 32), N_HEADS, PARTS (64 / N_VEC4).

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

// Invocations that share a head's blocks where slots are read out.
const SHARERS: u32 = max(64u / N_HEADS, 1u);

// One number per invocation: maxima, then weights of blocks, then their sums.
var<workgroup> sh_numbers: array<f32, 64>;
var<workgroup> sh_contexts: array<vec4<f32>, 64>;
// Maximum and sum of exponentials of a sharer's blocks, and of a head.
var<workgroup> sh_shares: array<vec2<f32>, N_HEADS * SHARERS>;
var<workgroup> sh_whole: array<vec2<f32>, N_HEADS>;
var<workgroup> sh_sums: array<vec4<f32>, 256>;

// An invocation weighs every 64th block and adds up one vec4 of the context, of one stretch of every block.
fn context(head: u32, lane: u32, n_live: u32) {
    let first = head * p.n_blocks;
    var maximum = -3.0e38;
    for (var b = lane; b < n_live; b += 64u) {
        maximum = max(maximum, stats[first + b].x);
    }
    sh_numbers[lane] = maximum;
    workgroupBarrier();
    let n_weighers = min(64u, n_live);
    for (var i = 0u; i < n_weighers; i++) {
        maximum = max(maximum, sh_numbers[i]);
    }
    var total = 0.0;
    var sum = vec4<f32>(0.0);
    for (var chunk = 0u; chunk < n_live; chunk += 64u) {
        workgroupBarrier();
        if (chunk + lane < n_live) {
            let block = stats[first + chunk + lane];
            let weight = exp(block.x - maximum);
            sh_numbers[lane] = weight;
            total += weight * block.y;
        }
        workgroupBarrier();
        if (lane < PARTS * N_VEC4) {
            for (var i = 0u; i < min(64u, n_live - chunk); i++) {
                sum += sh_numbers[i] * contexts[(first + chunk + i) * PARTS * N_VEC4 + lane];
            }
        }
    }
    workgroupBarrier();
    sh_numbers[lane] = total;
    sh_contexts[lane] = sum;
    workgroupBarrier();
    if (lane < N_VEC4) {
        total = 0.0;
        for (var i = 0u; i < n_weighers; i++) {
            total += sh_numbers[i];
        }
        sum = vec4<f32>(0.0);
        for (var part = 0u; part < PARTS; part++) {
            sum += sh_contexts[part * N_VEC4 + lane];
        }
        out[head * N_VEC4 + lane] = sum / total;
    }
}

// Maximum and sum of exponentials of every SHARERS-th block of a head.
fn share(head: u32, first: u32, n_live: u32) -> vec2<f32> {
    var maximum = -3.0e38;
    for (var b = first; b < n_live; b += SHARERS) {
        maximum = max(maximum, stats[head * p.n_blocks + b].x);
    }
    var sum = 0.0;
    for (var b = first; b < n_live; b += SHARERS) {
        let block = stats[head * p.n_blocks + b];
        sum += block.y * exp(block.x - maximum);
    }
    return vec2<f32>(maximum, sum);
}

// The same of all blocks.
fn whole(head: u32) -> vec2<f32> {
    var maximum = -3.0e38;
    for (var i = 0u; i < SHARERS; i++) {
        maximum = max(maximum, sh_shares[head * SHARERS + i].x);
    }
    var sum = 0.0;
    for (var i = 0u; i < SHARERS; i++) {
        let part = sh_shares[head * SHARERS + i];
        sum += part.y * exp(part.x - maximum);
    }
    return vec2<f32>(maximum, sum);
}

// Probabilities of four slots, mean over heads.
fn probabilities(slots: vec4<u32>) -> vec4<f32> {
    var mean = vec4<f32>(0.0);
    for (var head = 0u; head < N_HEADS; head++) {
        let at = slots + head * p.capacity_token;
        let score = vec4<f32>(scores[at.x], scores[at.y], scores[at.z], scores[at.w]);
        mean += exp(score - sh_whole[head].x) / sh_whole[head].y;
    }
    return mean / f32(N_HEADS);
}

fn by_role(slot: u32, mean: f32) -> vec4<f32> {
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

// An invocation takes a slot of each block.
fn read_out(first_block: u32, lane: u32, n_past: u32, n_live: u32) {
    for (var i = lane; i < N_HEADS * SHARERS; i += 64u) {
        sh_shares[i] = share(i / SHARERS, i % SHARERS, n_live);
    }
    workgroupBarrier();
    for (var head = lane; head < N_HEADS; head += 64u) {
        sh_whole[head] = whole(head);
    }
    workgroupBarrier();
    let slots = vec4<u32>(0u, 64u, 128u, 192u) + first_block * 64u + lane;
    let means = probabilities(min(slots, vec4<u32>(n_past)));
    for (var i = 0u; i < 4u; i++) {
        var of_slot = vec4<f32>(0.0);
        if (slots[i] <= n_past) { of_slot = by_role(slots[i], means[i]); }
        sh_sums[i * 64u + lane] = of_slot;
    }
    workgroupBarrier();
    let block = first_block + lane / 4u;
    if (lane < 16u && block < n_live) {
        var sum = 0.0;
        for (var i = 0u; i < 64u; i++) {
            sum += sh_sums[lane / 4u * 64u + i][lane % 4u];
        }
        sums[(p.layer * p.n_blocks + block) * 4u + lane % 4u] = sum;
    }
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
    } else if ((group.x - N_HEADS) * 4u < n_live) {
        read_out((group.x - N_HEADS) * 4u, lane, n_past, n_live);
    }
}
