// Causal attention over the cache: row m of this chunk sits in slot step[0] + m and sees slots 0 … step[0] + m.
// Query head h reads key/value head h / (n_heads / n_kv_heads). One invocation per row and query head.
// Keys lie as attention_decode.wgsl says. Needs: N_VEC4, a quarter of the head width.

struct Params {
    n_rows: u32,
    n_heads: u32,
    n_kv_heads: u32,
    scale_bits: u32,  // f32
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> keys: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> values: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    let head = id.y;
    if (row >= p.n_rows) {
        return;
    }
    let kv_head = head / (p.n_heads / p.n_kv_heads);
    let first = (row * (p.n_heads + 2u * p.n_kv_heads) + head) * N_VEC4;
    var query: array<vec4<f32>, N_VEC4>;
    var sum: array<vec4<f32>, N_VEC4>;
    for (var d = 0u; d < N_VEC4; d++) {
        query[d] = qkv[first + d] * bitcast<f32>(p.scale_bits);
    }
    var maximum = -3.0e38;
    var total = 0.0;
    for (var slot = 0u; slot <= step[0] + row; slot++) {
        let key = (slot / 64u * p.n_kv_heads + kv_head) * N_VEC4 * 64u + slot % 64u;
        let at = (slot * p.n_kv_heads + kv_head) * N_VEC4;
        var score = 0.0;
        for (var d = 0u; d < N_VEC4; d++) {
            score += dot(query[d], keys[key + d * 64u]);
        }
        let raised = max(maximum, score);
        let decay = exp(maximum - raised);
        let weight = exp(score - raised);
        maximum = raised;
        total = total * decay + weight;
        for (var d = 0u; d < N_VEC4; d++) {
            sum[d] = sum[d] * decay + weight * values[at + d];
        }
    }
    for (var d = 0u; d < N_VEC4; d++) {
        out[(row * p.n_heads + head) * N_VEC4 + d] = sum[d] / total;
    }
}
