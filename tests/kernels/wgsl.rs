//! Every variant of every WGSL file through naga.

use kernels::{
    Shader, attention_decode::AttentionDecode, attention_prefill::AttentionPrefill,
    attention_window::AttentionWindow, embedding::Embedding, gelu::Gelu, matmul::Matmul,
    matvec::Matvec, mrope::Mrope, norm::Norm, probe::Probe, rope::Rope, sizes::Product,
    swiglu::Swiglu,
};

use crate::bench::FORMATS;

fn check(shader: &impl Shader) {
    let text = shader.wgsl();
    let module = naga::front::wgsl::parse_str(&text)
        .unwrap_or_else(|error| panic!("{shader:?}: {}", error.emit_to_string(&text)));
    let flags = naga::valid::ValidationFlags::all();
    let capabilities = naga::valid::Capabilities::empty();
    naga::valid::Validator::new(flags, capabilities)
        .validate(&module)
        .unwrap_or_else(|error| panic!("{shader:?}: {}", error.emit_to_string(&text)));
    let n_storage = module
        .global_variables
        .iter()
        .filter(|(_, v)| matches!(v.space, naga::AddressSpace::Storage { .. }))
        .count();
    assert!(
        n_storage <= 8,
        "{shader:?} binds {n_storage} storage buffers, WebGPU guarantees 8"
    );
}

#[test]
fn every_variant_is_valid_and_within_the_guaranteed_limits() {
    for format in FORMATS {
        check(&Embedding { format });
        for (has_bias, accumulate) in [(false, false), (false, true), (true, false), (true, true)] {
            let product = Product {
                format,
                has_bias,
                accumulate,
            };
            check(&Matmul { product });
            for lanes in [1, 32] {
                check(&Matvec { product, lanes });
            }
        }
    }
    for head_dim in [16, 32, 80, 128] {
        check(&AttentionDecode { head_dim });
        check(&AttentionPrefill { head_dim });
        check(&AttentionWindow { head_dim });
    }
    check(&Gelu);
    check(&Mrope);
    check(&Norm);
    check(&Probe);
    check(&Rope);
    check(&Swiglu);
}
