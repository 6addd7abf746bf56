//! Every variant of every WGSL file.

use kernels::{
    Features, KV_FORMATS, KvFormat, SPREADS, Shader, Spread, Unit,
    attention_decode::AttentionDecode, attention_merge::AttentionMerge,
    attention_prefill::AttentionPrefill, attention_window::AttentionWindow, cache::Cache,
    embedding::Embedding, gelu::Gelu, matmul::Matmul, matmul_bytes::MatmulBytes,
    matmul_halves::MatmulHalves, matmul_tile::MatmulTile, matvec::Matvec,
    matvec_gated::MatvecGated, mrope::Mrope, norm::Norm, readout::Readout, rope::Rope, rounded,
    sample::Sample, scan::Scan, sizes::Product, swiglu::Swiglu,
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
    let extremes = [(1, 1, Unit::Quad), (32, 1, Unit::Word), (64, 4, Unit::Quad)];
    let extremes = extremes.map(|(lanes, rows, unit)| Spread { lanes, rows, unit });
    SPREADS.into_iter().chain(extremes)
}

/// Those for weights in `format`, and whether rows end within a unit, as rows of words never do.
fn spreads_of(format: Format) -> impl Iterator<Item = (Spread, bool)> {
    spreads().flat_map(move |spread| match spread.unit {
        Unit::Quad => vec![(spread, false), (spread, true)],
        Unit::Word if format.group().is_some() => vec![(spread, false)],
        Unit::Word => Vec::new(),
    })
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

/// In each format; halves are read by arithmetic, or as the adapter converts them.
fn caches(head_dim: u32) -> impl Iterator<Item = Cache> {
    let formats = KV_FORMATS.map(|format| (format, false));
    let all = formats.into_iter().chain([(KvFormat::F16, true)]);
    all.map(move |(format, halves)| Cache {
        head_dim,
        format,
        halves,
    })
}

/// A variant of a WGSL file.
pub struct Variant {
    /// Its constants.
    pub name: String,
    /// Its whole text, without the directive for subgroups that browsers ask for.
    pub text: String,
    /// Whether it uses subgroups.
    pub uses_subgroups: bool,
    /// Whether it computes in halves.
    pub uses_f16: bool,
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
                if rounded::takes(format) {
                    add(&MatmulBytes { product, features });
                    add(&MatmulHalves { product, features });
                }
                for fours in [1, 2] {
                    add(&Matmul {
                        product,
                        fours,
                        features,
                    });
                }
                for (spread, is_ragged) in spreads_of(format) {
                    for is_normed in [false, true] {
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
        for (spread, is_ragged) in spreads_of(format) {
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
        for cache in caches(head_dim) {
            for group in [8, 7, 12, 1] {
                add(&AttentionDecode { cache, group });
            }
            add(&AttentionPrefill { cache });
            add(&Mrope { cache });
        }
        for n_heads in [16, 28, 12, 3] {
            add(&AttentionMerge { head_dim, n_heads });
        }
        add(&AttentionWindow { head_dim });
    }
    add(&Gelu);
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
            uses_f16: self.uses_f16(),
        }
    }
}
