// Two-way attention inside a window: row m sees rows borders[m].x … borders[m].y − 1. Rows of qkv hold all
// query heads, then all key heads, then all value heads. A workgroup covers 16 rows of one head.
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

var<private> head: u32;

fn bounds(row: u32) -> vec2<u32> {
    if (row >= p.n_rows) { return vec2<u32>(0xffffffffu, 0u); }
    return borders[row];
}

// Of the queries (0), keys (1) and values (2).
fn row4(row: u32, part: u32, d: u32) -> vec4<f32> {
    return qkv[((min(row, p.n_rows - 1u) * 3u + part) * p.n_heads + head) * N_VEC4 + d];
}

fn query4(row: u32, d: u32) -> vec4<f32> {
    return row4(row, 0u, d) * bitcast<f32>(p.scale_bits);
}

fn key4(slot: u32, d: u32) -> vec4<f32> {
    return row4(slot, 1u, d);
}

fn value4(slot: u32, d: u32) -> vec4<f32> {
    return row4(slot, 2u, d);
}

fn keep(row: u32, d: u32, value: vec4<f32>) {
    if (row < p.n_rows) { out[(row * p.n_heads + head) * N_VEC4 + d] = value; }
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>) {
    head = group.y;
    attend(local, group.x * ROWS);
}
