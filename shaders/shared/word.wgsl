// A unit of a packed weight row is one word: 4 columns in q8, 8 in q4. Neighbours who take a word each read x side by
// side, too, as GPUs like it; a quad each would have them read x at every 128th byte.
// Needs: GROUP, what shared/unit.wgsl needs with FORMAT 2 or 3, halves, and in `p` the fields words_per_row and
// groups_per_row.

alias Unit = u32;

const UNIT_COLUMNS: u32 = 4u << (FORMAT - 2u);

// The columns of a word, four each; b is for q4.
struct Columns { a: vec4<f32>, b: vec4<f32> }

fn columns(m: u32, word: u32) -> Columns {
    let k = word * UNIT_COLUMNS;
    var x: Columns;
    x.a = x4(m, k);
    if (FORMAT > 2u) { x.b = x4(m, k + 4u); }
    return x;
}

// x times the weight of the norm before.
fn gained(x: Columns, word: u32) -> Columns {
    let k = word * UNIT_COLUMNS;
    var y: Columns;
    y.a = x.a * gain4(k);
    if (FORMAT > 2u) { y.b = x.b * gain4(k + 4u); }
    return y;
}

fn squares(x: Columns) -> f32 {
    var sum = square(x.a);
    if (FORMAT > 2u) { sum += square(x.b); }
    return sum;
}

// Σ x, which the groups' minima are multiplied with.
fn total(x: Columns) -> f32 {
    var sum = x.a;
    if (FORMAT > 2u) { sum += x.b; }
    return dot(unplaced(sum), vec4<f32>(1.0));
}

// Σ w · x over one word, with the group's scale and minimum; `sum` is total(x).
fn weighed(w: u32, packed: u32, x: Columns, sum: f32) -> f32 {
    var part = 0.0;
    if (FORMAT == 2u) {
        part = dot(bytes(w), x.a);
    } else {
        part = dot(nibbles(w), x.a) + dot(nibbles(w >> 16u), x.b);
    }
    let scale = halves(packed);
    return scale.x * part + scale.y * sum;
}

fn unit_index(row: u32, word: u32) -> u32 {
    return row * p.words_per_row + word;
}

fn scale_index(row: u32, word: u32) -> u32 {
    return row * p.groups_per_row + word * UNIT_COLUMNS / GROUP;
}
