// What both units of a weight row share: x and gain at four columns, and stored numbers as floats.
// Packed numbers are taken where they lie in their half word, as multiples of 16 (q4) or 256 (q8) to the power of their
// place in it; x is divided by that. Both are exact, but for an x below 1e-34.
// n_cols is a multiple of 8, so that every row of x and w begins with whole 16 bytes.
// Needs: FORMAT (0 f32, 1 f16, 2 q8, 3 q4), RAGGED (rows end within a unit), the bindings x and gain, and in `p` the field
// n_cols.

const BYTE_PLACES: vec4<f32> = vec4<f32>(1.0, 256.0, 1.0, 256.0);
const NIBBLE_PLACES: vec4<f32> = vec4<f32>(1.0, 16.0, 256.0, 4096.0);
// Divisions may be off by a little, multiplications are not.
const PER_BYTE_PLACE: vec4<f32> = vec4<f32>(1.0, 0.00390625, 1.0, 0.00390625);
const PER_NIBBLE_PLACE: vec4<f32> = vec4<f32>(1.0, 0.0625, 0.00390625, 0.000244140625);

// x of row m, divided by the places; zero past the last column.
fn x4(m: u32, k: u32) -> vec4<f32> {
    if (RAGGED) {
        if (k >= p.n_cols) { return vec4<f32>(0.0); }
    }
    let value = x[(m * p.n_cols + k) / 4u];
    if (FORMAT == 2u) { return value * PER_BYTE_PLACE; }
    if (FORMAT == 3u) { return value * PER_NIBBLE_PLACE; }
    return value;
}

// The same as it was.
fn unplaced(value: vec4<f32>) -> vec4<f32> {
    if (FORMAT == 2u) { return value * BYTE_PLACES; }
    if (FORMAT == 3u) { return value * NIBBLE_PLACES; }
    return value;
}

fn gain4(k: u32) -> vec4<f32> {
    if (RAGGED) {
        if (k >= p.n_cols) { return vec4<f32>(0.0); }
    }
    return gain[k / 4u];
}

fn square(value: vec4<f32>) -> f32 {
    let whole = unplaced(value);
    return dot(whole, whole);
}

// Signed on the way: signed integers become floats in one instruction everywhere.
fn bytes(word: u32) -> vec4<f32> {
    let both = vec2<i32>(bitcast<i32>(word), bitcast<i32>(word >> 16u));
    return vec4<f32>(both.xxyy & vec4<i32>(0xff, 0xff00, 0xff, 0xff00));
}

// Of the lower half of a word.
fn nibbles(word: u32) -> vec4<f32> {
    return vec4<f32>(vec4<i32>(bitcast<i32>(word)) & vec4<i32>(0xf, 0xf0, 0xf00, 0xf000));
}
