//! Every variant of every WGSL file through naga.

use tests::variants;

#[test]
fn every_variant_is_valid_and_within_the_guaranteed_limits() {
    for variant in variants() {
        let (name, text) = (&variant.name, &variant.text);
        let module = valid(name, text);
        let n_storage = module
            .global_variables
            .iter()
            .filter(|(_, v)| matches!(v.space, naga::AddressSpace::Storage { .. }))
            .count();
        assert!(
            n_storage <= 8,
            "{name} binds {n_storage} storage buffers, WebGPU guarantees 8"
        );
        let shared = module
            .global_variables
            .iter()
            .filter(|(_, global)| global.space == naga::AddressSpace::WorkGroup)
            .map(|(_, global)| module.types[global.ty].inner.size(module.to_ctx()));
        let n_bytes: u32 = shared.sum();
        assert!(
            n_bytes <= 16_384,
            "{name} shares {n_bytes} bytes, WebGPU guarantees 16,384"
        );
    }
}

/// Through naga's checks, with no capability beyond those of WebGPU.
pub fn valid(name: &str, text: &str) -> naga::Module {
    let module = naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
    let mut validator = naga::valid::Validator::new(
        naga::valid::ValidationFlags::all(),
        // Subgroups and halves are asked for; the other is what naga calls a part of every WGSL.
        naga::valid::Capabilities::SUBGROUP
            | naga::valid::Capabilities::SHADER_FLOAT16
            | naga::valid::Capabilities::SHADER_FLOAT16_IN_FLOAT32,
    );
    validator
        .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
        .subgroup_operations(naga::valid::SubgroupOperationSet::SHUFFLE)
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
    module
}
