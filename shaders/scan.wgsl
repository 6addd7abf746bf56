// One pass over the logits, for the choice of the next token: a part for the ids of each workgroup.
// Needs: shared/part.wgsl.

struct Params {
    n_group_id: u32,  // ids per workgroup
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> seen: array<u32>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read_write> scan: array<vec4<u32>>;
@group(0) @binding(4) var<uniform> p: Params;

const N_LANES: u32 = 64u;

@compute @workgroup_size(N_LANES)
fn main(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let end = min((group.x + 1u) * p.n_group_id, step[6]);
    var own = nothing();
    for (var first = group.x * p.n_group_id + lane; first < end; first += 256u) {
        // Those beyond the end are the last one again, which adds nothing to a maximum.
        let wanted = vec4<u32>(0u, 64u, 128u, 192u) + first;
        let ids = min(wanted, vec4<u32>(end - 1u));
        let own_logits = raw(ids);
        let values = penalized(own_logits, ids);
        // Not below the lowest: four times −∞ are no maximum to subtract.
        let maximum = max(max(max(own_logits.x, own_logits.y), max(own_logits.z, own_logits.w)), LOWEST);
        let are_there = wanted < vec4<u32>(end);
        let sum = dot(select(vec4<f32>(0.0), exp(own_logits - maximum), are_there), vec4<f32>(1.0));
        let best = max(max(values.x, values.y), max(values.z, values.w));
        let are_best = select(vec4<u32>(NO_ID), ids, values == vec4<f32>(best));
        let id = min(min(are_best.x, are_best.y), min(are_best.z, are_best.w));
        own = together(own, part(maximum, sum, best, id));
    }
    all_together(lane, own);
    if (lane == 0u) {
        scan[group.x] = sh_parts[0];
    }
}
