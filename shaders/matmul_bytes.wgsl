// out[m, column + r] = Σ_k x[m, k] · w[r, k] (+ bias[r]) (+ the old value), many rows of x, with products of four bytes at
// a time. The numbers of w are bytes as they are stored (less 128 for q8). Those of x become 16-bit steps of a 32,639th of
// the largest of 32 columns, and each step two bytes, x = step · (256 · high + low): the sum is exact, and x is rounded by
// less than 1.6e-5 of the largest of its 32.
// A workgroup covers 64 rows of x by 32 rows of w, an invocation eight by four.
// Needs: FORMAT (2 or 3), GROUP (a multiple of 32).

const TILE: u32 = 32u;
const X_ROWS: u32 = 64u;
const W_ROWS: u32 = 32u;
// Words of four bytes per row of a tile.
const WORDS: u32 = TILE / 4u;
const STEPS: f32 = 32639.0;

// Of x, all high bytes before all low ones.
var<workgroup> sh_bytes: array<u32, 2u * WORDS * X_ROWS>;
// Step and sum of a row's columns.
var<workgroup> sh_x: array<vec2<f32>, X_ROWS>;
var<workgroup> sh_w: array<u32, WORDS * W_ROWS>;
// Scale and minimum.
var<workgroup> sh_scales: array<vec2<f32>, W_ROWS>;

// Where byte `at` of word `word` of a tile stands: a word of q4 holds every other column of eight.
fn column_of(word: u32, at: u32) -> u32 {
    if (FORMAT == 3u) { return word / 2u * 8u + at * 2u + word % 2u; }
    return word * 4u + at;
}

fn stage_x(local: u32, m: u32, k: u32) {
    let row = m + local;
    var largest = 0.0;
    // No step tells a NaN: it is handed on beside them.
    var broken = 0.0;
    for (var i = 0u; i < TILE; i++) {
        let value = number(row, k + i);
        largest = max(largest, abs(value));
        if ((bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u) { broken = value; }
    }
    let step = largest / STEPS;
    var per_step = 0.0;
    if (step > 0.0) { per_step = STEPS / largest; }
    var sum = 0;
    for (var word = 0u; word < WORDS; word++) {
        var high = 0u;
        var low = 0u;
        for (var at = 0u; at < 4u; at++) {
            let steps = i32(round(number(row, k + column_of(word, at)) * per_step));
            sum += steps;
            let upper = (steps + 128) >> 8u;
            high |= (bitcast<u32>(upper) & 0xffu) << (8u * at);
            low |= (bitcast<u32>(steps - upper * 256) & 0xffu) << (8u * at);
        }
        sh_bytes[word * X_ROWS + local] = high;
        sh_bytes[(WORDS + word) * X_ROWS + local] = low;
    }
    // The sum is that of the rounded columns, so that minima, and the 128 of q8, meet the same x as the bytes do.
    sh_x[local] = vec2<f32>(step + broken, step * f32(sum));
}

fn stage_w(local: u32, r: u32, k: u32) {
    // Half a row each; rows past the last one are not kept.
    let row = min(r + local / 2u, p.n_rows - 1u);
    let half_row = local % 2u;
    let at = half_row * WORDS / 2u * W_ROWS + local / 2u;
    if (FORMAT == 3u) {
        for (var i = 0u; i < 2u; i++) {
            let word = words[row * p.words_per_row + k / 8u + half_row * 2u + i];
            sh_w[at + 2u * i * W_ROWS] = word & 0x0f0f0f0fu;
            sh_w[at + (2u * i + 1u) * W_ROWS] = (word >> 4u) & 0x0f0f0f0fu;
        }
    } else {
        for (var i = 0u; i < 4u; i++) {
            let word = words[row * p.words_per_row + k / 4u + half_row * 4u + i];
            sh_w[at + i * W_ROWS] = word ^ 0x80808080u;
        }
    }
    if (half_row == 0u) {
        let scale = halves(scales[row * p.groups_per_row + k / GROUP]);
        sh_scales[local / 2u] = scale + vec2<f32>(0.0, select(0.0, 128.0 * scale.x, FORMAT == 2u));
    }
}

// Four rows of x with one of w.
fn four(xs: vec4<u32>, w: u32) -> vec4<i32> {
    return vec4<i32>(
        dot4I8Packed(xs.x, w), dot4I8Packed(xs.y, w), dot4I8Packed(xs.z, w), dot4I8Packed(xs.w, w),
    );
}

fn w4(word: u32, lane: u32) -> vec4<u32> {
    let at = word * W_ROWS + lane;
    return vec4<u32>(sh_w[at], sh_w[at + 1u], sh_w[at + 2u], sh_w[at + 3u]);
}

// Words of the low bytes follow those of the high ones.
fn x4(word: u32, lane: u32) -> vec4<u32> {
    let at = word * X_ROWS + lane;
    return vec4<u32>(sh_bytes[at], sh_bytes[at + 1u], sh_bytes[at + 2u], sh_bytes[at + 3u]);
}

// Sums of the tile for four rows of x by four of w, a row of w each: 256 · high + low, exact in 32 bits.
struct Sixteen { a: vec4<i32>, b: vec4<i32>, c: vec4<i32>, d: vec4<i32> }

fn tile_sums(lane_x: u32, lane_w: u32) -> Sixteen {
    var sums: Sixteen;
    for (var first = 0u; first < 2u * WORDS; first += WORDS) {
        sums = Sixteen(sums.a * 256, sums.b * 256, sums.c * 256, sums.d * 256);
        for (var word = 0u; word < WORDS; word++) {
            let xs = x4(first + word, lane_x);
            let ws = w4(word, lane_w);
            sums.a += four(xs, ws.x);
            sums.b += four(xs, ws.y);
            sums.c += four(xs, ws.z);
            sums.d += four(xs, ws.w);
        }
    }
    return sums;
}

// A column per row of w.
fn scaled(sums: Sixteen, lane_x: u32, lane_w: u32) -> mat4x4<f32> {
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
        a.x * steps * vec4<f32>(sums.a) + a.y * totals,
        b.x * steps * vec4<f32>(sums.b) + b.y * totals,
        c.x * steps * vec4<f32>(sums.c) + c.y * totals,
        d.x * steps * vec4<f32>(sums.d) + d.y * totals,
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
        stage_x(local, first_x, k);
        stage_w(local, first_row, k);
        workgroupBarrier();
        near += scaled(tile_sums(lane_x, lane_w), lane_x, lane_w);
        far += scaled(tile_sums(lane_x + 32u, lane_w), lane_x + 32u, lane_w);
    }
    write16(first_x + lane_x, first_row + lane_w, near);
    write16(first_x + lane_x + 32u, first_row + lane_w, far);
}
