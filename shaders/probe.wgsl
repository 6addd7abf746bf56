// Reads one layer's decode attention out. With a(k) = mean over heads of probabilities[h, k]:
//   readout[j]                        += a(k) / n_layers          for the slot k of image token j
//   readout[n_image + 4 · layer + 0…3] = Σ a over image, question, generated, and all counted slots.
// Roles: 0 not counted, 1 counted only, 2 question, 3 generated, 4 + j image token j.

struct Params {
    n_heads: u32,
    capacity_token: u32,
    n_image: u32,
    layer: u32,
    n_layers: u32,
}

@group(0) @binding(0) var<storage, read> probabilities: array<f32>;
@group(0) @binding(1) var<storage, read> roles: array<u32>;
@group(0) @binding(2) var<storage, read> n_past: array<u32>;
@group(0) @binding(3) var<storage, read_write> readout: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

var<workgroup> sh_sums: array<vec4<f32>, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
    var sums = vec4<f32>(0.0);
    for (var slot = lane; slot <= n_past[0]; slot += 64u) {
        var mean = 0.0;
        for (var head = 0u; head < p.n_heads; head++) {
            mean += probabilities[head * p.capacity_token + slot];
        }
        mean /= f32(p.n_heads);
        let role = roles[slot];
        if (role >= 4u) {
            var before = 0.0;
            if (p.layer > 0u) { before = readout[role - 4u]; }
            readout[role - 4u] = before + mean / f32(p.n_layers);
            sums.x += mean;
        } else if (role == 2u) {
            sums.y += mean;
        } else if (role == 3u) {
            sums.z += mean;
        }
        if (role > 0u) { sums.w += mean; }
    }
    sh_sums[lane] = sums;
    workgroupBarrier();
    for (var stride = 32u; stride > 0u; stride /= 2u) {
        if (lane < stride) {
            sh_sums[lane] += sh_sums[lane + stride];
        }
        workgroupBarrier();
    }
    if (lane < 4u) {
        readout[p.n_image + 4u * p.layer + lane] = sh_sums[0][lane];
    }
}
