// Rotates the first n_rotated heads of every row in place; pairs (j, j + head_dim / 2).

struct Params {
    n_rows: u32,
    n_heads: u32,     // of a row, rotated or not
    n_rotated: u32,
    half_dim: u32,
}

@group(0) @binding(0) var<storage, read_write> qkv: array<f32>;
@group(0) @binding(1) var<storage, read> cosines: array<f32>;
@group(0) @binding(2) var<storage, read> sines: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.y + id.z * 32768u;
    if (id.x >= p.n_rotated * p.half_dim || row >= p.n_rows) {
        return;
    }
    let head = id.x / p.half_dim;
    let j = id.x % p.half_dim;
    let at = (row * p.n_heads + head) * 2u * p.half_dim + j;
    let c = cosines[row * p.half_dim + j];
    let s = sines[row * p.half_dim + j];
    let a = qkv[at];
    let b = qkv[at + p.half_dim];
    qkv[at] = a * c - b * s;
    qkv[at + p.half_dim] = b * c + a * s;
}
