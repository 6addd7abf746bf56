// out[m, column + r] = Σ_k x[m, k] · w[r, k] (+ bias[r]) (+ the old value), many rows of x, where arithmetic is cheaper
// than unpacking: 16 columns of 64 rows of x and of 64 rows of w lie in workgroup memory, each number of w unpacked once,
// and an invocation multiplies eight rows of either.
// Needs: FORMAT, GROUP (a multiple of 8 where there are groups).

const TILE: u32 = 16u;
// Four more than the rows, so that columns fall into different banks and fours stay together.
const STRIDE: u32 = 68u;

var<workgroup> sh_x: array<f32, TILE * STRIDE>;
var<workgroup> sh_w: array<f32, TILE * STRIDE>;

fn keep_w(at: u32, values: vec4<f32>) {
    sh_w[at] = values.x;
    sh_w[at + STRIDE] = values.y;
    sh_w[at + 2u * STRIDE] = values.z;
    sh_w[at + 3u * STRIDE] = values.w;
}

// Columns k to k + 15 of the rows of x from m on, and of w from r on; zero past the ends.
fn stage(local: u32, m: u32, r: u32, k: u32) {
    for (var i = local; i < TILE * 64u; i += 64u) {
        sh_x[i % TILE * STRIDE + i / TILE] = number(m + i / TILE, k + i % TILE);
    }
    for (var i = local; i < 128u; i += 64u) {
        let row = r + i / 2u;
        let block = k / 8u + i % 2u;
        var w = Eight(vec4<f32>(0.0), vec4<f32>(0.0));
        // Past the end of a row x is zero, and w is any number.
        if (row < p.n_rows && block * 8u < p.n_cols) { w = weights8(row, block); }
        let at = i % 2u * 8u * STRIDE + i / 2u;
        keep_w(at, w.low);
        keep_w(at + 4u * STRIDE, w.high);
    }
}

fn x4(at: u32) -> vec4<f32> {
    return vec4<f32>(sh_x[at], sh_x[at + 1u], sh_x[at + 2u], sh_x[at + 3u]);
}

fn w4(at: u32) -> vec4<f32> {
    return vec4<f32>(sh_w[at], sh_w[at + 1u], sh_w[at + 2u], sh_w[at + 3u]);
}

// Four rows of x by four rows of w: a column per row of w.
fn outer(x: vec4<f32>, w: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(x * w.x, x * w.y, x * w.z, x * w.w);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>) {
    let first_x = group.y * 64u;
    let first_row = group.x * 64u;
    // Rows 4 · lane … and 32 further on of x, and so of w.
    let lane_x = local % 8u * 4u;
    let lane_w = local / 8u * 4u;
    var near: mat4x4<f32>;
    var far_x: mat4x4<f32>;
    var far_w: mat4x4<f32>;
    var far: mat4x4<f32>;
    for (var k = 0u; k < p.n_cols; k += TILE) {
        workgroupBarrier();
        stage(local, first_x, first_row, k);
        workgroupBarrier();
        for (var i = 0u; i < TILE; i++) {
            let x_near = x4(i * STRIDE + lane_x);
            let x_far = x4(i * STRIDE + lane_x + 32u);
            let w_near = w4(i * STRIDE + lane_w);
            let w_far = w4(i * STRIDE + lane_w + 32u);
            near += outer(x_near, w_near);
            far_x += outer(x_far, w_near);
            far_w += outer(x_near, w_far);
            far += outer(x_far, w_far);
        }
    }
    write16(first_x + lane_x, first_row + lane_w, near);
    write16(first_x + lane_x + 32u, first_row + lane_w, far_x);
    write16(first_x + lane_x, first_row + lane_w + 32u, far_w);
    write16(first_x + lane_x + 32u, first_row + lane_w + 32u, far);
}
