//! From tensors, in whatever order and pieces they arrive, to the network on a device.

use std::collections::HashMap;

use burn::{
    module::{Param, ParamId},
    tensor::{Device, Tensor},
};
use kernels::{DenseMatrix, Heads, Linear, Matrix, PackedMatrix, Packing, Upload};
use weights::{Format, Layout, Part, matrix_shape};

use crate::{
    config::Config,
    mlp::Mlp,
    model::{Model, Qwen2_5Vl},
    rms_norm::RmsNorm,
    tensors::{alike, expected_tensors, parameter_of},
    text::{DecoderLayer, SelfAttention, Text},
    vision::{PatchEmbed, PatchMerger, Vision, VisionAttention, VisionBlock},
};

/// Epsilon of every norm of the vision tower, fixed in the library's code.
const VISION_NORM_EPS: f32 = 1e-6;

/// Why tensors do not make the network that the config describes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A tensor is not there.
    #[error(
        "the checkpoint has no tensor {name}, which its config.json asks for; get the complete checkpoint"
    )]
    Missing {
        /// Published name.
        name: String,
    },
    /// A tensor has another shape.
    #[error(
        "tensor {name} has the shape {got:?}, but config.json asks for {expected:?}; config and weights belong to different models"
    )]
    Shape {
        /// Published name.
        name: String,
        /// By the config.
        expected: Vec<usize>,
        /// In the file.
        got: Vec<usize>,
    },
    /// A vector or patch embedding that is not f32, or a layout that does not exist.
    #[error(
        "tensor {name} is stored as {got}, which this engine cannot use; quantize the checkpoint again"
    )]
    Format {
        /// Published name.
        name: String,
        /// In the manifest.
        got: String,
    },
    /// Tensors that lie in one matrix on the device are stored differently.
    #[error(
        "tensor {name} is stored as {got}, but {first} as {expected}, and this engine needs both alike; quantize the checkpoint again"
    )]
    Unlike {
        /// Published name.
        name: String,
        /// In the manifest.
        got: String,
        /// Published name of the tensor before it.
        first: String,
        /// Its storage.
        expected: String,
    },
    /// A single row is larger than a binding.
    #[error(
        "a row of tensor {name} takes {row_bytes} bytes, more than this GPU can bind ({max_bytes}); use another GPU or --device cpu"
    )]
    RowTooLarge {
        /// Published name.
        name: String,
        /// Bytes of a row.
        row_bytes: u64,
        /// The adapter's limit.
        max_bytes: u64,
    },
}

/// A tensor that the source offers.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Published name.
    pub name: String,
    /// Sides as saved.
    pub shape: Vec<usize>,
    /// Storage.
    pub format: Format,
}

/// Receives tensors piece by piece and writes them straight to the device.
pub struct Builder {
    config: Config,
    device: Device,
    max_binding_bytes: u64,
    /// By index of the offer; `None` for tensors that the network does not use.
    places: Vec<Option<Place>>,
    /// By the name of the parameter.
    slots: HashMap<String, Slot>,
    weight_bytes: u64,
}

/// Where a tensor lies: its parameter, and what lies before it there.
struct Place {
    slot: String,
    words_bytes: usize,
    scales_bytes: usize,
}

struct Slot {
    layout: Layout,
    rows_per_segment: usize,
    segments: Vec<Segment>,
}

struct Segment {
    words: Upload,
    scales: Option<Upload>,
}

impl Builder {
    /// Checks the offered tensors against the config and allocates them on `device`; buffers are at most
    /// `max_binding_bytes` long.
    ///
    /// # Errors
    /// [`LoadError`] for tensors that are missing or of another shape.
    pub fn new(
        config: Config,
        offers: &[Offer],
        device: Device,
        max_binding_bytes: u64,
    ) -> Result<Builder, LoadError> {
        check_offers(&config, offers)?;
        let expected = expected_tensors(&config);
        let mut builder = Builder {
            config,
            device,
            max_binding_bytes,
            places: offers.iter().map(|_| None).collect(),
            slots: HashMap::new(),
            weight_bytes: 0,
        };
        let index_of_name: HashMap<&str, usize> = offers
            .iter()
            .enumerate()
            .map(|(index, offer)| (offer.name.as_str(), index))
            .collect();
        let mut parts_of: HashMap<String, Vec<usize>> = HashMap::new();
        for (name, _) in &expected {
            let parts = parts_of.entry(parameter_of(name)).or_default();
            parts.push(index_of_name[name.as_str()]);
        }
        for (name, parts) in parts_of {
            builder.place(name, &parts, offers)?;
        }
        Ok(builder)
    }

