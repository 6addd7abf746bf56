// out[m] = the row that source[step[0] + m] names: a token id, or IMAGE + a row of `image`.
// One launch per row segment of the table; it leaves rows of other segments alone.
// Needs: FORMAT, GROUP.

const IMAGE: u32 = 0x80000000u;

struct Params {
    n_cols: u32,      // of w
    words_per_row: u32,
    groups_per_row: u32,
    first_row: u32,   // of this segment
    n_rows: u32,      // of this segment
    n_tokens: u32,
    n_blocks: u32,    // of eight columns
}

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read> step: array<u32>;
@group(0) @binding(2) var<storage, read> words: array<u32>;
@group(0) @binding(3) var<storage, read> scales: array<u32>;
@group(0) @binding(4) var<storage, read> image: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let block = id.x;
    let token = id.y;
    if (block >= p.n_blocks || token >= p.n_tokens) {
        return;
    }
    let row = source[step[0] + token];
    let at = token * p.n_cols + block * 8u;
    let n = min(8u, p.n_cols - block * 8u);
    if (row >= IMAGE) {
        for (var i = 0u; i < n; i++) {
            out[at + i] = image[(row - IMAGE) * p.n_cols + block * 8u + i];
        }
    } else if (row >= p.first_row && row - p.first_row < p.n_rows) {
        let w = weights8(row - p.first_row, block);
        for (var i = 0u; i < n; i++) {
            out[at + i] = select(w.high[i % 4u], w.low[i % 4u], i < 4u);
        }
    }
}
