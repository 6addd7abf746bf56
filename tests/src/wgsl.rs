//! Every variant of every WGSL file.

use kernels::{
    Features, SPREADS, Shader, Spread,
    attention_decode::AttentionDecode,
    attention_merge::AttentionMerge,
    attention_prefill::AttentionPrefill,
    attention_window::AttentionWindow,
    embedding::Embedding,
    gelu::Gelu,
    matmul::Matmul,
    matmul_bytes::{self, MatmulBytes},
    matmul_tile::MatmulTile,
    matvec::Matvec,
    matvec_gated::MatvecGated,
    mrope::Mrope,
    norm::Norm,
    readout::Readout,
    rope::Rope,
    sample::Sample,
    scan::Scan,
    sizes::Product,
    swiglu::Swiglu,
};
use weights::Format;

/// All storage formats of a matrix.
pub const FORMATS: [Format; 8] = [
    Format::F32,
    Format::F16,
    Format::Q8 { group: 32 },
    Format::Q8 { group: 64 },
    Format::Q8 { group: 128 },
    Format::Q4 { group: 32 },
    Format::Q4 { group: 64 },
    Format::Q4 { group: 128 },
];

/// Those in use, and the extremes.
fn spreads() -> impl Iterator<Item = Spread> {
    let extremes = [(1, 1), (32, 1), (64, 4)].map(|(lanes, rows)| Spread { lanes, rows });
    SPREADS.into_iter().chain(extremes)
}

/// None and all, with the narrowest and the widest subgroups, narrower and wider than what shares a row.
const FEATURES: [Features; 4] = [
    features(1, false),
    features(4, true),
    features(16, false),
    features(64, true),
];

const fn features(subgroup: u32, halves: bool) -> Features {
    Features { subgroup, halves }
}

/// A variant of a WGSL file.
pub struct Variant {
    /// Its constants.
    pub name: String,
    /// Its whole text, without the directive that browsers ask for.
    pub text: String,
    /// Whether it uses subgroups.
    pub uses_subgroups: bool,
}

/// All of them.
pub fn variants() -> Vec<Variant> {
    let mut all = Vec::new();
    let mut add = |shader: &dyn Described| all.push(shader.variant());
    for format in FORMATS {
        add(&Embedding { format });
        for (has_bias, accumulate) in [(false, false), (false, true), (true, false), (true, true)] {
            let product = Product {
                format,
                has_bias,
                accumulate,
            };
            // What of the adapter is used, and what is done with the sums, have nothing to do with each other.
            let features = if has_bias || accumulate {
                &FEATURES[..1]
            } else {
                &FEATURES[..]
            };
            for &features in features {
                add(&MatmulTile { product, features });
                if matmul_bytes::takes(format) {
                    add(&MatmulBytes { product, features });
                }
                for fours in [1, 2] {
                    add(&Matmul {
                        product,
                        fours,
                        features,
                    });
                }
                for spread in spreads() {
                    for (is_normed, is_ragged) in
                        [(false, false), (false, true), (true, false), (true, true)]
                    {
                        add(&Matvec {
                            product,
                            is_normed,
                            is_ragged,
                            spread,
                            features,
                        });
                    }
                }
            }
        }
        let product = Product {
            format,
            has_bias: false,
            accumulate: false,
        };
        for (spread, is_ragged) in spreads().flat_map(|s| [(s, false), (s, true)]) {
            for features in FEATURES {
                add(&MatvecGated {
                    product,
                    is_ragged,
                    spread,
                    features,
                });
            }
        }
    }
    for head_dim in [16, 32, 80, 128] {
        for (n_heads, group) in [(16, 8), (28, 7), (12, 12), (3, 1)] {
            add(&AttentionDecode { head_dim, group });
            add(&AttentionMerge { head_dim, n_heads });
        }
        add(&AttentionPrefill { head_dim });
        add(&AttentionWindow { head_dim });
    }
    add(&Gelu);
    add(&Mrope);
    add(&Norm);
    add(&Readout);
    add(&Rope);
    add(&Sample);
    add(&Scan);
    add(&Swiglu);
    all
}

trait Described {
    fn variant(&self) -> Variant;
}

impl<S: Shader> Described for S {
    fn variant(&self) -> Variant {
        Variant {
            name: format!("{self:?}"),
            text: self.wgsl(),
            uses_subgroups: self.uses_subgroups(),
        }
    }
}