    /// Allocates a parameter and gives each of the tensors that it is stacked of its place.
    fn place(&mut self, name: String, parts: &[usize], offers: &[Offer]) -> Result<(), LoadError> {
        let layouts = parts.iter().map(|&index| layout_of(&offers[index]));
        let layouts = layouts.collect::<Result<Vec<_>, _>>()?;
        let (mut words_bytes, mut scales_bytes) = (0, 0);
        for (&index, layout) in parts.iter().zip(&layouts) {
            self.places[index] = Some(Place {
                slot: name.clone(),
                words_bytes,
                scales_bytes,
            });
            words_bytes += 4 * layout.rows() * layout.words_per_row();
            scales_bytes += 4 * layout.rows() * layout.n_groups();
        }
        let slot = self.slot(&offers[parts[0]], &layouts)?;
        self.slots.insert(name, slot);
        Ok(())
    }

    /// Matrices are stacked by rows, vectors end to end.
    fn slot(&mut self, offer: &Offer, layouts: &[Layout]) -> Result<Slot, LoadError> {
        let is_vector = offer.shape.len() == 1;
        let (n_rows, n_cols) = match is_vector {
            true => (1, layouts.iter().map(Layout::cols).sum()),
            false => (layouts.iter().map(Layout::rows).sum(), layouts[0].cols()),
        };
        let layout = Layout::new(n_rows, n_cols, offer.format).map_err(|_| LoadError::Format {
            name: offer.name.clone(),
            got: offer.format.to_string(),
        })?;
        let row_bytes = 4 * layout.words_per_row() as u64;
        let rows_per_segment = (self.max_binding_bytes / row_bytes).min(n_rows as u64) as usize;
        if rows_per_segment == 0 {
            return Err(LoadError::RowTooLarge {
                name: offer.name.clone(),
                row_bytes,
                max_bytes: self.max_binding_bytes,
            });
        }
        let segments = (0..n_rows.div_ceil(rows_per_segment)).map(|index| {
            let n = rows_per_segment.min(n_rows - index * rows_per_segment);
            let words = Upload::new(n * row_bytes as usize, &self.device);
            let scales_bytes = 4 * n * layout.n_groups();
            let scales = (scales_bytes > 0).then(|| Upload::new(scales_bytes, &self.device));
            Segment { words, scales }
        });
        self.weight_bytes += layout.total_bytes();
        Ok(Slot {
            layout,
            rows_per_segment,
            segments: segments.collect(),
        })
    }

    /// Takes bytes of one part of the tensor with index `tensor` in the offers. Tensors that the network does
    /// not use are dropped.
    pub fn write(&mut self, tensor: usize, part: Part, offset: u64, bytes: &[u8]) {
        let Some(Some(place)) = self.places.get(tensor) else {
            return;
        };
        let Some(slot) = self.slots.get_mut(&place.slot) else {
            return;
        };
        let (row_words, before) = match part {
            Part::Words => (slot.layout.words_per_row(), place.words_bytes),
            Part::Scales => (slot.layout.n_groups(), place.scales_bytes),
        };
        let segment_bytes = 4 * row_words * slot.rows_per_segment;
        let (mut offset, mut rest) = (before + offset as usize, bytes);
        while !rest.is_empty() {
            let at = offset % segment_bytes;
            let (now, later) = rest.split_at(rest.len().min(segment_bytes - at));
            let Some(segment) = slot.segments.get_mut(offset / segment_bytes) else {
                return;
            };
            match (part, &mut segment.scales) {
                (Part::Scales, Some(scales)) => scales.write(at, now),
                _ => segment.words.write(at, now),
            }
            (offset, rest) = (offset + now.len(), later);
        }
    }

