// out[m, column + r] = Σ_k x[m, k] · w[r, k] (+ bias[r]) (+ the old value), a few rows of x.
// LANES invocations share one row of w; a software adapter takes one lane, so that it never waits.
// Needs: FORMAT, GROUP, LANES, HAS_BIAS, ACCUMULATE.

struct Params {
    n_cols: u32,      // of w
    words_per_row: u32,
    groups_per_row: u32,
    n_rows: u32,      // rows of w
    column: u32,      // first column of out
    n_columns: u32,   // columns of out
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(2) var<storage, read> scales: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

var<workgroup> sh_partial: array<f32, 64>;

fn dot8(m: u32, row: u32, block: u32) -> f32 {
    let w = weights8(row, block);
    let k = block * 8u;
    let at = m * p.n_cols + k;
    var sum = 0.0;
    for (var i = 0u; i < 8u; i++) {
        if (k + i < p.n_cols) {
            sum += w[i] * x[at + i];
        }
    }
    return sum;
}

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) n_groups: vec3<u32>,
) {
    let row = (group.x + group.y * n_groups.x) * (64u / LANES) + local / LANES;
    let lane = local % LANES;
    let m = group.z;
    var sum = 0.0;
    if (row < p.n_rows) {
        for (var block = lane; block * 8u < p.n_cols; block += LANES) {
            sum += dot8(m, row, block);
        }
    }
    if (LANES > 1u) {
        sh_partial[local] = sum;
        workgroupBarrier();
        for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
            if (lane < stride) {
                sh_partial[local] += sh_partial[local + stride];
            }
            workgroupBarrier();
        }
        sum = sh_partial[local];
    }
    if (row < p.n_rows && lane == 0u) {
        let at = m * p.n_columns + p.column + row;
        if (HAS_BIAS) { sum += bias[row]; }
        if (ACCUMULATE) { sum += out[at]; }
        out[at] = sum;
    }
}
