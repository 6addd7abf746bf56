//! Forward passes in f64, written from the definitions, and central differences of what is built on them.

use kernels::{Heads, IMAGE_ROW, RopeHeads};

/// Step of the differences: their error is of the order of its square.
const STEP: f64 = 1e-5;

/// Slope of `loss` in `values[index]`.
pub fn slope(values: &mut [f64], index: usize, mut loss: impl FnMut(&[f64]) -> f64) -> f64 {
    let at = values[index];
    values[index] = at + STEP;
    let above = loss(values);
    values[index] = at - STEP;
    let below = loss(values);
    values[index] = at;
    (above - below) / (2.0 * STEP)
}

/// Σ a·b
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// x [n, k], w [m, k], bias [m] → [n, m]
pub fn linear(x: &[f64], w: &[f64], bias: Option<&[f64]>, k: usize) -> Vec<f64> {
    let mut y = Vec::new();
    for x in x.chunks_exact(k) {
        for (row, w) in w.chunks_exact(k).enumerate() {
            y.push(dot(x, w) + bias.map_or(0.0, |bias| bias[row]));
        }
    }
    y
}

/// Tables of `widths` columns, side by side.
pub fn side_by_side(tables: &[Vec<f64>], widths: &[usize]) -> Vec<f64> {
    let n = tables[0].len() / widths[0];
    let row = |row: usize| {
        let parts = tables.iter().zip(widths);
        parts.flat_map(move |(table, width)| table[row * width..][..*width].to_vec())
    };
    (0..n).flat_map(row).collect()
}

/// Element by element.
pub fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// weight · x / sqrt(mean(x²) + eps)
pub fn norm(x: &[f64], weight: &[f64], eps: f64) -> Vec<f64> {
    let mut y = Vec::new();
    for x in x.chunks_exact(weight.len()) {
        let root = (dot(x, x) / weight.len() as f64 + eps).sqrt();
        y.extend(x.iter().zip(weight).map(|(x, w)| w * x / root));
    }
    y
}

/// Halves of the first heads turned by angles given by their cosines and sines [n, head_dim / 2].
pub fn rope(qkv: &[f64], cosines: &[f64], sines: &[f64], heads: RopeHeads) -> Vec<f64> {
    let (d, half) = (heads.head_dim, heads.head_dim / 2);
    let mut turned = qkv.to_vec();
    for at in 0..qkv.len() {
        let (row, column) = (at / (heads.n_heads * d), at % (heads.n_heads * d));
        let (head, i) = (column / d, column % d);
        if head >= heads.n_rotated {
            continue;
        }
        let (cos, sin) = (cosines[row * half + i % half], sines[row * half + i % half]);
        turned[at] = if i < half {
            qkv[at] * cos - qkv[at + half] * sin
        } else {
            qkv[at] * cos + qkv[at - half] * sin
        };
    }
    turned
}

/// Whether a row with these five span words sees `key`.
fn sees(span: &[u32], key: u32) -> bool {
    (span[0] <= key && key < span[1]) || (span[2] <= key && key < span[3])
}

/// Context beside the head mean of the probabilities on `n_image` keys → [n, n_heads · head_dim + n_image]
pub fn attention(qkv: &[f64], spans: &[u32], heads: Heads, n_image: usize) -> Vec<f64> {
    let d = heads.head_dim;
    let width = (heads.n_heads + 2 * heads.n_kv_heads) * d;
    let part = |row: usize, head: usize| &qkv[row * width + head * d..][..d];
    let mut out = Vec::new();
    for (row, span) in spans.chunks_exact(5).enumerate() {
        let keys: Vec<usize> = (0..qkv.len() / width)
            .filter(|&key| sees(span, key as u32))
            .collect();
        let (mut context, mut map) = (Vec::new(), vec![0.0; n_image]);
        for head in 0..heads.n_heads {
            let kv_head = head / (heads.n_heads / heads.n_kv_heads);
            let score = |key: usize| {
                dot(part(row, head), part(key, heads.n_heads + kv_head)) / (d as f64).sqrt()
            };
            let weights: Vec<f64> = keys.iter().map(|&key| score(key).exp()).collect();
            let total: f64 = weights.iter().sum();
            let mut mixed = vec![0.0; d];
            for (&key, weight) in keys.iter().zip(&weights) {
                let value = part(key, heads.n_heads + heads.n_kv_heads + kv_head);
                mixed
                    .iter_mut()
                    .zip(value)
                    .for_each(|(m, v)| *m += weight / total * v);
                if let Some(place) = map.get_mut(key.wrapping_sub(span[4] as usize)) {
                    *place += weight / total / heads.n_heads as f64;
                }
            }
            context.extend(mixed);
        }
        out.extend(context);
        out.extend(map);
    }
    out
}

/// silu(gate) · up: x [n, 2 · width] → [n, width]
pub fn swiglu(x: &[f64], width: usize) -> Vec<f64> {
    let rows = x.chunks_exact(2 * width).map(|row| row.split_at(width));
    let value = |(gate, up): (&f64, &f64)| gate / (1.0 + (-gate).exp()) * up;
    rows.flat_map(|(gate, up)| gate.iter().zip(up).map(value))
        .collect()
}

/// erf by its Taylor series, for |x| < 5.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

/// x · Φ(x)
pub fn gelu(x: &[f64]) -> Vec<f64> {
    let root = std::f64::consts::SQRT_2;
    x.iter().map(|x| x * 0.5 * (1.0 + erf(x / root))).collect()
}

/// Rows of the table and of the image.
pub fn embedding(source: &[u32], table: &[f64], image: &[f64], width: usize) -> Vec<f64> {
    let row = |&source: &u32| match source.checked_sub(IMAGE_ROW) {
        Some(row) => &image[row as usize * width..][..width],
        None => &table[source as usize * width..][..width],
    };
    source.iter().flat_map(row).copied().collect()
}

/// −log softmax(logits)[target] per row.
pub fn cross_entropy(logits: &[f64], targets: &[u32]) -> Vec<f64> {
    let rows = logits
        .chunks_exact(logits.len() / targets.len())
        .zip(targets);
    rows.map(|(logits, target)| {
        let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
        total.ln() - logits[*target as usize]
    })
    .collect()
}

/// The definitions at points whose values are in every table.
#[test]
fn known_values() {
    assert!((gelu(&[1.0])[0] - 0.841_344_746_068_542_9).abs() < 1e-12);
    assert!((gelu(&[-3.0])[0] + 0.004_049_694_095_5).abs() < 1e-12);
    assert!((swiglu(&[1.0, 2.0], 1)[0] - 1.462_117_157_260_01).abs() < 1e-12);
    assert!((cross_entropy(&[0.0, 0.0], &[1])[0] - std::f64::consts::LN_2).abs() < 1e-12);
    assert_eq!(
        norm(&[3.0, 4.0], &[1.0, 10.0], 0.0)[1],
        40.0 / 12.5f64.sqrt()
    );
}
