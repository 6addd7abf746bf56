// Eight neighbouring columns of one row of a weight matrix; layouts: crates/weights/src/format.rs.
// Needs: FORMAT (0 f32, 1 f16, 2 q8, 3 q4), GROUP, the bindings `words` and `scales`, and
// in `p` the fields n_cols, words_per_row and groups_per_row.

struct Eight { low: vec4<f32>, high: vec4<f32> }

fn word_at(index: u32) -> u32 {
    return words[min(index, arrayLength(&words) - 1u)];
}

// Signed on the way: signed integers become floats in one instruction everywhere.
fn fields(word: u32, shifts: vec4<u32>, mask: i32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) >> shifts) & vec4<i32>(mask));
}

// Columns 8 * block … of `row` as they are stored: numbers, or steps of their group's scale. Columns past the end
// hold arbitrary finite numbers: meet them with a zero.
fn codes8(row: u32, block: u32) -> Eight {
    let first = row * p.words_per_row;
    if (FORMAT == 0u) {
        let at = first + block * 8u;
        return Eight(
            bitcast<vec4<f32>>(vec4<u32>(word_at(at), word_at(at + 1u), word_at(at + 2u), word_at(at + 3u))),
            bitcast<vec4<f32>>(vec4<u32>(word_at(at + 4u), word_at(at + 5u), word_at(at + 6u), word_at(at + 7u))),
        );
    }
    if (FORMAT == 1u) {
        let at = first + block * 4u;
        return Eight(
            vec4<f32>(halves(word_at(at)), halves(word_at(at + 1u))),
            vec4<f32>(halves(word_at(at + 2u)), halves(word_at(at + 3u))),
        );
    }
    if (FORMAT == 2u) {
        let at = first + block * 2u;
        let shifts = vec4<u32>(0u, 8u, 16u, 24u);
        return Eight(fields(word_at(at), shifts, 255), fields(word_at(at + 1u), shifts, 255));
    }
    let word = word_at(first + block);
    return Eight(
        fields(word, vec4<u32>(0u, 4u, 8u, 12u), 15),
        fields(word, vec4<u32>(16u, 20u, 24u, 28u), 15),
    );
}

// The same as numbers.
fn weights8(row: u32, block: u32) -> Eight {
    var w = codes8(row, block);
    if (FORMAT > 1u) {
        let scale = halves(scales[row * p.groups_per_row + block * 8u / GROUP]);
        w = Eight(w.low * scale.x + scale.y, w.high * scale.x + scale.y);
    }
    return w;
}
