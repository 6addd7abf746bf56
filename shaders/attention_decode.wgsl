// Attention of one new token over one block of 64 cache slots, for HEADS query heads that share a key/value head:
// rotates query and key, writes key and value into the cache, and leaves for attention_merge
//   scores[h, slot], stats[h, block] = (maximum, Σ exp(score − maximum)), and
//   contexts[h, block · PARTS + part] = Σ exp(score − maximum) · value over the slots ≡ part modulo PARTS.
// Needs: N_VEC4 (a quarter of the head width, even, up to 32), HEADS (1 to 8), GROUP_HEADS (query heads per key/value
// head), PARTS (64 / N_VEC4), STEP_ANGLES, and what shared/cache.wgsl needs.

struct Params {
    n_heads: u32,
    n_kv_heads: u32,
    capacity_token: u32,
    n_blocks: u32,
    scale_bits: u32,  // f32
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(2) var<storage, read_write> keys: array<Cached>;
@group(0) @binding(3) var<storage, read_write> values: array<Cached>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;
@group(0) @binding(5) var<storage, read_write> contexts: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2<f32>>;
@group(0) @binding(7) var<uniform> p: Params;

const HALF: u32 = N_VEC4 / 2u;

var<workgroup> sh_query: array<vec4<f32>, HEADS * N_VEC4>;
var<workgroup> sh_weights: array<f32, HEADS * 64u>;
var<workgroup> sh_maximum: array<f32, HEADS>;
// Eight invocations a head: their maxima, then their sums.
var<workgroup> sh_eighths: array<f32, HEADS * 8u>;

fn angles(at: u32) -> vec4<f32> {
    return vec4<f32>(
        bitcast<f32>(step[at]), bitcast<f32>(step[at + 1u]), bitcast<f32>(step[at + 2u]), bitcast<f32>(step[at + 3u]),
    );
}

// Both halves of a rotated head at vec4 d of the lower half, which begins at `at` in qkv.
fn rotated(at: u32, d: u32) -> array<vec4<f32>, 2> {
    let a = qkv[at + d];
    let b = qkv[at + d + HALF];
    let c = angles(STEP_ANGLES + 4u * d);
    let s = angles(STEP_ANGLES + 4u * (HALF + d));
    return array<vec4<f32>, 2>(a * c - b * s, b * c + a * s);
}

fn keep(h: u32, head: u32, slot: u32, score: f32, is_key: bool) {
    sh_weights[h * 64u + slot % 64u] = select(-3.0e38, score, is_key);
    if (is_key) { scores[head * p.capacity_token + slot] = score; }
}

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let first_head = group.x * HEADS;
    let kv_head = first_head / GROUP_HEADS;
    let block = group.y;
    let n_past = step[0];
    let first_slot = block * 64u;
    if (first_slot > n_past) {
        return;
    }
    for (var i = lane; i < HEADS * HALF; i += 64u) {
        let h = i / HALF;
        let d = i % HALF;
        let query = rotated((first_head + h) * N_VEC4, d);
        sh_query[h * N_VEC4 + d] = query[0] * bitcast<f32>(p.scale_bits);
        sh_query[h * N_VEC4 + d + HALF] = query[1] * bitcast<f32>(p.scale_bits);
    }
    // Every workgroup of this key/value head writes the same new row, and reads what it wrote itself.
    if (n_past < first_slot + 64u) {
        if (lane < HALF) {
            let key = rotated((p.n_heads + kv_head) * N_VEC4, lane);
            keys[key_at(n_past, kv_head, lane)] = cached(key[0]);
            keys[key_at(n_past, kv_head, lane + HALF)] = cached(key[1]);
        }
        if (lane < N_VEC4) {
            let value = qkv[(p.n_heads + p.n_kv_heads + kv_head) * N_VEC4 + lane];
            values[value_at(n_past, kv_head, lane)] = cached(value);
        }
    }
    storageBarrier();
    workgroupBarrier();

