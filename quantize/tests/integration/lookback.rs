//! Reading a Lookback folder back, shard by shard, as the engine does.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use weights::{Manifest, Part, ShardReader, dequantize_rows};

/// The manifest of a folder.
pub fn manifest(dir: &Path) -> Manifest {
    let json = fs::read(dir.join("manifest.json")).expect("manifest");
    Manifest::parse(&json).expect("a valid manifest")
}

/// All tensors of a folder as numbers, by name.
pub fn tensors(dir: &Path) -> BTreeMap<String, Vec<f32>> {
    let manifest = Arc::new(manifest(dir));
    let mut parts = vec![[vec![], vec![]]; manifest.tensors.len()];
    for (index, shard) in manifest.shards.iter().enumerate() {
        let bytes = fs::read(dir.join(&shard.file)).expect("shard");
        let mut reader = ShardReader::new(manifest.clone(), index).expect("reader");
        let mut input = &bytes[..];
        while let Some(verified) = reader.next_chunk(&mut input).expect("verified") {
            for piece in verified.pieces(&manifest) {
                let words = piece.bytes.chunks_exact(4);
                let words = words.map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                parts[piece.tensor][usize::from(piece.part == Part::Scales)].extend(words);
            }
        }
        reader.finish().expect("complete");
    }
    let named = manifest.tensors.iter().zip(parts);
    let numbers = named.map(|(tensor, [words, scales])| {
        let layout = tensor.layout().expect("layout");
        let values = dequantize_rows(&words, &scales, &layout).expect("values");
        (tensor.name.clone(), values)
    });
    numbers.collect()
}
