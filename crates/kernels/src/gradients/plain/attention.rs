//! Attention over a dense mask of who sees whom, and its gradient.

use burn::tensor::{Bool, IndexingUpdateOp, Int, Tensor, activation::softmax};

use crate::gradients::attention::Shape;

/// Far below every score, and finite: a row that sees nothing must not become 0 / 0.
const HIDDEN: f32 = -1e30;

/// Row by key [n, n]: whether the row's spans contain the key.
fn visible(spans: &Tensor<2, Int>) -> Tensor<2, Bool> {
    let [n, _] = spans.dims();
    let keys = Tensor::<1, Int>::arange(0..n as i64, (&spans.device(), spans.dtype()));
    let keys = keys.unsqueeze::<2>().expand([n, n]);
    let word = |at: usize| spans.clone().narrow(1, at, 1).expand([n, n]);
    let in_range = |first: usize, end: usize| {
        let from_first = keys.clone().greater_equal(word(first));
        from_first.bool_and(keys.clone().lower(word(end)))
    };
    in_range(0, 1).bool_or(in_range(2, 3))
}

/// Keys [n, n_image] that the map of every row reads; up to `n_image` past the last row.
fn image_keys(spans: &Tensor<2, Int>, n_image: usize) -> Tensor<2, Int> {
    let [n, _] = spans.dims();
    let images = Tensor::<1, Int>::arange(0..n_image as i64, (&spans.device(), spans.dtype()));
    let first = spans.clone().narrow(1, 4, 1).expand([n, n_image]);
    first + images.unsqueeze::<2>().expand([n, n_image])
}

/// Columns of `n_heads` heads as [n_heads, n, head_dim].
fn heads_of(table: &Tensor<2>, first_head: usize, n_heads: usize, head_dim: usize) -> Tensor<3> {
    let n = table.dims()[0];
    let columns = table
        .clone()
        .narrow(1, first_head * head_dim, n_heads * head_dim);
    columns.reshape([n, n_heads, head_dim]).swap_dims(0, 1)
}

/// [n_heads, n, head_dim] side by side as [n, n_heads · head_dim].
fn side_by_side(heads: Tensor<3>) -> Tensor<2> {
    let [n_heads, n, head_dim] = heads.dims();
    heads.swap_dims(0, 1).reshape([n, n_heads * head_dim])
}

/// Queries, keys and values [n_heads, n, head_dim] (those of a group's key/value head repeated), and
/// probabilities [n_heads, n, n], 0 where the row does not see the key.
struct Parts {
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    p: Tensor<3>,
    scale: f32,
}

impl Parts {
    fn new(qkv: &Tensor<2>, spans: &Tensor<2, Int>, shape: Shape) -> Parts {
        let n = qkv.dims()[0];
        let heads = shape.heads;
        let group = heads.n_heads / heads.n_kv_heads;
        let repeated = |first_head: usize| {
            let heads_of_kv = heads_of(qkv, first_head, heads.n_kv_heads, heads.head_dim);
            let each = heads_of_kv.unsqueeze_dim::<4>(1).repeat_dim(1, group);
            each.reshape([heads.n_heads, n, heads.head_dim])
        };
        let q = heads_of(qkv, 0, heads.n_heads, heads.head_dim);
        let k = repeated(heads.n_heads);
        let v = repeated(heads.n_heads + heads.n_kv_heads);
        let scale = 1.0 / (heads.head_dim as f32).sqrt();
        let scores = q
            .clone()
            .matmul(k.clone().swap_dims(1, 2))
            .mul_scalar(scale);
        let hidden = visible(spans)
            .bool_not()
            .unsqueeze_dim::<3>(0)
            .expand([heads.n_heads, n, n]);
        let p = softmax(scores.mask_fill(hidden.clone(), HIDDEN), 2).mask_fill(hidden, 0.0);
        Parts { q, k, v, p, scale }
    }
}

/// p = softmax(scale · q·kᵀ) over the keys that the spans show, scale = 1 / sqrt(head_dim); y = p·v beside the
/// head mean of p on image keys. qkv [n, in_width], spans [n, 5] → [n, out_width]
pub fn attention(qkv: Tensor<2>, spans: Tensor<2, Int>, shape: Shape) -> Tensor<2> {
    let Parts { v, p, .. } = Parts::new(&qkv, &spans, shape);
    let n = qkv.dims()[0];
    let context = side_by_side(p.clone().matmul(v));
    if shape.n_image == 0 {
        return context;
    }
    let beyond = Tensor::zeros([n, shape.n_image], &qkv.device());
    let mean = Tensor::cat(vec![p.mean_dim(0).squeeze_dim(0), beyond], 1);
    let map = mean.gather(1, image_keys(&spans, shape.n_image));
    Tensor::cat(vec![context, map], 1)
}

/// dp = g·vᵀ plus the map's gradient, ds = p · (dp − Σ over keys of p·dp); dq = scale · ds·k, dk = scale · dsᵀ·q
/// and dv = pᵀ·g, the last two summed over the heads of a group → [n, in_width]
pub fn attention_backward(
    qkv: Tensor<2>,
    spans: Tensor<2, Int>,
    grad: Tensor<2>,
    shape: Shape,
) -> Tensor<2> {
    let Parts { q, k, v, p, scale } = Parts::new(&qkv, &spans, shape);
    let heads = shape.heads;
    let g = heads_of(&grad, 0, heads.n_heads, heads.head_dim);
    let mut dp = g.clone().matmul(v.swap_dims(1, 2));
    if shape.n_image > 0 {
        dp = dp + map_gradient(&spans, &grad, shape).unsqueeze_dim(0);
    }
    let along = (p.clone() * dp.clone()).sum_dim(2);
    let ds = p.clone() * (dp - along) * scale;
    let dq = ds.clone().matmul(k);
    let dk = summed(ds.swap_dims(1, 2).matmul(q), heads.n_kv_heads);
    let dv = summed(p.swap_dims(1, 2).matmul(g), heads.n_kv_heads);
    Tensor::cat([dq, dk, dv].map(side_by_side).to_vec(), 1)
}

/// Gradient [n, n] of every head's probabilities by the map.
fn map_gradient(spans: &Tensor<2, Int>, grad: &Tensor<2>, shape: Shape) -> Tensor<2> {
    let [n, _] = grad.dims();
    let g = grad
        .clone()
        .narrow(1, shape.heads.n_heads * shape.heads.head_dim, shape.n_image);
    let by_key = Tensor::zeros([n, n + shape.n_image], &grad.device());
    let keys = image_keys(spans, shape.n_image);
    let by_key = by_key
        .scatter(1, keys, g, IndexingUpdateOp::Add)
        .narrow(1, 0, n);
    by_key / shape.heads.n_heads as f32
}

/// Sums over the heads of each group → [n_kv_heads, n, head_dim]
fn summed(by_head: Tensor<3>, n_kv_heads: usize) -> Tensor<3> {
    let [n_heads, n, head_dim] = by_head.dims();
    let by_group = by_head.reshape([n_kv_heads, n_heads / n_kv_heads, n * head_dim]);
    by_group.sum_dim(1).reshape([n_kv_heads, n, head_dim])
}
