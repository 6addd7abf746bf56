// out[m, column + r] = Σ_k x[m, k] · w[r, k] (+ bias[r]) (+ the old value), many rows of x, with products of four bytes at
// a time. The numbers of w are bytes as they are stored (less 128 for q8). Those of x become 16-bit steps of a 32,639th of
// the largest of 32 columns, and each step two bytes, x = step · (256 · high + low): the sum is exact, and x is rounded by
// less than 1.6e-5 of the largest of its 32.
// Needs: what shared/rounded.wgsl needs.

// Words of four bytes per row of a tile.
const WORDS: u32 = TILE / 4u;
const STEPS: f32 = 32639.0;

// Of x, all high bytes before all low ones.
var<workgroup> sh_bytes: array<u32, 2u * WORDS * X_ROWS>;
var<workgroup> sh_w: array<u32, WORDS * W_ROWS>;

// Where byte `at` of word `word` of a tile stands: a word of q4 holds every other column of eight.
fn column_of(word: u32, at: u32) -> u32 {
    if (FORMAT == 3u) { return word / 2u * 8u + at * 2u + word % 2u; }
    return word * 4u + at;
}

fn stage_x(row: u32) {
    let largest = largest_of(row);
    let step = largest / STEPS;
    var per_step = 0.0;
    if (step > 0.0) { per_step = STEPS / largest; }
    var sum = 0;
    // No step tells a NaN: it is handed on beside them.
    var broken = 0.0;
    for (var word = 0u; word < WORDS; word++) {
        var high = 0u;
        var low = 0u;
        for (var at = 0u; at < 4u; at++) {
            let value = raw(row, column_of(word, at));
            if (is_nan(value)) { broken = value; }
            let steps = i32(round(value * per_step));
            sum += steps;
            let upper = (steps + 128) >> 8u;
            high |= (bitcast<u32>(upper) & 0xffu) << (8u * at);
            low |= (bitcast<u32>(steps - upper * 256) & 0xffu) << (8u * at);
        }
        sh_bytes[word * X_ROWS + row] = high;
        sh_bytes[(WORDS + word) * X_ROWS + row] = low;
    }
    // The sum is that of the rounded columns, so that minima, and the 128 of q8, meet the same x as the bytes do.
    sh_x[row] = vec2<f32>(step + broken, step * f32(sum));
}

fn centre(scale: vec2<f32>) -> f32 {
    return select(0.0, 128.0, FORMAT == 2u);
}

fn stage_w(row: u32, half_row: u32, first: u32, centre: f32) {
    let at = half_row * WORDS / 2u * W_ROWS + row;
    if (FORMAT == 3u) {
        for (var i = 0u; i < 2u; i++) {
            let word = words[first + i];
            sh_w[at + 2u * i * W_ROWS] = word & 0x0f0f0f0fu;
            sh_w[at + (2u * i + 1u) * W_ROWS] = (word >> 4u) & 0x0f0f0f0fu;
        }
    } else {
        for (var i = 0u; i < 4u; i++) {
            sh_w[at + i * W_ROWS] = words[first + i] ^ 0x80808080u;
        }
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

// 256 · high + low, exact in 32 bits.
fn tile_sums(lane_x: u32, lane_w: u32) -> mat4x4<f32> {
    var a: vec4<i32>;
    var b: vec4<i32>;
    var c: vec4<i32>;
    var d: vec4<i32>;
    for (var first = 0u; first < 2u * WORDS; first += WORDS) {
        a *= 256;
        b *= 256;
        c *= 256;
        d *= 256;
        for (var word = 0u; word < WORDS; word++) {
            let xs = x4(first + word, lane_x);
            let ws = w4(word, lane_w);
            a += four(xs, ws.x);
            b += four(xs, ws.y);
            c += four(xs, ws.z);
            d += four(xs, ws.w);
        }
    }
    return mat4x4<f32>(vec4<f32>(a), vec4<f32>(b), vec4<f32>(c), vec4<f32>(d));
}
