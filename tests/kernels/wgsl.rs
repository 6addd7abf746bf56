//! Every variant of every WGSL file through naga.

use kernels::{
    Shader, Spread, attention_decode::AttentionDecode, attention_merge::AttentionMerge,
    attention_prefill::AttentionPrefill, attention_window::AttentionWindow, embedding::Embedding,
    gelu::Gelu, matmul::Matmul, matvec::Matvec, matvec_gated::MatvecGated, mrope::Mrope,
    norm::Norm, readout::Readout, rope::Rope, sample::Sample, scan::Scan, sizes::Product,
    swiglu::Swiglu,
};

use crate::bench::FORMATS;

const SPREADS: [Spread; 5] = [
    Spread { lanes: 1, rows: 1 },
    Spread { lanes: 1, rows: 4 },
    Spread { lanes: 8, rows: 2 },
    Spread { lanes: 32, rows: 1 },
    Spread { lanes: 64, rows: 4 },
];

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
            for spread in SPREADS {
                for (is_normed, is_ragged) in
                    [(false, false), (false, true), (true, false), (true, true)]
                {
                    check(&Matvec {
                        product,
                        is_normed,
                        is_ragged,
                        spread,
                    });
                }
            }
        }
        let product = Product {
            format,
            has_bias: false,
            accumulate: false,
        };
        for (spread, is_ragged) in SPREADS.iter().flat_map(|s| [(*s, false), (*s, true)]) {
            let spread = Spread {
                rows: spread.rows.min(2),
                ..spread
            };
            check(&MatvecGated {
                product,
                is_ragged,
                spread,
            });
        }
    }
    for head_dim in [16, 32, 80, 128] {
        for (n_heads, group) in [(16, 8), (28, 7), (12, 12), (3, 1)] {
            check(&AttentionDecode { head_dim, group });
            check(&AttentionMerge { head_dim, n_heads });
        }
        check(&AttentionPrefill { head_dim });
        check(&AttentionWindow { head_dim });
    }
    check(&Gelu);
    check(&Mrope);
    check(&Norm);
    check(&Readout);
    check(&Rope);
    check(&Sample);
    check(&Scan);
    check(&Swiglu);
}
