// out[m] = weight · x[m] / sqrt(mean(x[m]²) + eps), one workgroup per row.

struct Params {
    n_cols: u32,
    eps_bits: u32,    // f32
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> sh_partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) n_groups: vec3<u32>,
) {
    let row = (group.x + group.y * n_groups.x) * p.n_cols;
    let inside = row < arrayLength(&out);
    var sum = 0.0;
    if (inside) {
        for (var k = lane; k < p.n_cols; k += 64u) {
            sum += x[row + k] * x[row + k];
        }
    }
    sh_partial[lane] = sum;
    workgroupBarrier();
    for (var stride = 32u; stride > 0u; stride /= 2u) {
        if (lane < stride) {
            sh_partial[lane] += sh_partial[lane + stride];
        }
        workgroupBarrier();
    }
    if (inside) {
        let factor = 1.0 / sqrt(sh_partial[0] / f32(p.n_cols) + bitcast<f32>(p.eps_bits));
        for (var k = lane; k < p.n_cols; k += 64u) {
            out[row + k] = weight[k] * (x[row + k] * factor);
        }
    }
}
