// Packs what a step leaves for the host, behind the two words of sample.wgsl:
//   result[2] = m, the largest value of the map; result[4 + 4 l …] = Σ over blocks of sums[l];
//   from result[4 + 4 n_layers] on, one byte per image token: map / m · 255, rounded.

struct Params {
    n_image: u32,
    n_layers: u32,
    n_blocks: u32,
}

@group(0) @binding(0) var<storage, read> map: array<f32>;
@group(0) @binding(1) var<storage, read> sums: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;
@group(0) @binding(4) var<uniform> p: Params;

var<workgroup> sh_maximum: array<f32, 256>;
// Four invocations a layer, each with every fourth block.
var<workgroup> sh_sums: array<vec4<f32>, 256>;

fn byte(j: u32, maximum: f32) -> u32 {
    if (j >= p.n_image || maximum <= 0.0) {
        return 0u;
    }
    return min(u32(map[j] / maximum * 255.0 + 0.5), 255u);
}

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
    let n_live = step[0] / 64u + 1u;
    for (var first = 0u; first < p.n_layers; first += 64u) {
        let layer = first + lane / 4u;
        var sum = vec4<f32>(0.0);
        if (layer < p.n_layers) {
            for (var b = lane % 4u; b < n_live; b += 4u) {
                sum += sums[layer * p.n_blocks + b];
            }
        }
        sh_sums[lane] = sum;
        workgroupBarrier();
        if (layer < p.n_layers) {
            let at = lane / 4u * 4u;
            let kind = lane % 4u;
            let whole = sh_sums[at] + sh_sums[at + 1u] + sh_sums[at + 2u] + sh_sums[at + 3u];
            result[4u + 4u * layer + kind] = bitcast<u32>(whole[kind]);
        }
        workgroupBarrier();
    }
    var maximum = 0.0;
    for (var j = lane; j < p.n_image; j += 256u) {
        maximum = max(maximum, map[j]);
    }
    sh_maximum[lane] = maximum;
    workgroupBarrier();
    for (var stride = 128u; stride > 0u; stride /= 2u) {
        if (lane < stride) {
            sh_maximum[lane] = max(sh_maximum[lane], sh_maximum[lane + stride]);
        }
        workgroupBarrier();
    }
    maximum = sh_maximum[0];
    if (lane == 0u) { result[2] = bitcast<u32>(maximum); }
    for (var word = lane; word * 4u < p.n_image; word += 256u) {
        let j = word * 4u;
        result[4u + 4u * p.n_layers + word] = byte(j, maximum) | (byte(j + 1u, maximum) << 8u)
            | (byte(j + 2u, maximum) << 16u) | (byte(j + 3u, maximum) << 24u);
    }
}
