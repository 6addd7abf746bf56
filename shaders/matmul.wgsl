// out[m, column + r] = Σ_k x[m, k] · w[r, k] (+ bias[r]) (+ the old value), many rows of x.
// Each invocation owns 4 rows of x by 4 rows of w; a workgroup covers 32 by 32.
// Needs: FORMAT, GROUP, HAS_BIAS, ACCUMULATE.

struct Params {
    n_cols: u32,      // of w
    words_per_row: u32,
    groups_per_row: u32,
    n_rows: u32,      // rows of w
    column: u32,      // first column of out
    n_columns: u32,   // columns of out
    n_x: u32,         // rows of x
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(2) var<storage, read> scales: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

// Column k of rows m … m + 3 of x; zero past the last column, the last row again past the last row.
fn x4(m: u32, k: u32) -> vec4<f32> {
    if (k >= p.n_cols) {
        return vec4<f32>(0.0);
    }
    let last = p.n_x - 1u;
    return vec4<f32>(
        x[min(m, last) * p.n_cols + k],
        x[min(m + 1u, last) * p.n_cols + k],
        x[min(m + 2u, last) * p.n_cols + k],
        x[min(m + 3u, last) * p.n_cols + k],
    );
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x * 4u;
    let m = id.y * 4u;
    if (row >= p.n_rows || m >= p.n_x) {
        return;
    }
    var sums: array<vec4<f32>, 4>;
    for (var block = 0u; block * 8u < p.n_cols; block++) {
        var columns: array<vec4<f32>, 8>;
        for (var i = 0u; i < 8u; i++) {
            columns[i] = x4(m, block * 8u + i);
        }
        for (var j = 0u; j < 4u; j++) {
            let w = weights8(min(row + j, p.n_rows - 1u), block);
            var part = vec4<f32>(0.0);
            for (var i = 0u; i < 8u; i++) {
                part += w[i] * columns[i];
            }
            sums[j] += part;
        }
    }
    for (var j = 0u; j < 4u; j++) {
        let r = row + j;
        for (var i = 0u; i < 4u; i++) {
            if (r < p.n_rows && m + i < p.n_x) {
                let at = (m + i) * p.n_columns + p.column + r;
                var sum = sums[j][i];
                if (HAS_BIAS) { sum += bias[r]; }
                if (ACCUMULATE) { sum += out[at]; }
                out[at] = sum;
            }
        }
    }
}
