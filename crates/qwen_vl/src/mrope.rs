//! M-RoPE: positions on three axes (temporal, height, width) and the rotary tables made from them.

use std::ops::Range;

use crate::config::Config;
use crate::grid::Grid;

/// Why a token sequence has no positions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MropeError {
    /// The runs of image tokens do not fit the grids.
    #[error(
        "image {image} of the prompt should have {expected} image tokens but {got} follow each other; \
         expand each image placeholder by the grid of its image"
    )]
    ImageTokens {
        /// Number of the image in the prompt, from 0.
        image: usize,
        /// Tokens by its grid; 0 if there is no such image.
        expected: usize,
        /// Tokens in the sequence.
        got: usize,
    },
    /// The sequence contains video tokens.
    #[error("the prompt contains video tokens, but only images are supported; remove the video")]
    Video,
}

/// Rotary positions of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positions {
    /// For each of the axes temporal, height, width: one position per token.
    pub axes: [Vec<u32>; 3],
    /// Largest position + 1 − number of tokens; zero or negative.
    pub rope_delta: i64,
}

impl Positions {
    /// Positions of a prompt whose image tokens are expanded; `grids` in the order of the images in the prompt.
    ///
    /// Text has one number on all axes. An image starting at s has s on the temporal axis, s + token row and
    /// s + token column on the others, and the next text token has s + max(token rows, token columns).
    ///
    /// # Errors
    /// [`MropeError`] if the image tokens do not fit the grids, or for video tokens.
    pub fn of_prompt(
        input_ids: &[u32],
        grids: &[Grid],
        config: &Config,
    ) -> Result<Self, MropeError> {
        if input_ids.contains(&config.video_token_id) {
            return Err(MropeError::Video);
        }
        let mut axes: [Vec<u32>; 3] = Default::default();
        let [mut next, mut image, mut at_token] = [0, 0, 0];
        while at_token < input_ids.len() {
            let rest = &input_ids[at_token..];
            if rest[0] != config.image_token_id {
                axes.iter_mut().for_each(|axis| axis.push(next as u32));
                [next, at_token] = [next + 1, at_token + 1];
                continue;
            }
            let expected = grids.get(image).map_or(0, Grid::n_image_token);
            let run = rest
                .iter()
                .take_while(|id| **id == config.image_token_id)
                .count();
            let grid = grids.get(image).filter(|_| run >= expected);
            let grid = grid.ok_or(MropeError::ImageTokens {
                image,
                expected,
                got: run,
            })?;
            push_image(&mut axes, grid, next);
            next += grid.rows_token().max(grid.cols_token());
            [image, at_token] = [image + 1, at_token + expected];
        }
        if let Some(grid) = grids.get(image) {
            return Err(MropeError::ImageTokens {
                image,
                expected: grid.n_image_token(),
                got: 0,
            });
        }
        Ok(Self {
            axes,
            rope_delta: next as i64 - input_ids.len() as i64,
        })
    }

    /// Tokens.
    pub fn n_token(&self) -> usize {
        self.axes[0].len()
    }

    /// The position, equal on all axes, at which generated token `step` (from 0) is fed back. Its cache slot is
    /// `n_token() + step`, another number as soon as the prompt has an image.
    pub fn of_generated(&self, step: usize) -> u32 {
        (self.n_token() as i64 + step as i64 + self.rope_delta).max(0) as u32
    }

    /// `[temporal, height, width]` of prompt token `token`.
    fn of_token(&self, token: usize) -> [u32; 3] {
        [
            self.axes[0][token],
            self.axes[1][token],
            self.axes[2][token],
        ]
    }

    /// Rotary table `[n_token, head_dim / 2]` of the prompt.
    pub fn rotary_table(&self, config: &Config) -> RotaryTable {
        self.rotary_rows(0..self.n_token(), config)
    }

    /// The same for some tokens of the prompt.
    pub fn rotary_rows(&self, tokens: Range<usize>, config: &Config) -> RotaryTable {
        RotaryTable::of_text(tokens.map(|token| self.of_token(token)), config)
    }

    /// Rotary table `[n_step, head_dim / 2]` of the first `n_step` generated tokens.
    pub fn generated_rotary_table(&self, n_step: usize, config: &Config) -> RotaryTable {
        RotaryTable::of_text((0..n_step).map(|step| [self.of_generated(step); 3]), config)
    }
}

fn push_image(axes: &mut [Vec<u32>; 3], grid: &Grid, start: usize) {
    for row in 0..grid.rows_token() {
        for col in 0..grid.cols_token() {
            axes[0].push(start as u32);
            axes[1].push((start + row) as u32);
            axes[2].push((start + col) as u32);
        }
    }
}

/// Cosines and sines of rotary angles, each row-major `[n_row, n_angle]`, computed in f64.
///
/// Angle j turns elements j and j + `n_angle` of a head (rotate-half, not neighbouring pairs).
#[derive(Clone, Debug, PartialEq)]
pub struct RotaryTable {
    /// Cosines.
    pub cos: Vec<f32>,
    /// Sines.
    pub sin: Vec<f32>,
    /// Angles in a row: half the head width.
    pub n_angle: usize,
}

impl RotaryTable {
    /// Table of the language model for the given `[temporal, height, width]` positions.
    pub fn of_text(positions: impl Iterator<Item = [u32; 3]>, config: &Config) -> Self {
        let inv_freq = inverse_frequencies(config.head_dim / 2, config.rope_theta);
        let axis_runs = config.mrope_section.iter().enumerate();
        let axes: Vec<usize> = axis_runs
            .flat_map(|(axis, n_angle)| vec![axis; *n_angle])
            .collect();
        let mut table = Self::with_width(config.head_dim / 2);
        for position in positions {
            let angles = inv_freq.iter().zip(&axes);
            table.push_row(angles.map(|(freq, axis)| f64::from(position[*axis]) * freq));
        }
        table
    }

    pub(crate) fn with_width(n_angle: usize) -> Self {
        Self {
            cos: Vec::new(),
            sin: Vec::new(),
            n_angle,
        }
    }

    pub(crate) fn push_row(&mut self, angles: impl Iterator<Item = f64>) {
        for angle in angles {
            let (sin, cos) = angle.sin_cos();
            self.cos.push(cos as f32);
            self.sin.push(sin as f32);
        }
    }
}

/// theta^(−k / n) for k = 0 … n − 1, rounded to f32 as the library keeps them.
pub(crate) fn inverse_frequencies(n: usize, theta: f64) -> Vec<f64> {
    let power = |k: usize| 1.0 / theta.powf(k as f64 / n as f64);
    (0..n).map(|k| f64::from(power(k) as f32)).collect()
}

#[cfg(test)]
mod tests;
