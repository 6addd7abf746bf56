//! From the bytes of a picture file to the rows of `pixel_values`.

mod jpeg;
mod patches;
mod picture;
mod resize;
mod smart_resize;

pub use patches::PatchedImage;
pub use picture::Picture;
pub use smart_resize::smart_resize;

/// Why a picture cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Nothing to decode.
    #[error("the image file is empty; choose a PNG, JPEG or WebP image")]
    Empty,
    /// The content is no known picture format.
    #[error("the file is not a PNG, JPEG or WebP image; choose an image of one of these formats")]
    UnknownFormat,
    /// The file ends early.
    #[error("the {format} image ends before its last pixel; get the complete file and try again")]
    Truncated {
        /// PNG, JPEG or WebP.
        format: &'static str,
    },
    /// The decoder refused the content.
    #[error(
        "the {format} image cannot be decoded ({reason}); save it again with another program and try that file"
    )]
    Broken {
        /// PNG, JPEG or WebP.
        format: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// More pixels than can be decoded in a browser tab.
    #[error(
        "the image has {width_px} x {height_px} pixels, more than the {} megapixels that can be decoded; \
         scale it down and try again",
        Picture::N_MAX_PIXELS / 1_000_000
    )]
    TooLarge {
        /// Width in the file's header.
        width_px: usize,
        /// Height in the file's header.
        height_px: usize,
    },
    /// A side of zero pixels, or a pixel buffer of another length.
    #[error("a picture of {width_px} x {height_px} pixels needs {} bytes of RGB but has {got}; pass whole pixels",
        width_px.saturating_mul(*height_px).saturating_mul(3))]
    WrongLength {
        /// Width in pixels.
        width_px: usize,
        /// Height in pixels.
        height_px: usize,
        /// Bytes.
        got: usize,
    },
    /// Longer side more than 200 times the shorter.
    #[error(
        "the image has {width_px} x {height_px} pixels, but its longer side may be at most 200 times the shorter; \
         crop it and try again"
    )]
    AspectRatio {
        /// Width in pixels.
        width_px: usize,
        /// Height in pixels.
        height_px: usize,
    },
    /// The resized image does not divide into image tokens.
    #[error(transparent)]
    Grid(#[from] crate::grid::GridError),
    /// The limits of the configuration lead to an image that is too large.
    #[error(
        "the image would be resized to {width_px} x {height_px} pixels, more than {n_max_pixels}; lower min_pixels"
    )]
    ResizedTooLarge {
        /// Width in pixels.
        width_px: usize,
        /// Height in pixels.
        height_px: usize,
        /// Greatest accepted area.
        n_max_pixels: usize,
    },
}

#[cfg(test)]
mod tests;
