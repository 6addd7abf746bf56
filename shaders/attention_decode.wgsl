// Attention of one query over the cache, which also leaves its normalised probabilities behind.
// One workgroup per query head; query head h reads key/value head h / (n_heads / n_kv_heads).
// Needs: N_VEC4, a quarter of the head width.

struct Params {
    n_heads: u32,
    n_kv_heads: u32,
    capacity_token: u32,
    scale_bits: u32,  // f32
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> keys: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> values: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> n_past: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> probabilities: array<f32>;  // [n_heads, capacity_token]
@group(0) @binding(6) var<uniform> p: Params;

var<workgroup> sh_query: array<vec4<f32>, N_VEC4>;
var<workgroup> sh_partial: array<f32, 64>;

fn dot_key(at: u32) -> f32 {
    var score = 0.0;
    for (var d = 0u; d < N_VEC4; d++) {
        score += dot(sh_query[d], keys[at + d]);
    }
    return score;
}

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let head = group.x;
    let kv_head = head / (p.n_heads / p.n_kv_heads);
    let n_keys = n_past[0] + 1u;
    let row = head * p.capacity_token;
    for (var d = lane; d < N_VEC4; d += 64u) {
        sh_query[d] = qkv[head * N_VEC4 + d] * bitcast<f32>(p.scale_bits);
    }
    workgroupBarrier();

    var maximum = -3.0e38;
    for (var slot = lane; slot < n_keys; slot += 64u) {
        let score = dot_key((slot * p.n_kv_heads + kv_head) * N_VEC4);
        probabilities[row + slot] = score;
        maximum = max(maximum, score);
    }
    sh_partial[lane] = maximum;
    workgroupBarrier();
    for (var stride = 32u; stride > 0u; stride /= 2u) {
        if (lane < stride) {
            sh_partial[lane] = max(sh_partial[lane], sh_partial[lane + stride]);
        }
        workgroupBarrier();
    }
    maximum = sh_partial[0];
    workgroupBarrier();

    var total = 0.0;
    for (var slot = lane; slot < n_keys; slot += 64u) {
        let weight = exp(probabilities[row + slot] - maximum);
        probabilities[row + slot] = weight;
        total += weight;
    }
    sh_partial[lane] = total;
    workgroupBarrier();
    for (var stride = 32u; stride > 0u; stride /= 2u) {
        if (lane < stride) {
            sh_partial[lane] += sh_partial[lane + stride];
        }
        workgroupBarrier();
    }
    total = sh_partial[0];
    for (var slot = lane; slot < n_keys; slot += 64u) {
        probabilities[row + slot] /= total;
    }
    storageBarrier();
    workgroupBarrier();

    for (var d = lane; d < N_VEC4; d += 64u) {
        var sum = vec4<f32>(0.0);
        for (var slot = 0u; slot < n_keys; slot++) {
            sum += probabilities[row + slot] * values[(slot * p.n_kv_heads + kv_head) * N_VEC4 + d];
        }
        out[head * N_VEC4 + d] = sum;
    }
}
