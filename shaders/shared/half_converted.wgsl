// The two halves of a word, the low one first, by the adapter's own conversion: only where it was seen to keep
// subnormals.
fn halves(word: u32) -> vec2<f32> {
    return unpack2x16float(word);
}
