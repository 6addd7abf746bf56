// out[m, i] = silu(x[m, i]) · x[m, n_cols + i]: gate and up side by side in each row of x.

struct Params {
    n_cols: u32,      // of out
    n_rows: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.y + id.z * 32768u;
    if (id.x >= p.n_cols || row >= p.n_rows) {
        return;
    }
    let gate = x[row * 2u * p.n_cols + id.x];
    let up = x[row * 2u * p.n_cols + p.n_cols + id.x];
    out[row * p.n_cols + id.x] = gate / (1.0 + exp(-gate)) * up;
}
