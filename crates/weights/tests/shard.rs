//! Reading shards in pieces: nothing unverified gets through, and every byte finds its tensor.

use std::sync::Arc;

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use weights::{Chunk, Format, Layout, Manifest, Part, Shard, ShardError, ShardReader, Tensor};

/// Tensors of mixed formats over two shards with gaps of `gap` bytes, and the bytes of the shards.
fn folder(chunk_bytes: usize, gap: u64) -> (Manifest, Vec<Vec<u8>>) {
    let q4 = Format::Q4 { group: 32 };
    let specs = [
        (0, vec![5], Format::F32),
        (0, vec![3, 70], q4),
        (0, vec![2, 3], Format::F16),
        (1, vec![4, 33], Format::Q8 { group: 64 }),
        (1, vec![1, 32], q4),
    ];
    let mut lengths = [0u64; 2];
    let mut tensors = Vec::new();
    for (index, (shard, shape, format)) in specs.into_iter().enumerate() {
        let (rows, cols) = weights::matrix_shape(&shape).expect("shape");
        let length = Layout::new(rows, cols, format)
            .expect("layout")
            .total_bytes();
        let offset = lengths[shard];
        lengths[shard] += length + gap;
        tensors.push(Tensor {
            name: format!("t{index}"),
            shape,
            format,
            shard,
            offset,
            length,
        });
    }
    let bytes: Vec<Vec<u8>> = lengths
        .iter()
        .map(|&length| (0..length).map(|i| (i * 7 + length) as u8).collect())
        .collect();
    let shards = bytes.iter().enumerate().map(|(index, bytes)| Shard {
        file: format!("weights-{index}.bin"),
        length: bytes.len() as u64,
        chunks: bytes.chunks(chunk_bytes).map(chunk).collect(),
    });
    let manifest = Manifest {
        format: Manifest::FORMAT.to_owned(),
        name: String::new(),
        notice: None,
        methods: vec![],
        config: serde_json::Value::Null,
        files: vec![],
        shards: shards.collect(),
        tensors,
    };
    let json = serde_json::to_vec(&manifest).expect("json");
    (Manifest::parse(&json).expect("valid"), bytes)
}

fn chunk(bytes: &[u8]) -> Chunk {
    Chunk {
        length: bytes.len() as u64,
        sha256: format!("{:x}", Sha256::digest(bytes)),
    }
}

/// Feeds the bytes in parts of the given sizes, the rest at once, and collects words and scales.
fn read(
    manifest: &Manifest,
    shard: usize,
    bytes: &[u8],
    sizes: &[usize],
) -> Result<Vec<[Vec<u8>; 2]>, ShardError> {
    let mut parts = vec![[vec![], vec![]]; manifest.tensors.len()];
    let mut reader = ShardReader::new(Arc::new(manifest.clone()), shard)?;
    let mut rest = bytes;
    for &size in sizes.iter().chain([&usize::MAX]) {
        let mut input;
        (input, rest) = rest.split_at(size.min(rest.len()));
        while let Some(verified) = reader.next_chunk(&mut input)? {
            assert_eq!(
                verified.bytes,
                &bytes[verified.offset as usize..][..verified.bytes.len()]
            );
            for piece in verified.pieces(manifest) {
                let part = &mut parts[piece.tensor][usize::from(piece.part == Part::Scales)];
                assert_eq!(part.len() as u64, piece.offset);
                part.extend_from_slice(piece.bytes);
            }
        }
        assert!(input.is_empty());
    }
    reader.finish()?;
    Ok(parts)
}

#[test]
fn damage_is_found_and_placed() {
    let (manifest, bytes) = folder(64, 0);
    let mut damaged = bytes[0].clone();
    damaged[130] ^= 1;
    let error = read(&manifest, 0, &damaged, &[]).expect_err("damage");
    let place = matches!(&error, ShardError::Hash { chunk: 2, start: 128, end: 192, file } if file == "weights-0.bin");
    assert!(place, "{error}");

    let error = read(&manifest, 0, &bytes[0][..100], &[7]).expect_err("short");
    assert!(
        matches!(
            error,
            ShardError::Truncated {
                chunk: 1,
                got: 100,
                ..
            }
        ),
        "{error}"
    );
    let error = read(&manifest, 0, &[], &[]).expect_err("empty");
    assert!(
        matches!(
            error,
            ShardError::Truncated {
                chunk: 0,
                got: 0,
                ..
            }
        ),
        "{error}"
    );
    let error = read(&manifest, 0, &bytes[0][..128], &[]).expect_err("short");
    assert!(
        matches!(
            error,
            ShardError::Truncated {
                chunk: 2,
                got: 128,
                ..
            }
        ),
        "{error}"
    );

    let longer = [&bytes[0][..], &[0]].concat();
    let error = read(&manifest, 0, &longer, &[]).expect_err("long");
    assert!(matches!(error, ShardError::TooLong { .. }), "{error}");
    let error = read(&manifest, 2, &[], &[]).expect_err("no shard");
    assert!(
        matches!(
            error,
            ShardError::Unknown {
                shard: 2,
                n_shards: 2
            }
        ),
        "{error}"
    );
}

proptest! {
    /// Chunks of any size cut words, scales and gaps anywhere; the tensors come out whole.
    #[test]
    fn every_byte_finds_its_tensor(
        chunk_words in 1usize..80,
        gap_words in 0u64..3,
        sizes in prop::collection::vec(0usize..150, 0..30),
    ) {
        let (manifest, bytes) = folder(chunk_words * 4, gap_words * 4);
        for (shard, bytes) in bytes.iter().enumerate() {
            let parts = read(&manifest, shard, bytes, &sizes).expect("read");
            for (tensor, [words, scales]) in manifest.tensors.iter().zip(parts) {
                let range = tensor.offset as usize..(tensor.offset + tensor.length) as usize;
                let expected = if tensor.shard == shard { &bytes[range] } else { &[] };
                prop_assert_eq!([words.clone(), scales].concat(), expected);
                let words_bytes = tensor.layout().expect("layout").words_bytes() as usize;
                prop_assert!(expected.is_empty() || words.len() == words_bytes);
            }
        }
    }
}
