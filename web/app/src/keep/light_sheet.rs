//! The light of a word, or of a stretch of words, on the picture as an SVG file.

use std::fmt::Write;

use trace::{HeatMap, ImageFile, Trace};

use crate::gaze::full_light;
use crate::keep::svg::{clipped, file, model_words, text};
use crate::light::{View, pixels_from_light};
use crate::paint::fit;
use crate::span::{Span, place_words};

/// Width and height of the file.
pub const SHEET_PX: (u32, u32) = (720, 720);
/// Place for the picture: left, upper, width, height.
const PLACE_PX: [f64; 4] = [24.0, 92.0, 672.0, 528.0];
/// Stops of the scale in the legend.
const STOPS: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// Picture, cells, scale, words, question and model; `None` where the words have no map. The scale is linear
/// and ends where [`full_light`] says.
pub fn light_svg(
    trace: &Trace,
    span: Span,
    image: usize,
    per_token: bool,
    picture: Option<&ImageFile>,
) -> Option<String> {
    let map = span.map(trace, image)?;
    let image = trace.prompt.images.get(image)?;
    let peak = full_light(trace, span, &map, per_token);
    let size_px = match (image.width_px, image.height_px) {
        (0, _) | (_, 0) => (f64::from(image.cols), f64::from(image.rows)),
        (width_px, height_px) => (f64::from(width_px), f64::from(height_px)),
    };
    let mut content = heading(trace, span, &map);
    content.push_str(&sheet(&map, peak, size_px, picture));
    content.push_str(&legend(peak));
    let source = format!(
        "{} · mean over heads, then layers · Lookback",
        model_words(&trace.model)
    );
    content.push_str(&text(24.0, 700.0, 12, "fill=\"#5b5850\"", &source));
    Some(file(SHEET_PX, &trace.prompt.question, &content))
}

fn heading(trace: &Trace, span: Span, map: &HeatMap) -> String {
    let what = match span.tokens(trace) {
        [token] => format!(
            "Token {}, “{}”",
            span.end,
            clipped(&token.text.replace('\n', "⏎"), 24)
        ),
        _ => format!("Mean of {}", span.words()),
    };
    let share = span.shares(trace).map_or(0.0, |shares| shares.image);
    let mut looks = format!(
        "{what}: {:.0} % of the attention is on the picture",
        share * 100.0
    );
    let place = place_words(Some(map));
    if !place.is_empty() {
        looks.push_str(", ");
        looks.push_str(&place);
    }
    let question = clipped(&trace.prompt.question, 62);
    text(24.0, 38.0, 20, "font-weight=\"600\"", &question) + &text(24.0, 64.0, 13, "", &looks)
}

/// The picture in grey with the cells on it, as large as its place allows.
fn sheet(map: &HeatMap, peak: f32, size_px: (f64, f64), picture: Option<&ImageFile>) -> String {
    let [left, upper, width, height] = PLACE_PX;
    let at = fit((width, height), size_px);
    let (x, y) = (left + at.x, upper + at.y);
    let mut sheet = match picture {
        Some(picture) => format!(
            "<filter id=\"grey\"><feColorMatrix type=\"saturate\" values=\"0\"/></filter>\n<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" preserveAspectRatio=\"none\" filter=\"url(#grey)\" href=\"data:{};base64,{}\"/>\n",
            at.width,
            at.height,
            media_type(&picture.bytes),
            trace::base64(&picture.bytes)
        ),
        None => format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#cfc9bb\"/>\n",
            at.width, at.height
        ),
    };
    let levels: Vec<f32> = map.levels(peak).collect();
    let pixels = pixels_from_light(&levels, View::Cells);
    let (cell_width, cell_height) = (at.width / map.n_cols as f64, at.height / map.n_rows as f64);
    for (cell, pixel) in pixels.chunks_exact(4).enumerate() {
        let (row, col) = (cell / map.n_cols, cell % map.n_cols);
        // Writing to a String cannot fail.
        let _ = writeln!(
            sheet,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{cell_width:.2}\" height=\"{cell_height:.2}\" {}/>",
            x + cell_width * col as f64,
            y + cell_height * row as f64,
            paint(pixel)
        );
    }
    sheet
}

