// Rotates the query heads in place, and moves rotated keys and plain values into the cache, at slots
// n_past … n_past + n_rows. Pairs (j, j + head_dim / 2).

struct Params {
    n_rows: u32,
    n_heads: u32,
    n_kv_heads: u32,
    half_dim: u32,
}

@group(0) @binding(0) var<storage, read_write> qkv: array<f32>;
@group(0) @binding(1) var<storage, read> cosines: array<f32>;
@group(0) @binding(2) var<storage, read> sines: array<f32>;
@group(0) @binding(3) var<storage, read> n_past: array<u32>;
@group(0) @binding(4) var<storage, read_write> keys: array<f32>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.y;
    let n_all_heads = p.n_heads + 2u * p.n_kv_heads;
    if (id.x >= n_all_heads * p.half_dim || row >= p.n_rows) {
        return;
    }
    let head = id.x / p.half_dim;
    let j = id.x % p.half_dim;
    let at = (row * n_all_heads + head) * 2u * p.half_dim + j;
    let a = qkv[at];
    let b = qkv[at + p.half_dim];
    if (head >= p.n_heads + p.n_kv_heads) {
        let slot = ((n_past[0] + row) * p.n_kv_heads + head - p.n_heads - p.n_kv_heads) * 2u * p.half_dim + j;
        values[slot] = a;
        values[slot + p.half_dim] = b;
        return;
    }
    let c = cosines[row * p.half_dim + j];
    let s = sines[row * p.half_dim + j];
    let first = a * c - b * s;
    let second = b * c + a * s;
    if (head < p.n_heads) {
        qkv[at] = first;
        qkv[at + p.half_dim] = second;
    } else {
        let slot = ((n_past[0] + row) * p.n_kv_heads + head - p.n_heads) * 2u * p.half_dim + j;
        keys[slot] = first;
        keys[slot + p.half_dim] = second;
    }
}
