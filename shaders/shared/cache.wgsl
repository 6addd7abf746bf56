// Where a layer's keys and values lie, four numbers of a head at a time (`Cached`: shared/cache_f32.wgsl or
// shared/cache_f16.wgsl). Keys lie in blocks of 64 slots, [block, head, N_VEC4, slot], so that neighbours who take a slot
// each read side by side; values lie slot by slot, [slot, head, N_VEC4].
// Needs: N_VEC4, a quarter of the head width, and in `p` the field n_kv_heads.

fn key_at(slot: u32, kv_head: u32, d: u32) -> u32 {
    return ((slot / 64u * p.n_kv_heads + kv_head) * N_VEC4 + d) * 64u + slot % 64u;
}

fn value_at(slot: u32, kv_head: u32, d: u32) -> u32 {
    return (slot * p.n_kv_heads + kv_head) * N_VEC4 + d;
}