/// Fill and opacity of an RGBA pixel.
fn paint(pixel: &[u8]) -> String {
    match pixel {
        [r, g, b, a] => format!(
            "fill=\"#{r:02x}{g:02x}{b:02x}\" fill-opacity=\"{:.2}\"",
            f32::from(*a) / 255.0
        ),
        _ => String::new(),
    }
}

fn legend(peak: f32) -> String {
    let pixels = pixels_from_light(&STOPS, View::Cells);
    let mut legend = "<linearGradient id=\"scale\">".to_owned();
    for (stop, pixel) in STOPS.iter().zip(pixels.chunks_exact(4)) {
        if let [r, g, b, a] = pixel {
            let opacity = f32::from(*a) / 255.0;
            let _ = write!(
                legend,
                "<stop offset=\"{stop:.2}\" stop-color=\"#{r:02x}{g:02x}{b:02x}\" stop-opacity=\"{opacity:.2}\"/>"
            );
        }
    }
    legend.push_str("</linearGradient>\n<rect x=\"60\" y=\"644\" width=\"240\" height=\"12\" fill=\"#cfc9bb\"/>\n<rect x=\"60\" y=\"644\" width=\"240\" height=\"12\" fill=\"url(#scale)\"/>\n");
    legend.push_str(&text(24.0, 655.0, 13, "", "0 %"));
    let most = format!("{:.2} % of all attention per cell", peak * 100.0);
    legend + &text(312.0, 655.0, 13, "", &most)
}

/// By what a file begins with; the page takes these three as they are.
fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, ..] => "image/jpeg",
        _ => "image/webp",
    }
}

#[cfg(test)]
mod tests {
    use trace::{Event, ModelInfo, Prompt, PromptImage, Token};

    use super::*;

    fn looked(name: &str) -> Trace {
        let mut trace = Trace::new(ModelInfo {
            name: name.to_owned(),
            ..ModelInfo::default()
        });
        let image = PromptImage {
            rows: 1,
            cols: 2,
            width_px: 56,
            height_px: 28,
            ..PromptImage::default()
        };
        trace.apply(&Event::Prompt(Prompt {
            images: vec![image],
            ..Prompt::default()
        }));
        for map_max in [0.5, 0.125] {
            trace.apply(&Event::Token(Token {
                map: vec![0, 255],
                map_max,
                ..Token::default()
            }));
        }
        trace
    }

    #[test]
    fn the_brightest_cell_of_the_run_has_the_end_of_the_scale() {
        let svg = light_svg(&looked("m"), Span::of_token(0), 0, false, None).unwrap_or_default();
        assert!(
            svg.contains(
                "x=\"360.0\" y=\"188.0\" width=\"336.00\" height=\"336.00\" fill=\"#fcffa4\""
            ),
            "{svg}"
        );
        let dim = light_svg(&looked("m"), Span::of_token(1), 0, false, None).unwrap_or_default();
        assert!(
            !dim.contains("fill=\"#fcffa4\"") && dim.contains("50.00 % of all"),
            "{dim}"
        );
        let alone = light_svg(&looked("m"), Span::of_token(1), 0, true, None).unwrap_or_default();
        assert!(
            alone.contains("fill=\"#fcffa4\"") && alone.contains("12.50 % of all"),
            "{alone}"
        );
    }

    #[test]
    fn a_word_without_a_map_has_no_sheet() {
        assert_eq!(
            light_svg(&looked("m"), Span::of_token(2), 0, false, None),
            None
        );
        assert_eq!(
            light_svg(
                &Trace::new(ModelInfo::default()),
                Span::of_token(0),
                0,
                false,
                None
            ),
            None
        );
    }

    #[test]
    fn names_are_text() {
        let svg =
            light_svg(&looked("<script>"), Span::of_token(0), 0, false, None).unwrap_or_default();
        assert!(!svg.contains("<script>"), "{svg}");
    }
}
