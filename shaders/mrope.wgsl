// Rotates the query heads in place, and moves rotated keys and plain values into the cache, at slots
// step[0] … step[0] + n_rows. Pairs (j, j + head_dim / 2).
// Needs: N_VEC4, a quarter of the head width, even, and what shared/cache.wgsl needs.

struct Params {
    n_rows: u32,
    n_heads: u32,
    n_kv_heads: u32,
}

@group(0) @binding(0) var<storage, read_write> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> cosines: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> sines: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> keys: array<Cached>;
@group(0) @binding(5) var<storage, read_write> values: array<Cached>;
@group(0) @binding(6) var<uniform> p: Params;

const HALF: u32 = N_VEC4 / 2u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.y;
    let n_all_heads = p.n_heads + 2u * p.n_kv_heads;
    if (id.x >= n_all_heads * HALF || row >= p.n_rows) {
        return;
    }
    let head = id.x / HALF;
    let d = id.x % HALF;
    let at = (row * n_all_heads + head) * N_VEC4 + d;
    let a = qkv[at];
    let b = qkv[at + HALF];
    let slot = step[0] + row;
    if (head >= p.n_heads + p.n_kv_heads) {
        let to = value_at(slot, head - p.n_heads - p.n_kv_heads, d);
        values[to] = cached(a);
        values[to + HALF] = cached(b);
        return;
    }
    let c = cosines[row * HALF + d];
    let s = sines[row * HALF + d];
    let first = a * c - b * s;
    let second = b * c + a * s;
    if (head < p.n_heads) {
        qkv[at] = first;
        qkv[at + HALF] = second;
    } else {
        keys[key_at(slot, head - p.n_heads, d)] = cached(first);
        keys[key_at(slot, head - p.n_heads, d + HALF)] = cached(second);
    }
}
