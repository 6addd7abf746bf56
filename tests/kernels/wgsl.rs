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
    }
}

/// Through naga's checks, with no capability beyond WebGPU's own.
pub fn valid(name: &str, text: &str) -> naga::Module {
    let module = naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
    let flags = naga::valid::ValidationFlags::all();
    let capabilities = naga::valid::Capabilities::empty();
    naga::valid::Validator::new(flags, capabilities)
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
    module
}
