// out[column + r] = silu(f · gate[r] · (g x)) · (f · up[r] · (g x)) for one row x: the RMS norm with weight g and
// f = 1 / sqrt(mean(x²) + eps), both projections of a gated MLP and its activation.
// LANES invocations share ROWS rows of gate and up. Needs: LANES, ROWS, N_SUMS (two a row, and one for the squares),
// and what shared/quad.wgsl or shared/word.wgsl needs.

struct Params {
    n_cols: u32,      // of gate and up
    words_per_row: u32,
    groups_per_row: u32,
    n_rows: u32,      // rows of gate, and of up
    column: u32,      // first column of out
    eps_bits: u32,    // f32
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gate_words: array<Unit>;
@group(0) @binding(3) var<storage, read> gate_scales: array<u32>;
@group(0) @binding(4) var<storage, read> up_words: array<Unit>;
@group(0) @binding(5) var<storage, read> up_scales: array<u32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;

const SQUARES: u32 = N_SUMS - 1u;

// Row r of gate and of up, the last one where there is no such row.
fn products(r: u32, unit: u32, x: Columns, sum: f32) -> vec2<f32> {
    let row = min(r, p.n_rows - 1u);
    let at = unit_index(row, unit);
    let scale = scale_index(row, unit);
    return vec2<f32>(
        weighed(gate_words[at], gate_scales[scale], x, sum),
        weighed(up_words[at], up_scales[scale], x, sum),
    );
}

fn write(row: u32, gate: f32, up: f32) {
    if (row < p.n_rows) {
        out[p.column + row] = gate / (1.0 + exp(-gate)) * up;
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) local: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) n_groups: vec3<u32>,
) {
    let row = ((group.x + group.y * n_groups.x) * (64u / LANES) + local / LANES) * ROWS;
    let lane = local % LANES;
    var sums: array<f32, N_SUMS>;
    if (row < p.n_rows) {
        for (var unit = lane; unit * UNIT_COLUMNS < p.n_cols; unit += LANES) {
            var xs = columns(0u, unit);
            sums[SQUARES] += squares(xs);
            xs = gained(xs, unit);
            let sum = total(xs);
            for (var r = 0u; r < ROWS; r++) {
                let pair = products(row + r, unit, xs, sum);
                sums[2u * r] += pair.x;
                sums[2u * r + 1u] += pair.y;
            }
        }
    }
    sum_lanes(&sums, local);
    if (lane == 0u) {
        let factor = 1.0 / sqrt(sums[SQUARES] / f32(p.n_cols) + bitcast<f32>(p.eps_bits));
        for (var r = 0u; r < ROWS; r++) {
            write(row + r, sums[2u * r] * factor, sums[2u * r + 1u] * factor);
        }
    }
}
