// Causal attention over the cache: row m of this chunk sits in slot step[0] + m and sees slots 0 … step[0] + m.
// Query head h reads key/value head h / (n_heads / n_kv_heads). A workgroup covers 16 rows of one query head.
// Needs: N_VEC4, a quarter of the head width, and what shared/cache.wgsl needs.

struct Params {
    n_rows: u32,
    n_heads: u32,
    n_kv_heads: u32,
    scale_bits: u32,  // f32
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> keys: array<Cached>;
@group(0) @binding(2) var<storage, read> values: array<Cached>;
@group(0) @binding(3) var<storage, read> step: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(5) var<uniform> p: Params;

var<private> head: u32;
var<private> kv_head: u32;

fn bounds(row: u32) -> vec2<u32> {
    return vec2<u32>(0u, select(0u, step[0] + row + 1u, row < p.n_rows));
}

fn query4(row: u32, d: u32) -> vec4<f32> {
    let at = (min(row, p.n_rows - 1u) * (p.n_heads + 2u * p.n_kv_heads) + head) * N_VEC4 + d;
    return qkv[at] * bitcast<f32>(p.scale_bits);
}

// Blocks of the cache are whole, those of the rows too.
fn key4(slot: u32, d: u32) -> vec4<f32> {
    return uncached(keys[key_at(slot, kv_head, d)]);
}

fn value4(slot: u32, d: u32) -> vec4<f32> {
    return uncached(values[value_at(slot, kv_head, d)]);
}

fn keep(row: u32, d: u32, value: vec4<f32>) {
    if (row < p.n_rows) { out[(row * p.n_heads + head) * N_VEC4 + d] = value; }
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>) {
    head = group.y;
    kv_head = head / (p.n_heads / p.n_kv_heads);
    attend(local, group.x * ROWS);
}
