// out[m, column + r] = Σ_k x[m, k] · w[r, k] (+ bias[r]) (+ the old value), many rows of x.
// A workgroup covers 64 rows of x by 4 · ROWS rows of w: 32 columns of x at a time lie in workgroup memory, sixteen
// neighbouring invocations share ROWS rows of w, and each of them multiplies those with four rows of x. Neighbours
// so read neighbouring x and the same w, which GPUs and software adapters both like.
// Needs: ROWS, FORMAT, GROUP (a multiple of 32 where there are groups), HAS_BIAS, ACCUMULATE.

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

const TILE: u32 = 32u;
// One more than the rows of x, so that a column does not fall into one bank.
const STRIDE: u32 = 65u;

var<workgroup> sh_x: array<f32, TILE * STRIDE>;

// 32 columns from k on of 64 rows from m on; zero past the ends.
fn stage(local: u32, m: u32, k: u32) {
    for (var i = local; i < TILE * 64u; i += 64u) {
        let row = m + i / TILE;
        let column = k + i % TILE;
        var value = 0.0;
        if (row < p.n_x && column < p.n_cols) { value = x[row * p.n_cols + column]; }
        sh_x[i % TILE * STRIDE + i / TILE] = value;
    }
}

// Column k of the tile for four rows of x, sixteen apart.
fn x4(k: u32, lane: u32) -> vec4<f32> {
    let at = k * STRIDE + lane;
    return vec4<f32>(sh_x[at], sh_x[at + 16u], sh_x[at + 32u], sh_x[at + 48u]);
}

// Four rows of x at eight columns.
struct Columns {
    a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>,
    e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32>,
}

fn columns(k: u32, lane: u32) -> Columns {
    return Columns(
        x4(k, lane), x4(k + 1u, lane), x4(k + 2u, lane), x4(k + 3u, lane),
        x4(k + 4u, lane), x4(k + 5u, lane), x4(k + 6u, lane), x4(k + 7u, lane),
    );
}

fn total(x: Columns) -> vec4<f32> {
    return x.a + x.b + x.c + x.d + x.e + x.f + x.g + x.h;
}

fn product(row: u32, block: u32, x: Columns) -> vec4<f32> {
    let w = codes8(row, block);
    return w.low.x * x.a + w.low.y * x.b + w.low.z * x.c + w.low.w * x.d
        + w.high.x * x.e + w.high.y * x.f + w.high.z * x.g + w.high.w * x.h;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>) {
    let lane = local % 16u;
    let first_x = group.y * 64u;
    let first_row = (group.x * 4u + local / 16u) * ROWS;
    var sums: array<vec4<f32>, ROWS>;
    for (var k = 0u; k < p.n_cols; k += TILE) {
        workgroupBarrier();
        stage(local, first_x, k);
        workgroupBarrier();
        let x0 = columns(0u, lane);
        let x1 = columns(8u, lane);
        let x2 = columns(16u, lane);
        let x3 = columns(24u, lane);
        let all = total(x0) + total(x1) + total(x2) + total(x3);
        for (var r = 0u; r < ROWS; r++) {
            let row = min(first_row + r, p.n_rows - 1u);
            let part = product(row, k / 8u, x0) + product(row, k / 8u + 1u, x1)
                + product(row, k / 8u + 2u, x2) + product(row, k / 8u + 3u, x3);
            if (FORMAT > 1u) {
                let packed = scales[row * p.groups_per_row + k / GROUP];
                sums[r] += float_from_half(packed & 0xffffu) * part + float_from_half(packed >> 16u) * all;
            } else {
                sums[r] += part;
            }
        }
    }
    for (var r = 0u; r < ROWS; r++) {
        let row = first_row + r;
        for (var i = 0u; i < 4u; i++) {
            let m = first_x + lane + 16u * i;
            if (row < p.n_rows && m < p.n_x) {
                let at = m * p.n_columns + p.column + row;
                var sum = sums[r][i];
                if (HAS_BIAS) { sum += bias[row]; }
                if (ACCUMULATE) { sum += out[at]; }
                out[at] = sum;
            }
        }
    }
}
