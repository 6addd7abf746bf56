// The buffers of a product with many rows of x, and what becomes of a sum.
// Needs: HAS_BIAS, ACCUMULATE.

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

// x at a place; zero past the ends.
fn number(row: u32, column: u32) -> f32 {
    if (row < p.n_x && column < p.n_cols) { return x[row * p.n_cols + column]; }
    return 0.0;
}

// out[m, column + row] = value (+ bias[row]) (+ the old value), where there is such a place.
fn write(m: u32, row: u32, value: f32) {
    if (row < p.n_rows && m < p.n_x) {
        let at = m * p.n_columns + p.column + row;
        var sum = value;
        if (HAS_BIAS) { sum += bias[row]; }
        if (ACCUMULATE) { sum += out[at]; }
        out[at] = sum;
    }
}

// Four rows of x by four of w: a column per row of w.
fn write16(m: u32, row: u32, sums: mat4x4<f32>) {
    for (var r = 0u; r < 4u; r++) {
        for (var i = 0u; i < 4u; i++) {
            write(m + i, row + r, sums[r][i]);
        }
    }
}
