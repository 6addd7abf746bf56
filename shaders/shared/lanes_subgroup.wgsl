// Adds up what the LANES neighbours that share rows have; the first of them gets the sums. As far as they lie in one
// subgroup, they do not need memory for it.
// Needs: LANES (a power of two up to 64), N_SUMS, SUBGROUP (so many neighbours lie in one subgroup: a power of two).

const WIDTH: u32 = min(LANES, SUBGROUP);
const N_WIDTHS: u32 = 64u / WIDTH;

var<workgroup> sh_sums: array<f32, N_WIDTHS * N_SUMS>;

fn sum_lanes(sums: ptr<function, array<f32, N_SUMS>>, local: u32) {
    for (var i = 0u; i < N_SUMS; i++) {
        var sum = (*sums)[i];
        for (var stride = 1u; stride < WIDTH; stride *= 2u) {
            sum += subgroupShuffleXor(sum, stride);
        }
        (*sums)[i] = sum;
    }
    if (WIDTH == LANES) { return; }
    for (var i = 0u; i < N_SUMS; i++) {
        if (local % WIDTH == 0u) { sh_sums[i * N_WIDTHS + local / WIDTH] = (*sums)[i]; }
    }
    workgroupBarrier();
    let first = local / LANES * (LANES / WIDTH);
    for (var i = 0u; i < N_SUMS; i++) {
        var sum = 0.0;
        for (var part = 0u; part < LANES / WIDTH; part++) {
            sum += sh_sums[i * N_WIDTHS + first + part];
        }
        (*sums)[i] = sum;
    }
}
