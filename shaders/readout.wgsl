// Packs what a step leaves for the host, behind the two words of sample.wgsl:
//   result[2] = m, the largest value of the map; result[4 + 4 l …] = Σ over blocks of sums[l];
//   from result[4 + 4 n_layers] on, one byte per image token: map / m · 255, rounded.

struct Params {
    n_image: u32,
    n_layers: u32,
    n_blocks: u32,
}

@group(0) @binding(0) var<storage, read> map: array<f32>;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;
@group(0) @binding(4) var<uniform> p: Params;

var<workgroup> sh_maximum: array<f32, 64>;

fn byte(j: u32, maximum: f32) -> u32 {
    if (j >= p.n_image || maximum <= 0.0) {
        return 0u;
    }
    return min(u32(map[j] / maximum * 255.0 + 0.5), 255u);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
    let n_live = step[0] / 64u + 1u;
    for (var i = lane; i < 4u * p.n_layers; i += 64u) {
        var sum = 0.0;
        for (var b = 0u; b < n_live; b++) {
            sum += sums[(i / 4u * p.n_blocks + b) * 4u + i % 4u];
        }
        result[4u + i] = bitcast<u32>(sum);
    }
    var maximum = 0.0;
    for (var j = lane; j < p.n_image; j += 64u) {
        maximum = max(maximum, map[j]);
    }
    sh_maximum[lane] = maximum;
    workgroupBarrier();
    for (var i = 0u; i < 64u; i++) {
        maximum = max(maximum, sh_maximum[i]);
    }
    if (lane == 0u) { result[2] = bitcast<u32>(maximum); }
    for (var word = lane; word * 4u < p.n_image; word += 64u) {
        let j = word * 4u;
        result[4u + 4u * p.n_layers + word] = byte(j, maximum) | (byte(j + 1u, maximum) << 8u)
            | (byte(j + 2u, maximum) << 16u) | (byte(j + 3u, maximum) << 24u);
    }
}
