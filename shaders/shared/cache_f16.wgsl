// Four numbers of a key or value as halves in two words: half the memory, and half the reads. Every WGSL packs halves;
// what is larger than the largest of them becomes that one. A NaN may become a number: the token that it belongs to has NaN
// in all that its layers compute in f32, and so in its logits.
// Needs: halves.
alias Cached = vec2<u32>;

const LARGEST: vec4<f32> = vec4<f32>(65504.0);

fn cached(value: vec4<f32>) -> Cached {
    let kept = clamp(value, -LARGEST, LARGEST);
    return vec2<u32>(pack2x16float(kept.xy), pack2x16float(kept.zw));
}

fn uncached(value: Cached) -> vec4<f32> {
    return vec4<f32>(halves(value.x), halves(value.y));
}
