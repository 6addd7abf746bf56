// out[column + r] = silu(f · gate[r] · (g x)) · (f · up[r] · (g x)) for one row x: the RMS norm with weight g and
// f = 1 / sqrt(mean(x²) + eps), both projections of a gated MLP and its activation.
// LANES invocations share ROWS rows of gate and up. Needs: LANES, ROWS, and what shared/quad.wgsl needs.

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
@group(0) @binding(2) var<storage, read> gate_words: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> gate_scales: array<u32>;
@group(0) @binding(4) var<storage, read> up_words: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read> up_scales: array<u32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;

var<workgroup> sh_sums: array<vec2<f32>, 64u * ROWS>;
var<workgroup> sh_squares: array<f32, 64>;

// Row r of gate and of up, the last one where there is no such row.
fn products(r: u32, quad: u32, x: Columns, sum: f32) -> vec2<f32> {
    let row = min(r, p.n_rows - 1u);
    let at = word_index(row, quad);
    let scale = scale_index(row, quad);
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
    var sums: array<vec2<f32>, ROWS>;
    var square = 0.0;
    if (row < p.n_rows) {
        for (var quad = lane; quad * QUAD_COLUMNS < p.n_cols; quad += LANES) {
            var xs = columns(0u, quad);
            square += squares(xs);
            xs = gained(xs, quad);
            let sum = total(xs);
            for (var r = 0u; r < ROWS; r++) {
                sums[r] += products(row + r, quad, xs, sum);
            }
        }
    }
    if (LANES > 1u) {
        for (var r = 0u; r < ROWS; r++) {
            sh_sums[r * 64u + local] = sums[r];
        }
        sh_squares[local] = square;
        workgroupBarrier();
        for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
            if (lane < stride) {
                for (var r = 0u; r < ROWS; r++) {
                    sh_sums[r * 64u + local] += sh_sums[r * 64u + local + stride];
                }
                sh_squares[local] += sh_squares[local + stride];
            }
            workgroupBarrier();
        }
        for (var r = 0u; r < ROWS; r++) {
            sums[r] = sh_sums[r * 64u + local];
        }
        square = sh_squares[local];
    }
    if (lane == 0u) {
        let factor = 1.0 / sqrt(square / f32(p.n_cols) + bitcast<f32>(p.eps_bits));
        for (var r = 0u; r < ROWS; r++) {
            write(row + r, sums[r].x * factor, sums[r].y * factor);
        }
    }
}