    let slot = first_slot + lane;
    let is_key = slot <= n_past;
    var low = vec4<f32>(0.0);
    var high = vec4<f32>(0.0);
    if (is_key) {
        for (var d = 0u; d < N_VEC4; d++) {
            let key = uncached(keys[key_at(slot, kv_head, d)]);
            low.x += dot(sh_query[d], key);
            if (HEADS > 1u) { low.y += dot(sh_query[N_VEC4 + d], key); }
            if (HEADS > 2u) { low.z += dot(sh_query[min(2u, HEADS - 1u) * N_VEC4 + d], key); }
            if (HEADS > 3u) { low.w += dot(sh_query[min(3u, HEADS - 1u) * N_VEC4 + d], key); }
            if (HEADS > 4u) { high.x += dot(sh_query[min(4u, HEADS - 1u) * N_VEC4 + d], key); }
            if (HEADS > 5u) { high.y += dot(sh_query[min(5u, HEADS - 1u) * N_VEC4 + d], key); }
            if (HEADS > 6u) { high.z += dot(sh_query[min(6u, HEADS - 1u) * N_VEC4 + d], key); }
            if (HEADS > 7u) { high.w += dot(sh_query[min(7u, HEADS - 1u) * N_VEC4 + d], key); }
        }
    }
    for (var h = 0u; h < HEADS; h++) {
        let score = select(low[h % 4u], high[h % 4u], h > 3u);
        keep(h, first_head + h, slot, score, is_key);
    }
    workgroupBarrier();
    // Eight invocations of a head take every eighth slot of it.
    let first_own = lane / 8u * 64u + lane % 8u;
    if (lane < HEADS * 8u) {
        var maximum = -3.0e38;
        for (var k = 0u; k < 64u; k += 8u) {
            maximum = max(maximum, sh_weights[first_own + k]);
        }
        sh_eighths[lane] = maximum;
    }
    workgroupBarrier();
    if (lane < HEADS) {
        var maximum = -3.0e38;
        for (var i = 0u; i < 8u; i++) {
            maximum = max(maximum, sh_eighths[lane * 8u + i]);
        }
        sh_maximum[lane] = maximum;
    }
    workgroupBarrier();
    for (var h = 0u; h < HEADS; h++) {
        let at = h * 64u + lane;
        sh_weights[at] = select(0.0, exp(sh_weights[at] - sh_maximum[h]), is_key);
    }
    workgroupBarrier();
    if (lane < HEADS * 8u) {
        var sum = 0.0;
        for (var k = 0u; k < 64u; k += 8u) {
            sum += sh_weights[first_own + k];
        }
        sh_eighths[lane] = sum;
    }
    let n_keys = min(64u, n_past + 1u - first_slot);
    if (lane / N_VEC4 < PARTS) {
        mix(first_head, kv_head, block, lane / N_VEC4, lane % N_VEC4, n_keys);
    }
    workgroupBarrier();
    if (lane < HEADS) {
        var sum = 0.0;
        for (var i = 0u; i < 8u; i++) {
            sum += sh_eighths[lane * 8u + i];
        }
        stats[(first_head + lane) * p.n_blocks + block] = vec2<f32>(sh_maximum[lane], sum);
    }
}

// One stretch of the block's context, for all heads at once: every value is read once.
fn mix(first_head: u32, kv_head: u32, block: u32, part: u32, d: u32, n_keys: u32) {
    var sums: array<vec4<f32>, HEADS>;
    for (var k = part; k < n_keys; k += PARTS) {
        let value = uncached(values[value_at(block * 64u + k, kv_head, d)]);
        for (var h = 0u; h < HEADS; h++) {
            sums[h] += sh_weights[h * 64u + k] * value;
        }
    }
    for (var h = 0u; h < HEADS; h++) {
        contexts[(((first_head + h) * p.n_blocks + block) * PARTS + part) * N_VEC4 + d] = sums[h];
    }
}
