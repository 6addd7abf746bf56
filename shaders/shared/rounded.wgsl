// Tiles of a product of many rows of x with packed weights, where both are rounded for an arithmetic that is faster than
// that of f32: 32 columns of 64 rows of x and of 32 rows of w at a time, eight by four rows per invocation. The sums of a
// tile become f32 with the step that the row of x was divided by and the scale of the row of w.
// Needs: FORMAT (2 or 3), GROUP (a multiple of 32), shared/product.wgsl, halves, and
//   stage_x(row), which takes a row's 32 columns from sh_raw, and leaves the row's step and the sum of its rounded columns
//   in sh_x;
//   centre(scale), what is taken off the stored numbers of a group with this scale and minimum;
//   stage_w(row, half_row, first, centre), which takes 16 columns of a row of w, whose first word is `first`;
//   tile_sums(lane_x, lane_w), four rows of x by four of w, a column per row of w.

const TILE: u32 = 32u;
const X_ROWS: u32 = 64u;
const W_ROWS: u32 = 32u;
// Columns in a word of w.
const WORD_COLUMNS: u32 = 4u << (FORMAT - 2u);
// One more than the columns, so that rows begin in different banks.
const RAW_STRIDE: u32 = TILE + 1u;

var<workgroup> sh_raw: array<f32, X_ROWS * RAW_STRIDE>;
// Step and sum of a row's columns.
var<workgroup> sh_x: array<vec2<f32>, X_ROWS>;
// Scale and minimum.
var<workgroup> sh_scales: array<vec2<f32>, W_ROWS>;

fn raw(row: u32, column: u32) -> f32 {
    return sh_raw[row * RAW_STRIDE + column];
}

// The largest magnitude of a row's columns.
fn largest_of(row: u32) -> f32 {
    var largest = 0.0;
    for (var i = 0u; i < TILE; i++) {
        largest = max(largest, abs(raw(row, i)));
    }
    return largest;
}

fn is_nan(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn stage(local: u32, m: u32, r: u32, k: u32) {
    // Neighbours read neighbouring columns.
    for (var i = local; i < X_ROWS * TILE; i += 64u) {
        sh_raw[i / TILE * RAW_STRIDE + i % TILE] = number(m + i / TILE, k + i % TILE);
    }
    // Half a row of w each; rows past the last one are not kept.
    let row = min(r + local / 2u, p.n_rows - 1u);
    let half_row = local % 2u;
    let scale = halves(scales[row * p.groups_per_row + k / GROUP]);
    let own = centre(scale);
    stage_w(local / 2u, half_row, row * p.words_per_row + (k + half_row * 16u) / WORD_COLUMNS, own);
    if (half_row == 0u) { sh_scales[local / 2u] = scale + vec2<f32>(0.0, own * scale.x); }
    workgroupBarrier();
    stage_x(local);
}

// A column per row of w.
fn scaled(sums: mat4x4<f32>, lane_x: u32, lane_w: u32) -> mat4x4<f32> {
    let x0 = sh_x[lane_x];
    let x1 = sh_x[lane_x + 1u];
    let x2 = sh_x[lane_x + 2u];
    let x3 = sh_x[lane_x + 3u];
    let steps = vec4<f32>(x0.x, x1.x, x2.x, x3.x);
    let totals = vec4<f32>(x0.y, x1.y, x2.y, x3.y);
    let a = sh_scales[lane_w];
    let b = sh_scales[lane_w + 1u];
    let c = sh_scales[lane_w + 2u];
    let d = sh_scales[lane_w + 3u];
    return mat4x4<f32>(
        a.x * steps * sums[0] + a.y * totals,
        b.x * steps * sums[1] + b.y * totals,
        c.x * steps * sums[2] + c.y * totals,
        d.x * steps * sums[3] + d.y * totals,
    );
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>) {
    let first_x = group.y * X_ROWS;
    let first_row = group.x * W_ROWS;
    // Rows 4 · lane … and 32 further on of x, rows 4 · lane … of w.
    let lane_x = local % 8u * 4u;
    let lane_w = local / 8u * 4u;
    var near: mat4x4<f32>;
    var far: mat4x4<f32>;
    for (var k = 0u; k < p.n_cols; k += TILE) {
        workgroupBarrier();
        stage(local, first_x, first_row, k);
        workgroupBarrier();
        near += scaled(tile_sums(lane_x, lane_w), lane_x, lane_w);
        far += scaled(tile_sums(lane_x + 32u, lane_w), lane_x + 32u, lane_w);
    }
    write16(first_x + lane_x, first_row + lane_w, near);
    write16(first_x + lane_x + 32u, first_row + lane_w, far);
}
