// f16 bits to f32 without subnormals on the way: WGSL may flush those to zero.
fn float_from_half(half: u32) -> f32 {
    let magnitude = (half & 0x7fffu) << 13u;
    let normal = bitcast<f32>(magnitude + 0x38000000u);
    let subnormal = bitcast<f32>(magnitude + 0x38800000u) - 6.103515625e-5;
    let value = select(normal, subnormal, (half & 0x7c00u) == 0u);
    return bitcast<f32>(bitcast<u32>(value) | ((half & 0x8000u) << 16u));
}

// The two halves of a word, the low one first.
fn halves(word: u32) -> vec2<f32> {
    return vec2<f32>(float_from_half(word & 0xffffu), float_from_half(word >> 16u));
}
