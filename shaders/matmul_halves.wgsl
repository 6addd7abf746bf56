// out[m, column + r] = Σ_k x[m, k] · w[r, k] (+ bias[r]) (+ the old value), many rows of x, with products of four halves at
// a time. The numbers of w are those stored less the one that stands for zero in their group, which halves hold exactly; x
// is divided by the largest of 32 columns, so that it stays within the range of halves up to 1e37, and rounded to 11 bits. A
// half adds up eight products, everything beyond that is f32.
// Needs: what shared/rounded.wgsl needs.

// Fours of columns per row of a tile.
const FOURS: u32 = TILE / 4u;

var<workgroup> sh_halves: array<vec4<f16>, FOURS * X_ROWS>;
var<workgroup> sh_w: array<vec4<f16>, FOURS * W_ROWS>;

fn stage_x(row: u32) {
    let largest = largest_of(row);
    var per_step = 0.0;
    if (largest > 1.0e-37) { per_step = 1.0 / largest; }
    var sum = vec4<f32>(0.0);
    for (var four = 0u; four < FOURS; four++) {
        let k = four * 4u;
        let steps = vec4<f32>(raw(row, k), raw(row, k + 1u), raw(row, k + 2u), raw(row, k + 3u)) * per_step;
        let rounded = vec4<f16>(steps);
        sh_halves[four * X_ROWS + row] = rounded;
        sum += vec4<f32>(rounded);
    }
    // The sum is that of the rounded columns, so that minima meet the same x as the stored numbers do.
    sh_x[row] = vec2<f32>(largest, largest * dot(sum, vec4<f32>(1.0)));
}

// The stored number next to zero.
fn centre(scale: vec2<f32>) -> f32 {
    if (scale.x == 0.0) { return 0.0; }
    return clamp(round(-scale.y / scale.x), 0.0, 255.0);
}

fn centred(codes: vec4<u32>, centre: f32) -> vec4<f16> {
    return vec4<f16>(vec4<f32>(codes) - centre);
}

fn stage_w(row: u32, half_row: u32, first: u32, centre: f32) {
    let at = half_row * FOURS / 2u * W_ROWS + row;
    if (FORMAT == 3u) {
        for (var i = 0u; i < 2u; i++) {
            let word = vec4<u32>(words[first + i]);
            sh_w[at + 2u * i * W_ROWS] = centred((word >> vec4<u32>(0u, 4u, 8u, 12u)) & vec4<u32>(15u), centre);
            sh_w[at + (2u * i + 1u) * W_ROWS] = centred((word >> vec4<u32>(16u, 20u, 24u, 28u)) & vec4<u32>(15u), centre);
        }
    } else {
        for (var i = 0u; i < 4u; i++) {
            let word = vec4<u32>(words[first + i]);
            sh_w[at + i * W_ROWS] = centred((word >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u), centre);
        }
    }
}

// Four columns of four rows of x, a row each.
fn x4(four: u32, lane: u32) -> mat4x4<f16> {
    let at = four * X_ROWS + lane;
    return mat4x4<f16>(sh_halves[at], sh_halves[at + 1u], sh_halves[at + 2u], sh_halves[at + 3u]);
}

// The same four columns of one row of w, added to each row's sums.
fn added(sums: mat4x4<f16>, xs: mat4x4<f16>, w: vec4<f16>) -> mat4x4<f16> {
    return mat4x4<f16>(
        fma(xs[0], w, sums[0]), fma(xs[1], w, sums[1]), fma(xs[2], w, sums[2]), fma(xs[3], w, sums[3]),
    );
}

// Sums of four columns, row by row of x.
fn over_columns(sums: mat4x4<f16>) -> vec4<f32> {
    let all = transpose(mat4x4<f32>(
        vec4<f32>(sums[0]), vec4<f32>(sums[1]), vec4<f32>(sums[2]), vec4<f32>(sums[3]),
    ));
    return (all[0] + all[1]) + (all[2] + all[3]);
}

fn tile_sums(lane_x: u32, lane_w: u32) -> mat4x4<f32> {
    var a: mat4x4<f16>;
    var b: mat4x4<f16>;
    var c: mat4x4<f16>;
    var d: mat4x4<f16>;
    for (var four = 0u; four < FOURS; four++) {
        let xs = x4(four, lane_x);
        let at = four * W_ROWS + lane_w;
        a = added(a, xs, sh_w[at]);
        b = added(b, xs, sh_w[at + 1u]);
        c = added(c, xs, sh_w[at + 2u]);
        d = added(d, xs, sh_w[at + 3u]);
    }
    return mat4x4<f32>(over_columns(a), over_columns(b), over_columns(c), over_columns(d));
}
