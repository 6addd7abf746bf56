//! A scene as pixels.

use crate::cell::SIDE_PX;
use crate::glyph::glyph;
use crate::object::Object;
use crate::scene::{Scene, Speck};

/// Samples along each side of a pixel.
const N_SUB: usize = 4;

/// Draws a scene: [`SIDE_PX`]² pixels, row by row, red, green, blue; smoothed by 4 × 4 samples per pixel.
pub fn render(scene: &Scene) -> Vec<u8> {
    let mut rgb = scene.background.repeat(SIDE_PX * SIDE_PX);
    for speck in &scene.clutter {
        let ink = scene
            .background
            .map(|level| level.saturating_sub(speck.darkness));
        paint(&mut rgb, &speck_pieces(speck), ink);
    }
    for object in &scene.objects {
        let ink = object
            .color
            .rgb()
            .map(|level| (f32::from(level) * object.shade + 0.5) as u8);
        paint(&mut rgb, &object_pieces(object), ink);
    }
    rgb
}

/// A convex part of what is drawn, in pixels.
enum Piece {
    Polygon(Vec<[f32; 2]>),
    Disc { center_px: [f32; 2], radius_px: f32 },
}

fn object_pieces(object: &Object) -> Vec<Piece> {
    let glyph = glyph(object.kind);
    let [x, y] = object.center_px;
    let placed = |points: &[[f32; 2]]| -> Vec<[f32; 2]> {
        points
            .iter()
            .map(|point| [x + point[0] * object.side_px, y + point[1] * object.side_px])
            .collect()
    };
    let mut pieces: Vec<Piece> = glyph
        .polygons
        .iter()
        .map(|corners| Piece::Polygon(placed(corners)))
        .collect();
    for line in glyph.strokes {
        push_stroke(&mut pieces, &placed(line), glyph.radius * object.side_px);
    }
    pieces
}

fn speck_pieces(speck: &Speck) -> Vec<Piece> {
    let mut pieces = Vec::new();
    push_stroke(
        &mut pieces,
        &[speck.from_px, speck.to_px],
        speck.width_px / 2.0,
    );
    pieces
}

/// Round joints and the straight runs between them.
fn push_stroke(pieces: &mut Vec<Piece>, points_px: &[[f32; 2]], radius_px: f32) {
    pieces.extend(points_px.iter().map(|&center_px| Piece::Disc {
        center_px,
        radius_px,
    }));
    for pair in points_px.windows(2) {
        let &[from, to] = pair else { continue };
        let run = [to[0] - from[0], to[1] - from[1]];
        let length = (run[0] * run[0] + run[1] * run[1]).sqrt();
        if length > 0.0 {
            let [dx, dy] = [-run[1] / length * radius_px, run[0] / length * radius_px];
            pieces.push(Piece::Polygon(vec![
                [from[0] + dx, from[1] + dy],
                [to[0] + dx, to[1] + dy],
                [to[0] - dx, to[1] - dy],
                [from[0] - dx, from[1] - dy],
            ]));
        }
    }
}

impl Piece {
    /// The upper left and the lower right corner of its box.
    fn bounds_px(&self) -> [f32; 4] {
        match self {
            Self::Disc {
                center_px: [x, y],
                radius_px: r,
            } => [x - r, y - r, x + r, y + r],
            Self::Polygon(corners) => corners.iter().fold(
                [
                    f32::INFINITY,
                    f32::INFINITY,
                    f32::NEG_INFINITY,
                    f32::NEG_INFINITY,
                ],
                |b, c| {
                    [
                        b[0].min(c[0]),
                        b[1].min(c[1]),
                        b[2].max(c[0]),
                        b[3].max(c[1]),
                    ]
                },
            ),
        }
    }

