// A unit of a weight row is one load of 16 bytes, a quad: 4 columns in f32, 8 in f16, 16 in q8, 32 in q4.
// Needs: GROUP, what shared/unit.wgsl needs, halves, and in `p` the fields words_per_row and groups_per_row.

alias Unit = vec4<u32>;

const UNIT_COLUMNS: u32 = 4u << FORMAT;

// The columns of a quad, four each; what lies beyond a format's quad is not touched.
struct Columns {
    a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>,
    e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32>,
}

// x of row m; zero past the last column.
fn columns(m: u32, quad: u32) -> Columns {
    let k = quad * UNIT_COLUMNS;
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
    let k = quad * UNIT_COLUMNS;
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
    var sum = square(x.a);
    if (FORMAT > 0u) { sum += square(x.b); }
    if (FORMAT > 1u) { sum += square(x.c) + square(x.d); }
    if (FORMAT > 2u) { sum += square(x.e) + square(x.f) + square(x.g) + square(x.h); }
    return sum;
}

// Σ x, which the groups' minima are multiplied with.
fn total(x: Columns) -> f32 {
    if (FORMAT < 2u) { return 0.0; }
    var sum = x.a + x.b + x.c + x.d;
    if (FORMAT > 2u) { sum += x.e + x.f + x.g + x.h; }
    return dot(unplaced(sum), vec4<f32>(1.0));
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
    return dot(nibbles(w.x), x.a) + dot(nibbles(w.x >> 16u), x.b)
        + dot(nibbles(w.y), x.c) + dot(nibbles(w.y >> 16u), x.d)
        + dot(nibbles(w.z), x.e) + dot(nibbles(w.z >> 16u), x.f)
        + dot(nibbles(w.w), x.g) + dot(nibbles(w.w >> 16u), x.h);
}

// The same with the group's scale and minimum; `sum` is total(x).
fn weighed(w: vec4<u32>, packed: u32, x: Columns, sum: f32) -> f32 {
    if (FORMAT < 2u) {
        return dot_quad(w, x);
    }
    let scale = halves(packed);
    return scale.x * dot_quad(w, x) + scale.y * sum;
}

fn unit_index(row: u32, quad: u32) -> u32 {
    return row * (p.words_per_row / 4u) + quad;
}

fn scale_index(row: u32, quad: u32) -> u32 {
    if (FORMAT < 2u) { return 0u; }
    return row * p.groups_per_row + quad * UNIT_COLUMNS / GROUP;
}
