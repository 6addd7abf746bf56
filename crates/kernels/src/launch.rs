//! From a kernel's constants and buffers to a dispatch.

use std::{fmt::Debug, fmt::Write, hash::Hash};

use burn_wgpu::{CubeDim, CubeTensor, KernelSource, SourceKernel, SourceTemplate};
use cubecl::{
    CubeCount,
    ir::attributes::BufferIOAttr,
    prelude::{ExecutionMode, KernelId},
    server::{KernelArguments, MetadataBindingInfo},
};

/// The first line of a text that uses subgroups, in a browser.
pub const ENABLE_SUBGROUPS: &str = "enable subgroups;\n";

/// The first line of a text that computes in halves.
pub const ENABLE_F16: &str = "enable f16;\n";

/// The constants of one WGSL file. The value is the pipeline's id: equal values share a pipeline.
pub trait Shader: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    /// The WGSL text, shared parts first.
    fn parts(&self) -> Vec<&'static str>;

    /// Constants in WGSL, by name.
    fn constants(&self) -> Vec<(&'static str, Constant)>;

    /// Whether invocations of a subgroup exchange values.
    fn uses_subgroups(&self) -> bool {
        false
    }

    /// Whether it computes in halves.
    fn uses_f16(&self) -> bool {
        false
    }

    /// The complete WGSL text.
    fn wgsl(&self) -> String {
        let mut text = String::new();
        // Browsers ask for the directive; naga 30 knows what it enables, and not the directive.
        if cfg!(target_family = "wasm") && self.uses_subgroups() {
            text.push_str(ENABLE_SUBGROUPS);
        }
        if self.uses_f16() {
            text.push_str(ENABLE_F16);
        }
        for (name, value) in self.constants() {
            // Writing to a String cannot fail.
            let _ = match value {
                Constant::U32(value) => writeln!(text, "const {name}: u32 = {value}u;"),
                Constant::Bool(value) => writeln!(text, "const {name}: bool = {value};"),
            };
        }
        for part in self.parts() {
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
        #[cfg(not(debug_assertions))]
        return SourceTemplate::new(self.0.wgsl());
        #[cfg(debug_assertions)]
        SourceTemplate::new(mutated::<S>(self.0.wgsl()))
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

/// A fault that is put into a kernel on purpose, to see whether the tests notice.
#[cfg(debug_assertions)]
#[derive(Clone, Debug)]
pub struct Mutation {
    /// Name of the [`Shader`].
    pub kernel: String,
    /// What is replaced in its text.
    pub from: String,
    /// What takes its place.
    pub to: String,
}

#[cfg(debug_assertions)]
static MUTATION: std::sync::OnceLock<Mutation> = std::sync::OnceLock::new();

/// Puts a fault into what is compiled from now on; the first one counts.
#[cfg(debug_assertions)]
pub fn mutate(mutation: Mutation) {
    MUTATION.get_or_init(|| mutation);
}

#[cfg(debug_assertions)]
fn mutated<S: Shader>(wgsl: String) -> String {
    let name = std::any::type_name::<S>().rsplit("::").next();
    match MUTATION.get() {
        Some(mutation) if name == Some(mutation.kernel.as_str()) => {
            wgsl.replace(&mutation.from, &mutation.to)
        }
        _ => wgsl,
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
