// Two-way attention inside a window: row m sees rows borders[m].x … borders[m].y. Rows of qkv hold all
// query heads, then all key heads, then all value heads. One invocation per row and head.
// Needs: N_VEC4, a quarter of the head width.

struct Params {
    n_rows: u32,
    n_heads: u32,
    scale_bits: u32,  // f32
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> borders: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    let head = id.y;
    if (row >= p.n_rows) {
        return;
    }
    let stride = 3u * p.n_heads * N_VEC4;
    var query: array<vec4<f32>, N_VEC4>;
    var sum: array<vec4<f32>, N_VEC4>;
    for (var d = 0u; d < N_VEC4; d++) {
        query[d] = qkv[row * stride + head * N_VEC4 + d] * bitcast<f32>(p.scale_bits);
    }
    var maximum = -3.0e38;
    var total = 0.0;
    for (var other = borders[row].x; other < borders[row].y; other++) {
        let key = other * stride + (p.n_heads + head) * N_VEC4;
        let value = key + p.n_heads * N_VEC4;
        var score = 0.0;
        for (var d = 0u; d < N_VEC4; d++) {
            score += dot(query[d], qkv[key + d]);
        }
        let raised = max(maximum, score);
        let decay = exp(maximum - raised);
        let weight = exp(score - raised);
        maximum = raised;
        total = total * decay + weight;
        for (var d = 0u; d < N_VEC4; d++) {
            sum[d] = sum[d] * decay + weight * qkv[value + d];
        }
    }
    for (var d = 0u; d < N_VEC4; d++) {
        out[(row * p.n_heads + head) * N_VEC4 + d] = sum[d] / total;
    }
}