    /// The network, once every byte was written.
    ///
    /// # Errors
    /// [`LoadError::Missing`] cannot happen after [`Builder::new`] succeeded, but is passed on.
    pub fn finish(mut self) -> Result<Model, LoadError> {
        let network = Qwen2_5Vl {
            visual: self.vision()?,
            model: self.text()?,
            lm_head: match self.config.tie_word_embeddings {
                true => None,
                false => Some(self.matrix("lm_head.weight")?),
            },
        };
        Ok(Model {
            config: self.config,
            network,
            device: self.device,
            weight_bytes: self.weight_bytes,
            max_binding_bytes: self.max_binding_bytes,
        })
    }

    fn vision(&mut self) -> Result<Vision, LoadError> {
        let vision = self.config.vision_config.clone();
        let blocks = (0..vision.depth).map(|index| {
            let at = format!("visual.blocks.{index}");
            Ok(VisionBlock {
                norm1: self.norm(&format!("{at}.norm1"), VISION_NORM_EPS)?,
                norm2: self.norm(&format!("{at}.norm2"), VISION_NORM_EPS)?,
                attn: VisionAttention {
                    qkv: self.linear(&format!("{at}.attn.qkv"), true)?,
                    proj: self.linear(&format!("{at}.attn.proj"), true)?,
                    n_heads: vision.num_heads,
                },
                mlp: self.mlp(&format!("{at}.mlp"), true)?,
                is_full: vision.fullatt_block_indexes.contains(&index),
            })
        });
        let blocks = blocks.collect::<Result<_, LoadError>>()?;
        Ok(Vision {
            patch_embed: PatchEmbed {
                proj: self.linear("visual.patch_embed.proj", false)?,
            },
            blocks,
            merger: PatchMerger {
                ln_q: self.norm("visual.merger.ln_q", VISION_NORM_EPS)?,
                mlp: [
                    self.linear("visual.merger.mlp.0", true)?,
                    self.linear("visual.merger.mlp.2", true)?,
                ],
                n_group_patch: vision.spatial_merge_size * vision.spatial_merge_size,
            },
        })
    }

    fn text(&mut self) -> Result<Text, LoadError> {
        let eps = self.config.rms_norm_eps as f32;
        let heads = Heads {
            n_heads: self.config.num_attention_heads,
            n_kv_heads: self.config.num_key_value_heads,
            head_dim: self.config.head_dim,
        };
        let layers = (0..self.config.num_hidden_layers).map(|index| {
            let at = format!("model.layers.{index}");
            Ok(DecoderLayer {
                input_layernorm: self.norm(&format!("{at}.input_layernorm"), eps)?,
                self_attn: SelfAttention {
                    qkv_proj: self.linear(&format!("{at}.self_attn.qkv_proj"), true)?,
                    o_proj: self.linear(&format!("{at}.self_attn.o_proj"), false)?,
                    heads,
                },
                post_attention_layernorm: self
                    .norm(&format!("{at}.post_attention_layernorm"), eps)?,
                mlp: self.mlp(&format!("{at}.mlp"), false)?,
            })
        });
        let layers = layers.collect::<Result<_, LoadError>>()?;
        Ok(Text {
            embed_tokens: self.matrix("model.embed_tokens.weight")?,
            layers,
            norm: self.norm("model.norm", eps)?,
        })
    }

    fn mlp(&mut self, at: &str, has_bias: bool) -> Result<Mlp, LoadError> {
        Ok(Mlp {
            gate_proj: self.linear(&format!("{at}.gate_proj"), has_bias)?,
            up_proj: self.linear(&format!("{at}.up_proj"), has_bias)?,
            down_proj: self.linear(&format!("{at}.down_proj"), has_bias)?,
        })
    }

    fn linear(&mut self, at: &str, has_bias: bool) -> Result<Linear, LoadError> {
        let bias = match has_bias {
            true => Some(self.vector(&format!("{at}.bias"))?),
            false => None,
        };
        Ok(Linear {
            weight: self.matrix(&format!("{at}.weight"))?,
            bias,
        })
    }

