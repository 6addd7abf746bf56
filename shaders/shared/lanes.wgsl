// Adds up what the LANES neighbours that share rows have; the first of them gets the sums.
// Needs: LANES (a power of two up to 64), N_SUMS.

var<workgroup> sh_sums: array<f32, 64u * N_SUMS>;

fn sum_lanes(sums: ptr<function, array<f32, N_SUMS>>, local: u32) {
    if (LANES == 1u) { return; }
    for (var i = 0u; i < N_SUMS; i++) {
        sh_sums[i * 64u + local] = (*sums)[i];
    }
    workgroupBarrier();
    for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
        if (local % LANES < stride) {
            for (var i = 0u; i < N_SUMS; i++) {
                sh_sums[i * 64u + local] += sh_sums[i * 64u + local + stride];
            }
        }
        workgroupBarrier();
    }
    for (var i = 0u; i < N_SUMS; i++) {
        (*sums)[i] = sh_sums[i * 64u + local];
    }
}
