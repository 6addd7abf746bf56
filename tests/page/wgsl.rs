//! Every variant of every WGSL file through Chrome's own compiler.

use kernels::{ENABLE_F16, ENABLE_SUBGROUPS};
use serde_json::json;
use tests::{Variant, variants};

use crate::Outcome;
use crate::browser::WebGpu;
use crate::site::Site;

/// Texts sent at a time.
const N_BATCH: usize = 100;

#[test]
fn chrome_takes_every_variant_of_every_kernel() -> Outcome {
    let Some(site) = Site::open(WebGpu::Software)? else {
        return Ok(());
    };
    for batch in variants().chunks(N_BATCH) {
        let text = |variant: &Variant| match (variant.uses_subgroups, variant.uses_f16) {
            (true, _) => format!("{ENABLE_SUBGROUPS}{}", variant.text),
            // Browsers compute in halves on GPUs only: all but the width of the numbers is checked.
            (false, true) => variant.text.replace(ENABLE_F16, "alias f16 = f32;\n"),
            (false, false) => variant.text.clone(),
        };
        let texts: Vec<String> = batch.iter().map(text).collect();
        let faults = site.run(
            "const adapter = await navigator.gpu.requestAdapter();
             const device = await adapter.requestDevice({ requiredFeatures: ['subgroups'] });
             const faults = await Promise.all(arguments[0].map(async (code) => {
                 const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
                 return messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`).join('\\n');
             }));
             device.destroy();
             return faults;",
            json!(texts),
        )?;
        for (index, variant) in batch.iter().enumerate() {
            assert_eq!(faults[index], "", "{}", variant.name);
        }
    }
    Ok(())
}
