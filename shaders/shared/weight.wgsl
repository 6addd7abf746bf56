// Eight neighbouring columns of one row of a weight matrix; layouts: crates/weights/src/format.rs.
// Needs: FORMAT (0 f32, 1 f16, 2 q8, 3 q4), GROUP, the bindings `words` and `scales`, and
// in `p` the fields n_cols, words_per_row and groups_per_row.

fn word_at(index: u32) -> u32 {
    return words[min(index, arrayLength(&words) - 1u)];
}

// Columns 8 * block … of `row`. Columns past the end hold arbitrary finite numbers: meet them with a zero.
fn weights8(row: u32, block: u32) -> array<f32, 8> {
    var w: array<f32, 8>;
    let first = row * p.words_per_row;
    if (FORMAT == 0u) {
        for (var i = 0u; i < 8u; i++) {
            w[i] = bitcast<f32>(word_at(first + block * 8u + i));
        }
    } else if (FORMAT == 1u) {
        for (var i = 0u; i < 4u; i++) {
            let pair = word_at(first + block * 4u + i);
            w[2u * i] = float_from_half(pair & 0xffffu);
            w[2u * i + 1u] = float_from_half(pair >> 16u);
        }
    } else {
        let packed = scales[row * p.groups_per_row + block * 8u / GROUP];
        let scale = float_from_half(packed & 0xffffu);
        let minimum = float_from_half(packed >> 16u);
        for (var i = 0u; i < 8u; i++) {
            var q = 0u;
            if (FORMAT == 2u) {
                q = (words[first + block * 2u + i / 4u] >> (8u * (i % 4u))) & 0xffu;
            } else {
                q = (words[first + block] >> (4u * i)) & 0xfu;
            }
            w[i] = f32(q) * scale + minimum;
        }
    }
    return w;
}