    /// Where the horizontal line at `y_px` enters and leaves it.
    fn span_px(&self, y_px: f32) -> Option<[f32; 2]> {
        match self {
            Self::Disc {
                center_px,
                radius_px,
            } => {
                let dy = y_px - center_px[1];
                let square = radius_px * radius_px - dy * dy;
                (square > 0.0).then(|| [center_px[0] - square.sqrt(), center_px[0] + square.sqrt()])
            }
            Self::Polygon(corners) => polygon_span_px(corners, y_px),
        }
    }
}

fn polygon_span_px(corners: &[[f32; 2]], y_px: f32) -> Option<[f32; 2]> {
    let mut span: Option<[f32; 2]> = None;
    let mut from = corners.last()?;
    for to in corners {
        if (from[1] <= y_px) != (to[1] <= y_px) {
            let x = from[0] + (to[0] - from[0]) * ((y_px - from[1]) / (to[1] - from[1]));
            span = Some(span.map_or([x, x], |[low, high]| [low.min(x), high.max(x)]));
        }
        from = to;
    }
    span
}

/// The pixels from `low_px` to `high_px` that lie in the picture.
fn pixels(low_px: f32, high_px: f32) -> std::ops::Range<usize> {
    let end = (high_px.ceil().max(0.0) as usize).min(SIDE_PX);
    (low_px.floor().max(0.0) as usize).min(end)..end
}

/// Lays the union of the pieces over the picture.
fn paint(rgb: &mut [u8], pieces: &[Piece], ink: [u8; 3]) {
    let boxed: Vec<([f32; 4], &Piece)> = pieces
        .iter()
        .map(|piece| (piece.bounds_px(), piece))
        .collect();
    let edge = |side: usize, better: fn(f32, f32) -> f32, start: f32| {
        boxed
            .iter()
            .map(|(bounds, _)| bounds[side])
            .fold(start, better)
    };
    let columns = pixels(
        edge(0, f32::min, f32::INFINITY),
        edge(2, f32::max, f32::NEG_INFINITY),
    );
    let rows = pixels(
        edge(1, f32::min, f32::INFINITY),
        edge(3, f32::max, f32::NEG_INFINITY),
    );
    let mut samples = vec![false; columns.len() * N_SUB];
    let mut coverage = vec![0u16; columns.len()];
    for row in rows {
        coverage.fill(0);
        for sub in 0..N_SUB {
            samples.fill(false);
            let y_px = row as f32 + (sub as f32 + 0.5) / N_SUB as f32;
            for (_, piece) in boxed.iter().filter(|(b, _)| b[1] <= y_px && y_px <= b[3]) {
                if let Some(span_px) = piece.span_px(y_px) {
                    mark(&mut samples, columns.start, span_px);
                }
            }
            for (covered, four) in coverage.iter_mut().zip(samples.chunks_exact(N_SUB)) {
                *covered += four.iter().map(|&hit| u16::from(hit)).sum::<u16>();
            }
        }
        let at = (row * SIDE_PX + columns.start) * 3;
        blend(&mut rgb[at..at + columns.len() * 3], &coverage, ink);
    }
}

/// Marks the samples of one line whose middle lies in the span.
fn mark(samples: &mut [bool], first_px: usize, span_px: [f32; 2]) {
    let index = |x_px: f32| (x_px - first_px as f32) * N_SUB as f32 - 0.5;
    let end = ((index(span_px[1]).floor() + 1.0).max(0.0) as usize).min(samples.len());
    let start = (index(span_px[0]).ceil().max(0.0) as usize).min(end);
    samples[start..end].fill(true);
}

/// Mixes the ink into pixels by their covered samples, 0 to 16, rounded to the nearest level.
fn blend(pixels_rgb: &mut [u8], coverage: &[u16], ink: [u8; 3]) {
    const FULL: u16 = (N_SUB * N_SUB) as u16;
    for (pixel, &covered) in pixels_rgb.chunks_exact_mut(3).zip(coverage) {
        for (level, ink) in pixel.iter_mut().zip(ink) {
            let mixed = u16::from(*level) * (FULL - covered) + u16::from(ink) * covered;
            *level = ((mixed + FULL / 2) / FULL) as u8;
        }
    }
}
