// Rotates the query heads in place, and moves rotated keys and plain values into the cache, at slots
// step[0] … step[0] + n_rows. Pairs (j, j + head_dim / 2). Keys lie in blocks of 64 slots,
// [block, head, dim / 4, slot, 4], see attention_decode.wgsl.

struct Params {
    n_rows: u32,
    n_heads: u32,
    n_kv_heads: u32,
    half_dim: u32,
}

@group(0) @binding(0) var<storage, read_write> qkv: array<f32>;
@group(0) @binding(1) var<storage, read> cosines: array<f32>;
@group(0) @binding(2) var<storage, read> sines: array<f32>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> keys: array<f32>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

fn key_at(slot: u32, kv_head: u32, dim: u32) -> u32 {
    let head = (slot / 64u * p.n_kv_heads + kv_head) * (p.half_dim / 2u);
    return ((head + dim / 4u) * 64u + slot % 64u) * 4u + dim % 4u;
}

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
    let slot = step[0] + row;
    if (head >= p.n_heads + p.n_kv_heads) {
        let kv_head = head - p.n_heads - p.n_kv_heads;
        let to = (slot * p.n_kv_heads + kv_head) * 2u * p.half_dim + j;
        values[to] = a;
        values[to + p.half_dim] = b;
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
        keys[key_at(slot, head - p.n_heads, j)] = first;
        keys[key_at(slot, head - p.n_heads, j + p.half_dim)] = second;
    }
}
