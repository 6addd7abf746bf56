// out[m, column + r] = Σ_k x[m, k] · w[r, k] (+ bias[r]) (+ the old value), many rows of x.
// For software adapters, which pay for every access and every barrier, and like neighbours that read the same place or
// places side by side: a workgroup covers 16 · FOURS rows of x by 1,024 rows of w. 32 columns of x at a time lie in
// workgroup memory; four neighbours share 64 rows of w, and each of them multiplies those with FOURS times four rows of x.
// Needs: FOURS (1 or 2), FORMAT, GROUP (a multiple of 32 where there are groups).

const LANES: u32 = 4u;
const ROWS: u32 = 64u;

const TILE: u32 = 32u;
const X_ROWS: u32 = 4u * LANES * FOURS;
// One more than the rows of x, so that a column does not fall into one bank.
const STRIDE: u32 = X_ROWS + 1u;

var<workgroup> sh_x: array<f32, TILE * STRIDE>;

// Stored numbers are taken where they lie in their half word, as multiples of 16 (q4) or 256 (q8) to the power of
// their place in it; x is divided by that. Both are exact.
fn place_factor(column: u32) -> f32 {
    if (FORMAT == 2u) { return bitcast<f32>((127u - column % 2u * 8u) << 23u); }
    if (FORMAT == 3u) { return bitcast<f32>((127u - column % 4u * 4u) << 23u); }
    return 1.0;
}

// 32 columns from k on of all rows from m on; zero past the ends.
fn stage(local: u32, m: u32, k: u32) {
    for (var i = local; i < TILE * X_ROWS; i += 64u) {
        let value = number(m + i / TILE, k + i % TILE);
        sh_x[i % TILE * STRIDE + i / TILE] = value * place_factor(i);
    }
}

// Column k of the tile for four rows of x.
fn x4(k: u32, at: u32) -> vec4<f32> {
    let i = k * STRIDE + at;
    return vec4<f32>(sh_x[i], sh_x[i + LANES], sh_x[i + 2u * LANES], sh_x[i + 3u * LANES]);
}

// Four rows of x at eight columns.
struct Columns {
    a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>,
    e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32>,
}

// The same at all columns of the tile, with their sum.
struct Tile { a: Columns, b: Columns, c: Columns, d: Columns, total: vec4<f32> }

fn columns(k: u32, at: u32) -> Columns {
    return Columns(
        x4(k, at), x4(k + 1u, at), x4(k + 2u, at), x4(k + 3u, at),
        x4(k + 4u, at), x4(k + 5u, at), x4(k + 6u, at), x4(k + 7u, at),
    );
}

// Σ x, which the groups' minima are multiplied with.
fn total(x: Columns) -> vec4<f32> {
    if (FORMAT < 2u) { return vec4<f32>(0.0); }
    if (FORMAT == 2u) { return (x.a + x.c + x.e + x.g) + 256.0 * (x.b + x.d + x.f + x.h); }
    return (x.a + x.e) + 16.0 * (x.b + x.f) + 256.0 * (x.c + x.g) + 4096.0 * (x.d + x.h);
}

fn tile(at: u32) -> Tile {
    let a = columns(0u, at);
    let b = columns(8u, at);
    let c = columns(16u, at);
    let d = columns(24u, at);
    return Tile(a, b, c, d, total(a) + total(b) + total(c) + total(d));
}

fn product(w: Eight, x: Columns) -> vec4<f32> {
    return w.low.x * x.a + w.low.y * x.b + w.low.z * x.c + w.low.w * x.d
        + w.high.x * x.e + w.high.y * x.f + w.high.z * x.g + w.high.w * x.h;
}

// Columns 8 · block … of `row`, each times the inverse of its place_factor.
fn placed8(row: u32, block: u32) -> Eight {
    if (FORMAT < 2u) { return codes8(row, block); }
    if (FORMAT == 2u) {
        let at = row * p.words_per_row + block * 2u;
        let first = bitcast<i32>(words[at]);
        let second = bitcast<i32>(words[at + 1u]);
        let mask = vec4<i32>(0xff, 0xff00, 0xff, 0xff00);
        return Eight(
            vec4<f32>(vec4<i32>(first, first, first >> 16u, first >> 16u) & mask),
            vec4<f32>(vec4<i32>(second, second, second >> 16u, second >> 16u) & mask),
        );
    }
    let word = bitcast<i32>(words[row * p.words_per_row + block]);
    let mask = vec4<i32>(0xf, 0xf0, 0xf00, 0xf000);
    return Eight(vec4<f32>(vec4<i32>(word) & mask), vec4<f32>(vec4<i32>(word >> 16u) & mask));
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>) {
    let lane = local % LANES;
    let first_x = group.y * X_ROWS;
    let first_row = (group.x * (64u / LANES) + local / LANES) * ROWS;
    let n_rows = select(0u, min(ROWS, p.n_rows - first_row), first_row < p.n_rows);
    // Four rows of x each.
    var sums: array<vec4<f32>, ROWS * FOURS>;
    for (var k = 0u; k < p.n_cols; k += TILE) {
        workgroupBarrier();
        stage(local, first_x, k);
        workgroupBarrier();
        if (n_rows > 0u) {
            let x0 = tile(lane);
            var x1: Tile;
            if (FOURS > 1u) { x1 = tile(lane + 4u * LANES); }
            for (var r = 0u; r < n_rows; r++) {
                let row = first_row + r;
                let a = placed8(row, k / 8u);
                let b = placed8(row, k / 8u + 1u);
                let c = placed8(row, k / 8u + 2u);
                let d = placed8(row, k / 8u + 3u);
                var scale = vec2<f32>(1.0, 0.0);
                if (FORMAT > 1u) { scale = halves(scales[row * p.groups_per_row + k / GROUP]); }
                sums[r * FOURS] += weighed(a, b, c, d, x0, scale);
                if (FOURS > 1u) { sums[r * FOURS + FOURS - 1u] += weighed(a, b, c, d, x1, scale); }
            }
        }
    }
    for (var r = 0u; r < n_rows; r++) {
        write4(first_x + lane, first_row + r, sums[r * FOURS]);
        if (FOURS > 1u) { write4(first_x + lane + 4u * LANES, first_row + r, sums[r * FOURS + FOURS - 1u]); }
    }
}

fn weighed(a: Eight, b: Eight, c: Eight, d: Eight, x: Tile, scale: vec2<f32>) -> vec4<f32> {
    let part = product(a, x.a) + product(b, x.b) + product(c, x.c) + product(d, x.d);
    if (FORMAT < 2u) { return part; }
    return scale.x * part + scale.y * x.total;
}

fn write4(first_x: u32, row: u32, values: vec4<f32>) {
    for (var i = 0u; i < 4u; i++) {
        write(first_x + LANES * i, row, values[i]);
    }
}