    fn norm(&mut self, at: &str, eps: f32) -> Result<RmsNorm, LoadError> {
        Ok(RmsNorm {
            weight: self.vector(&format!("{at}.weight"))?,
            eps,
        })
    }

    fn vector(&mut self, name: &str) -> Result<Param<Tensor<1>>, LoadError> {
        let slot = self.take(name)?;
        let n = slot.layout.cols();
        let segment = slot.segments.into_iter().next();
        let words = segment.ok_or_else(|| missing(name))?.words;
        Ok(Param::initialized(ParamId::new(), words.into_floats([n])))
    }

    fn matrix(&mut self, name: &str) -> Result<Matrix, LoadError> {
        let slot = self.take(name)?;
        let (layout, rows_per_segment) = (slot.layout, slot.rows_per_segment);
        if layout.format() == Format::F32 {
            let rows =
                |index: usize| rows_per_segment.min(layout.rows() - index * rows_per_segment);
            let weight = slot
                .segments
                .into_iter()
                .enumerate()
                .map(|(index, segment)| {
                    let weight = segment.words.into_floats([rows(index), layout.cols()]);
                    Param::initialized(ParamId::new(), weight)
                });
            return Ok(Matrix::Dense(DenseMatrix {
                weight: weight.collect(),
            }));
        }
        let packing = Packing {
            format: layout.format(),
            n_rows: layout.rows(),
            n_cols: layout.cols(),
            rows_per_segment,
        };
        let (mut words, mut scales) = (Vec::new(), Vec::new());
        for segment in slot.segments {
            let segment_words = segment.words.into_words();
            scales.push(match segment.scales {
                Some(scales) => scales.into_words(),
                None => segment_words.clone(),
            });
            words.push(segment_words);
        }
        let param = |tensor| Param::initialized(ParamId::new(), tensor);
        Ok(Matrix::Packed(PackedMatrix {
            words: words.into_iter().map(param).collect(),
            scales: scales.into_iter().map(param).collect(),
            packing,
        }))
    }

    fn take(&mut self, name: &str) -> Result<Slot, LoadError> {
        self.slots.remove(name).ok_or_else(|| missing(name))
    }
}

fn layout_of(offer: &Offer) -> Result<Layout, LoadError> {
    let format_error = || LoadError::Format {
        name: offer.name.clone(),
        got: offer.format.to_string(),
    };
    let (n_rows, n_cols) = matrix_shape(&offer.shape).ok_or_else(format_error)?;
    Layout::new(n_rows, n_cols, offer.format).map_err(|_| format_error())
}

fn missing(name: &str) -> LoadError {
    LoadError::Missing {
        name: name.to_owned(),
    }
}

/// Checks that the offered tensors are those that the config asks for, without allocating any.
///
/// # Errors
/// [`LoadError`] for tensors that are missing or of another shape.
pub fn check_offers(config: &Config, offers: &[Offer]) -> Result<(), LoadError> {
    let of_name: HashMap<&str, &Offer> = offers
        .iter()
        .map(|offer| (offer.name.as_str(), offer))
        .collect();
    for (name, shape) in expected_tensors(config) {
        let offer = of_name.get(name.as_str());
        check_offer(offer.ok_or_else(|| missing(&name))?, &shape)?;
    }
    for (name, like) in alike(config) {
        let (offer, first) = (of_name[name.as_str()], of_name[like.as_str()]);
        if offer.format != first.format {
            return Err(LoadError::Unlike {
                name,
                got: offer.format.to_string(),
                first: like,
                expected: first.format.to_string(),
            });
        }
    }
    Ok(())
}

fn check_offer(offer: &Offer, expected: &[usize]) -> Result<(), LoadError> {
    // The patch embedding may come as the convolution it is or as the matrix that it is stored as.
    if matrix_shape(&offer.shape) != matrix_shape(expected) || offer.shape[0] != expected[0] {
        return Err(LoadError::Shape {
            name: offer.name.clone(),
            expected: expected.to_vec(),
            got: offer.shape.clone(),
        });
    }
    if expected.len() == 1 && offer.format != Format::F32 {
        return Err(LoadError::Format {
            name: offer.name.clone(),
            got: offer.format.to_string(),
        });
    }
    Ok(())
}
