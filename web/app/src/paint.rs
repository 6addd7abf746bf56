//! Drawing the picture and its light on canvases.

use wasm_bindgen::{Clamped, JsCast};
use web_sys::{
    CanvasRenderingContext2d, HtmlCanvasElement, ImageBitmap, ImageData, OffscreenCanvas,
    OffscreenCanvasRenderingContext2d,
};

use crate::gaze::Light;
use crate::light::{View, pixels_from_light};

/// Where a picture lies in its stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width of the picture on the stage.
    pub width: f64,
    /// Height of the picture on the stage.
    pub height: f64,
}

/// The largest centred place for a picture on a stage, both (width, height); the unit is the stage's.
pub fn fit(stage: (f64, f64), picture: (f64, f64)) -> Fit {
    let scale = (stage.0 / picture.0.max(1.0)).min(stage.1 / picture.1.max(1.0));
    let (width, height) = (picture.0 * scale, picture.1 * scale);
    Fit {
        x: (stage.0 - width) / 2.0,
        y: (stage.1 - height) / 2.0,
        width,
        height,
    }
}

/// Draws on one canvas; what the browser refuses to draw stays empty.
pub struct Painter {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    /// One pixel per cell.
    cells: OffscreenCanvas,
    cells_context: OffscreenCanvasRenderingContext2d,
}

impl Painter {
    /// A painter for `canvas`; `None` where the browser gives no context.
    pub fn new(canvas: &HtmlCanvasElement) -> Option<Self> {
        let cells = OffscreenCanvas::new(1, 1).ok()?;
        Some(Self {
            canvas: canvas.clone(),
            context: canvas.get_context("2d").ok()??.dyn_into().ok()?,
            cells_context: cells.get_context("2d").ok()??.dyn_into().ok()?,
            cells,
        })
    }

    /// Empties the canvas and gives it a size in device pixels.
    pub fn clear(&self, (width_px, height_px): (u32, u32)) {
        if (self.canvas.width(), self.canvas.height()) == (width_px, height_px) {
            self.context
                .clear_rect(0.0, 0.0, width_px.into(), height_px.into());
        } else {
            self.canvas.set_width(width_px);
            self.canvas.set_height(height_px);
        }
    }

    /// The picture, in its own colours.
    pub fn picture(&self, picture: &ImageBitmap) {
        self.context.set_image_smoothing_enabled(true);
        self.place(picture);
    }

    /// Light on a picture: the picture shining through, a heat map, or the grid. Without a picture the cells
    /// are squares, and only heat can be shown.
    pub fn light(&self, picture: Option<&ImageBitmap>, light: &Light, view: View) {
        let view = match picture {
            None if view == View::Spotlight => View::Heat,
            _ => view,
        };
        let Light { cells, rows, cols } = light;
        if !self.put_cells(cells, *cols, *rows, view) {
            return;
        }
        let size = picture.map_or((*cols, *rows), |picture| {
            (picture.width(), picture.height())
        });
        let at = self.fit(size);
        self.context
            .set_image_smoothing_enabled(view != View::Cells);
        // Refused only for a detached bitmap.
        let _ = self.context.draw_image_with_offscreen_canvas_and_dw_and_dh(
            &self.cells,
            at.x,
            at.y,
            at.width,
            at.height,
        );
        match (view, picture) {
            (View::Spotlight, Some(picture)) => {
                self.composite("source-in");
                self.place(picture);
                self.composite("source-over");
            }
            (View::Cells, _) => self.grid(at, *cols, *rows),
            _ => {}
        }
    }

    fn grid(&self, at: Fit, cols: u32, rows: u32) {
        self.context.begin_path();
        for col in 0..=cols {
            let x = at.x + at.width * f64::from(col) / f64::from(cols);
            self.context.move_to(x, at.y);
            self.context.line_to(x, at.y + at.height);
        }
        for row in 0..=rows {
            let y = at.y + at.height * f64::from(row) / f64::from(rows);
            self.context.move_to(at.x, y);
            self.context.line_to(at.x + at.width, y);
        }
        self.context.set_stroke_style_str("rgb(255 255 255 / 30%)");
        self.context.stroke();
    }

    fn place(&self, picture: &ImageBitmap) {
        let at = self.fit((picture.width(), picture.height()));
        // Refused only for a detached bitmap.
        let _ = self
            .context
            .draw_image_with_image_bitmap_and_dw_and_dh(picture, at.x, at.y, at.width, at.height);
    }

    fn composite(&self, operation: &str) {
        // Fails for unknown operations only.
        let _ = self.context.set_global_composite_operation(operation);
    }

    /// Place of a picture of `(width, height)`, in any unit.
    fn fit(&self, (width, height): (u32, u32)) -> Fit {
        let stage = (self.canvas.width().into(), self.canvas.height().into());
        fit(stage, (width.into(), height.into()))
    }

    /// Puts one pixel per cell on the small canvas; false when the light does not fill the grid.
    fn put_cells(&self, light: &[f32], cols: u32, rows: u32, view: View) -> bool {
        if light.is_empty() || light.len() != cols as usize * rows as usize {
            return false;
        }
        let pixels = pixels_from_light(light, view);
        self.cells.set_width(cols);
        self.cells.set_height(rows);
        let image = ImageData::new_with_u8_clamped_array(Clamped(&pixels), cols);
        image.is_ok_and(|image| self.cells_context.put_image_data(&image, 0.0, 0.0).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_picture_is_centred_between_bands_above_and_below() {
        let at = fit((400.0, 300.0), (200.0, 50.0));
        assert_eq!(
            at,
            Fit {
                x: 0.0,
                y: 100.0,
                width: 400.0,
                height: 100.0
            }
        );
    }

    #[test]
    fn a_tall_picture_is_centred_between_bands_at_the_sides() {
        let at = fit((400.0, 300.0), (100.0, 300.0));
        assert_eq!(
            at,
            Fit {
                x: 150.0,
                y: 0.0,
                width: 100.0,
                height: 300.0
            }
        );
    }
}
