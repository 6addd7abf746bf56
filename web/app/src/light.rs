//! How bright each cell of the picture is for one token, and the pixels that show it.

use trace::HeatMap;

/// How the attention of a token is shown on the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// The picture dimmed, its own light restored where the model looks.
    #[default]
    Spotlight,
    /// A perceptually uniform scale over the picture.
    Heat,
    /// The raw grid of image tokens.
    Cells,
}

impl View {
    /// Every view with the word on its switch, in the order of the switches.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::Spotlight, "Spotlight"),
        (Self::Heat, "Heat"),
        (Self::Cells, "Cells"),
    ];
}

/// Below 1 the faint part of a map stays visible beside its peak.
const GAMMA: f32 = 0.7;

/// Light per cell, 0 to 1, of a map relative to `peak`, the largest probability it is compared with.
pub fn light_from_map(map: &HeatMap, peak: f32) -> Vec<f32> {
    map.levels(peak).map(|level| level.powf(GAMMA)).collect()
}

/// Light between two tokens, `progress` 0 to 1; a change of grid cuts.
pub fn light_between(from: &[f32], to: &[f32], progress: f32) -> Vec<f32> {
    if from.len() != to.len() {
        return to.to_vec();
    }
    let mix = |(from, to): (&f32, &f32)| from + (to - from) * progress;
    from.iter().zip(to).map(mix).collect()
}

/// One RGBA pixel per cell for `view`; the spotlight's colour comes from the picture, so only alpha counts.
pub fn pixels_from_light(light: &[f32], view: View) -> Vec<u8> {
    let pixel = |&light: &f32| match view {
        View::Spotlight => [0, 0, 0, byte(light)],
        View::Heat | View::Cells => {
            let [r, g, b] = inferno(light);
            [r, g, b, byte(0.35 + 0.6 * light)]
        }
    };
    light.iter().flat_map(pixel).collect()
}

/// Stops of matplotlib's `inferno` at 0, 1/4, 1/2, 3/4 and 1.
const INFERNO: [[u8; 3]; 5] = [
    [0, 0, 4],
    [87, 16, 110],
    [188, 55, 84],
    [249, 142, 9],
    [252, 255, 164],
];

/// The scale of `view` from none to the peak, as a CSS image.
pub fn scale_image(view: View) -> String {
    match view {
        View::Spotlight => "linear-gradient(to right, black, white)".to_owned(),
        View::Heat | View::Cells => {
            let stops = INFERNO.map(|[r, g, b]| format!("rgb({r} {g} {b})"));
            format!("linear-gradient(to right, {})", stops.join(", "))
        }
    }
}

fn inferno(light: f32) -> [u8; 3] {
    let position = light.clamp(0.0, 1.0) * (INFERNO.len() - 1) as f32;
    let stop = (position as usize).min(INFERNO.len() - 2);
    let mix = |channel: usize| {
        let (from, to) = (INFERNO[stop][channel], INFERNO[stop + 1][channel]);
        (f32::from(from) + (f32::from(to) - f32::from(from)) * (position - stop as f32)).round()
            as u8
    };
    [mix(0), mix(1), mix(2)]
}

fn byte(fraction: f32) -> u8 {
    (fraction.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(cells: &[f32]) -> HeatMap {
        HeatMap {
            n_rows: 1,
            n_cols: cells.len(),
            cells: cells.to_vec(),
        }
    }

    #[test]
    fn the_peak_is_full_light_and_nothing_is_none() {
        assert_eq!(light_from_map(&map(&[0.0, 0.2]), 0.2), [0.0, 1.0]);
    }

    #[test]
    fn a_token_that_looks_away_stays_dim_under_the_peak_of_the_run() {
        let light = light_from_map(&map(&[0.05]), 0.2);
        assert!((light[0] - 0.378_929).abs() < 1e-5, "{light:?}");
    }

    #[test]
    fn light_moves_from_one_map_to_the_next_and_cuts_to_another_grid() {
        assert_eq!(light_between(&[0.0, 1.0], &[1.0, 0.0], 0.25), [0.25, 0.75]);
        assert_eq!(light_between(&[0.0], &[1.0, 0.5], 0.25), [1.0, 0.5]);
    }

    #[test]
    fn the_scale_meets_its_stops() {
        assert_eq!(inferno(0.0), INFERNO[0]);
        assert_eq!(inferno(0.5), INFERNO[2]);
        assert_eq!(inferno(1.0), INFERNO[4]);
        assert_eq!(
            pixels_from_light(&[0.0, 1.0], View::Spotlight),
            [0, 0, 0, 0, 0, 0, 0, 255]
        );
    }
}
