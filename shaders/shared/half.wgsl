// f16 bits to f32 without subnormals on the way: WGSL may flush those to zero.
fn float_from_half(half: u32) -> f32 {
    let sign = (half & 0x8000u) << 16u;
    let magnitude = (half & 0x7fffu) << 13u;
    if ((half & 0x7c00u) == 0u) {
        let shifted = bitcast<f32>(magnitude + 0x38800000u) - 6.103515625e-5;
        return bitcast<f32>(bitcast<u32>(shifted) | sign);
    }
    return bitcast<f32>((magnitude + 0x38000000u) | sign);
}

