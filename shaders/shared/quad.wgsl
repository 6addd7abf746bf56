// A quad is one load of 16 bytes from a weight row: 4 columns in f32, 8 in f16, 16 in q8, 32 in q4.
// n_cols is a multiple of 8, so that every row of x and w begins with whole 16 bytes.
// Needs: FORMAT (0 f32, 1 f16, 2 q8, 3 q4), GROUP, RAGGED (rows end within a quad), the bindings x and gain,
// and in `p` the fields n_cols, words_per_row and groups_per_row.

const QUAD_COLUMNS: u32 = 4u << FORMAT;

fn x4(m: u32, k: u32) -> vec4<f32> {
    if (RAGGED) {
        if (k >= p.n_cols) { return vec4<f32>(0.0); }
    }
    return x[(m * p.n_cols + k) / 4u];
}

fn gain4(k: u32) -> vec4<f32> {
    if (RAGGED) {
        if (k >= p.n_cols) { return vec4<f32>(0.0); }
    }
    return gain[k / 4u];
}

// The columns of a quad, four each; what lies beyond a format's quad is not touched.
struct Columns {
    a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>,
    e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32>,
}

// x of row m; zero past the last column.
fn columns(m: u32, quad: u32) -> Columns {
    let k = quad * QUAD_COLUMNS;
    var x: Columns;
    x.a = x4(m, k);
    if (FORMAT > 0u) { x.b = x4(m, k + 4u); }
    if (FORMAT > 1u) { x.c = x4(m, k + 8u); x.d = x4(m, k + 12u); }
    if (FORMAT > 2u) {
        x.e = x4(m, k + 16u); x.f = x4(m, k + 20u); x.g = x4(m, k + 24u); x.h = x4(m, k + 28u);
    }
    return x;
}

// x times the weight of the norm before.
fn gained(x: Columns, quad: u32) -> Columns {
    let k = quad * QUAD_COLUMNS;
    var y: Columns;
    y.a = x.a * gain4(k);
    if (FORMAT > 0u) { y.b = x.b * gain4(k + 4u); }
    if (FORMAT > 1u) { y.c = x.c * gain4(k + 8u); y.d = x.d * gain4(k + 12u); }
    if (FORMAT > 2u) {
        y.e = x.e * gain4(k + 16u); y.f = x.f * gain4(k + 20u);
        y.g = x.g * gain4(k + 24u); y.h = x.h * gain4(k + 28u);
    }
    return y;
}

fn squares(x: Columns) -> f32 {
    var sum = dot(x.a, x.a);
    if (FORMAT > 0u) { sum += dot(x.b, x.b); }
    if (FORMAT > 1u) { sum += dot(x.c, x.c) + dot(x.d, x.d); }
    if (FORMAT > 2u) { sum += dot(x.e, x.e) + dot(x.f, x.f) + dot(x.g, x.g) + dot(x.h, x.h); }
    return sum;
}

// Σ x, which the groups' minima are multiplied with.
fn total(x: Columns) -> f32 {
    if (FORMAT < 2u) { return 0.0; }
    var sum = x.a + x.b + x.c + x.d;
    if (FORMAT > 2u) { sum += x.e + x.f + x.g + x.h; }
    return dot(sum, vec4<f32>(1.0));
}

// Signed on the way: signed integers become floats in one instruction everywhere.
fn bytes(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<i32>(255));
}

fn low_nibbles(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) >> vec4<u32>(0u, 4u, 8u, 12u)) & vec4<i32>(15));
}

fn high_nibbles(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) >> vec4<u32>(16u, 20u, 24u, 28u)) & vec4<i32>(15));
}

// Σ w · x over one quad; for packed formats Σ q · x.
fn dot_quad(w: vec4<u32>, x: Columns) -> f32 {
    if (FORMAT == 0u) {
        return dot(bitcast<vec4<f32>>(w), x.a);
    }
    if (FORMAT == 1u) {
        return dot(vec4<f32>(halves(w.x), halves(w.y)), x.a) + dot(vec4<f32>(halves(w.z), halves(w.w)), x.b);
    }
    if (FORMAT == 2u) {
        return dot(bytes(w.x), x.a) + dot(bytes(w.y), x.b) + dot(bytes(w.z), x.c) + dot(bytes(w.w), x.d);
    }
    return dot(low_nibbles(w.x), x.a) + dot(high_nibbles(w.x), x.b)
        + dot(low_nibbles(w.y), x.c) + dot(high_nibbles(w.y), x.d)
        + dot(low_nibbles(w.z), x.e) + dot(high_nibbles(w.z), x.f)
        + dot(low_nibbles(w.w), x.g) + dot(high_nibbles(w.w), x.h);
}

// The same with the group's scale and minimum; `sum` is total(x).
fn weighed(w: vec4<u32>, packed: u32, x: Columns, sum: f32) -> f32 {
    if (FORMAT < 2u) {
        return dot_quad(w, x);
    }
    let scale = halves(packed);
    return scale.x * dot_quad(w, x) + scale.y * sum;
}

fn word_index(row: u32, quad: u32) -> u32 {
    return row * (p.words_per_row / 4u) + quad;
}

fn scale_index(row: u32, quad: u32) -> u32 {
    if (FORMAT < 2u) { return 0u; }
    return row * p.groups_per_row + quad * QUAD_COLUMNS / GROUP;
}
