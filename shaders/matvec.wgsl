// out[m, column + r] = f · Σ_k x[m, k] · w[r, k] (+ bias[r]) (+ the old value), a few rows of x. NORMED puts an
// RMS norm before: x is multiplied with its weight, and f = 1 / sqrt(mean(x²) + eps).
// LANES invocations share ROWS rows of w: a GPU reads them side by side, a software adapter takes one lane and
// never waits. Needs: HAS_BIAS, ACCUMULATE, NORMED, LANES, ROWS, N_SUMS, the last of the sums for the squares where
// NORMED, and what shared/quad.wgsl or shared/word.wgsl needs.

struct Params {
    n_cols: u32,      // of w
    words_per_row: u32,
    groups_per_row: u32,
    n_rows: u32,      // rows of w
    column: u32,      // first column of out
    n_columns: u32,   // columns of out
    eps_bits: u32,    // f32
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> words: array<Unit>;
@group(0) @binding(2) var<storage, read> scales: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

const SQUARES: u32 = N_SUMS - 1u;

// Row r of w, the last one where there is no such row.
fn product(r: u32, unit: u32, x: Columns, sum: f32) -> f32 {
    let row = min(r, p.n_rows - 1u);
    return weighed(words[unit_index(row, unit)], scales[scale_index(row, unit)], x, sum);
}

fn write(m: u32, row: u32, value: f32) {
    if (row < p.n_rows) {
        let at = m * p.n_columns + p.column + row;
        var sum = value;
        if (HAS_BIAS) { sum += bias[row]; }
        if (ACCUMULATE) { sum += out[at]; }
        out[at] = sum;
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) n_groups: vec3<u32>,
) {
    let row = ((group.y + group.z * n_groups.y) * (64u / LANES) + local / LANES) * ROWS;
    let lane = local % LANES;
    // Rows of x come first, so that those who read the same w do so at the same time.
    let m = group.x;
    var sums: array<f32, N_SUMS>;
    if (row < p.n_rows) {
        for (var unit = lane; unit * UNIT_COLUMNS < p.n_cols; unit += LANES) {
            var xs = columns(m, unit);
            if (NORMED) {
                sums[SQUARES] += squares(xs);
                xs = gained(xs, unit);
            }
            let sum = total(xs);
            for (var r = 0u; r < ROWS; r++) {
                sums[r] += product(row + r, unit, xs, sum);
            }
        }
    }
    sum_lanes(&sums, local);
    if (lane == 0u) {
        var factor = 1.0;
        if (NORMED) { factor = 1.0 / sqrt(sums[SQUARES] / f32(p.n_cols) + bitcast<f32>(p.eps_bits)); }
        for (var r = 0u; r < ROWS; r++) {
            write(m, row + r, sums[r] * factor);
        }
    }
}
