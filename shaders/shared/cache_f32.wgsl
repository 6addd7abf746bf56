// Four numbers of a key or value, as they are.
alias Cached = vec4<f32>;

fn cached(value: vec4<f32>) -> Cached {
    return value;
}

fn uncached(value: Cached) -> vec4<f32> {
    return value;
}
