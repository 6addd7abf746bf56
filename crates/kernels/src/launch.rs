//! From a kernel's constants and buffers to a dispatch.

use std::{fmt::Debug, fmt::Write, hash::Hash};

use burn_wgpu::{CubeDim, CubeTensor, KernelSource, SourceKernel, SourceTemplate};
use cubecl::{
    CubeCount,
    ir::attributes::BufferIOAttr,
    prelude::{ExecutionMode, KernelId},
    server::{KernelArguments, MetadataBindingInfo},
};

/// The constants of one WGSL file. The value is the pipeline's id: equal values share a pipeline.
pub trait Shader: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    /// The WGSL text, shared parts first.
    const WGSL: &'static [&'static str];

    /// Constants in WGSL, by name.
    fn constants(&self) -> Vec<(&'static str, Constant)>;

    /// The complete WGSL text.
    fn wgsl(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.constants() {
            // Writing to a String cannot fail.
            let _ = match value {
                Constant::U32(value) => writeln!(text, "const {name}: u32 = {value}u;"),
                Constant::Bool(value) => writeln!(text, "const {name}: bool = {value};"),
            };
        }
        for part in Self::WGSL {
            text.push_str(part);
        }
        text
    }
}

/// A WGSL constant.
#[derive(Clone, Copy, Debug)]
pub enum Constant {
    /// `u32`
    U32(u32),
    /// `bool`
    Bool(bool),
}

struct Source<S>(S);

impl<S: Shader> KernelSource for Source<S> {
    fn source(&self) -> SourceTemplate {
        SourceTemplate::new(self.0.wgsl())
    }

    fn id(&self) -> KernelId {
        // Every loop of ours ends by itself; bounding it again would only keep drivers from unrolling it.
        KernelId::new::<S>()
            .info(self.0.clone())
            .mode(ExecutionMode::Unchecked)
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// A buffer of a dispatch; bindings are numbered in the order given, the parameters come last.
pub(crate) enum Binding<'a> {
    Read(&'a CubeTensor),
    /// Read and written.
    Write(&'a CubeTensor),
}

/// Dispatches `groups` workgroups; the parameters arrive as a uniform of 32-bit words.
pub(crate) fn launch<S: Shader>(
    shader: S,
    groups: [u32; 3],
    bindings: &[Binding<'_>],
    params: &[u32],
) {
    let Some(Binding::Read(first) | Binding::Write(first)) = bindings.first() else {
        return;
    };
    let client = first.client.clone();
    let mut arguments = KernelArguments::new();
    for binding in bindings {
        arguments = match binding {
            Binding::Read(t) => {
                arguments.with_buffer_io(t.handle.clone().binding(), BufferIOAttr::ReadOnly)
            }
            Binding::Write(t) => {
                arguments.with_buffer_io(t.handle.clone().binding(), BufferIOAttr::ReadWrite)
            }
        };
    }
    let pairs = params
        .chunks(2)
        .map(|pair| u64::from(pair[0]) | u64::from(*pair.get(1).unwrap_or(&0)) << 32)
        .collect();
    client.launch(
        Box::new(SourceKernel::new(Source(shader), CubeDim::new_1d(64))),
        CubeCount::Static(groups[0], groups[1], groups[2]),
        arguments.with_info(MetadataBindingInfo::custom(pairs)),
    );
}

/// Folds `n` workgroups into x and y: a dimension holds at most 65,535.
pub(crate) fn folded(n: u32) -> [u32; 3] {
    let y = n.div_ceil(65_535).max(1);
    [n.div_ceil(y), y, 1]
}
